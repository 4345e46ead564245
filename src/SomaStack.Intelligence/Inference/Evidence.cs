using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>
/// A passage that an answer may rest on. Composers render it into the prompt as marked, untrusted text; the built-in extractive
/// responder reads it from <see cref="Key"/> in <see cref="ChatOptions.AdditionalProperties"/>.
/// </summary>
public sealed record Evidence(string Id, string Text, double Score, string? Source, int? Line)
{
    /// <summary>The key under which an <c>IReadOnlyList&lt;Evidence&gt;</c> travels.</summary>
    public const string Key = "somastack.evidence";
}

/// <summary>What the answer quotes; attached by <c>soma-extract</c> to its last update under <see cref="Key"/>.</summary>
public sealed record Quotation(string EvidenceId, string Quote, string? Source, int? Line)
{
    public const string Key = "somastack.quotations";
}

/// <summary>Port: where the extractive responder finds evidence when a caller of the OpenAI surface brought none. Memory implements it.</summary>
public interface IEvidenceSource
{
    Task<IReadOnlyList<Evidence>> FindAsync(RequestContext context, string question, int limit, CancellationToken cancellationToken);
}

/// <summary>The embedder behind recall: 512 dimensions, unit length. The built-in one is Universal Sentence Encoder Lite.</summary>
public interface ITextEmbedder
{
    /// <summary>Name and version, kept beside every vector so that vectors of different models are never compared.</summary>
    string Model { get; }

    int Dimensions { get; }

    /// <summary>Null while its weights are absent; <see cref="Unavailability"/> says why.</summary>
    float[]? Embed(string text);

    /// <summary>Why there are no embeddings, or null.</summary>
    string? Unavailability { get; }
}
