using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Asks a server that speaks OpenAI's embeddings for vectors.</summary>
internal sealed class OpenAiEmbeddings(ProviderList providers, TimeProvider clock)
{
    private const int AnswerBytesMax = 64 << 20;
    private const string Path = "embeddings";

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <returns>One vector for each text, in their order.</returns>
    /// <exception cref="Problem">Refused, or the answer is not what was asked for.</exception>
    public async Task<(List<float[]> Vectors, TokenUsage Usage)> EmbedAsync(KnownModel model, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var provider = providers.Of(model)!;
        var body = JsonSerializer.SerializeToUtf8Bytes(new EmbeddingsQuestion(model.Id, texts, "float"), InferenceJson.Default.EmbeddingsQuestion);
        using var request = provider.Request(HttpMethod.Post, Path, new ByteArrayContent(body) { Headers = { ContentType = Json } });
        try
        {
            using var response = await provider.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.Content.Headers.ContentLength > AnswerBytesMax) throw InferenceProblems.Garbled.Because("Its answer is too long.");
            await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken);
            var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.IsSuccessStatusCode) return (Read(answer, texts.Count), new EmbeddingsWire().ReadWhole(answer).Usage ?? new TokenUsage(null, null));
            throw ProviderFailures.Refusal(response, answer, clock);
        }
        catch (Exception exception) when (ProviderFailures.Explain(exception, clock, cancellationToken) is { } problem)
        {
            throw problem;
        }
    }

    /// <exception cref="Problem">It is not that many vectors.</exception>
    internal static List<float[]> Read(byte[] answer, int count)
    {
        using var document = JsonDocument.Parse(answer);
        var vectors = new float[count][];
        foreach (var item in document.RootElement.GetProperty("data").EnumerateArray())
        {
            var index = item.GetProperty("index").GetInt32();
            if (index < 0 || index >= count || vectors[index] is not null) throw InferenceProblems.Garbled.Because("Its vectors are not those that were asked for.");
            vectors[index] = Vector(item.GetProperty("embedding"));
        }
        return Array.TrueForAll(vectors, static vector => vector is { Length: > 0 }) ? [.. vectors] : throw InferenceProblems.Garbled.Because("Its answer has fewer vectors than texts were sent.");
    }

    /// <summary>A list of numbers, or base64 of little-endian 32-bit floats, which some servers send whatever they are asked for.</summary>
    private static float[] Vector(JsonElement embedding)
    {
        if (embedding.ValueKind != JsonValueKind.String) return [.. embedding.EnumerateArray().Select(static number => number.GetSingle())];
        var bytes = embedding.GetBytesFromBase64();
        var vector = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < vector.Length; i++) vector[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        return vector;
    }
}

internal sealed record EmbeddingsQuestion(string Model, IReadOnlyList<string> Input, string EncodingFormat);
