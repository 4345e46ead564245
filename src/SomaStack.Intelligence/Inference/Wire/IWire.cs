using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Port: one format, as far as the gateway must understand it to pass it on byte for byte and to book what it cost. Pure.</summary>
internal interface IWire
{
    WireFormat Format { get; }

    /// <summary>What the gateway must know of a request, read in one pass; the rest is the provider's to judge.</summary>
    /// <exception cref="Problem">400 when it is no JSON object, 422 when a field that is read has the wrong type or stands twice.</exception>
    Envelope Read(ReadOnlySpan<byte> body);

    /// <summary>Looks at a whole answer.</summary>
    WholeSeen ReadWhole(ReadOnlySpan<byte> body);

    /// <summary>Looks at the data of one event of a stream.</summary>
    EventSeen ReadEvent(ReadOnlySpan<byte> data);

    /// <summary>Adds what an event of a stream reports to what earlier ones did.</summary>
    TokenUsage Merge(TokenUsage before, TokenUsage now) => new(
        now.InputTokens ?? before.InputTokens, now.OutputTokens ?? before.OutputTokens, now.CachedInputTokens ?? before.CachedInputTokens,
        now.ReasoningTokens ?? before.ReasoningTokens, now.CacheWriteTokens ?? before.CacheWriteTokens);

    /// <summary>A whole event, with the blank line, that tells this format's clients why their stream was cut.</summary>
    byte[] ErrorEvent(Problem problem, string traceId);

    /// <summary>Whether this format's own clients understand it as a refusal.</summary>
    bool IsRefusal(ReadOnlySpan<byte> body);
}

/// <param name="WantsUsage">The caller asked to see the usage of a stream.</param>
/// <param name="OutputTokensMax">Null when the request sets no limit.</param>
/// <param name="Choices">How many answers are asked for.</param>
internal abstract record Envelope(string? Model, bool Stream, bool WantsUsage, long? OutputTokensMax, long Choices)
{
    /// <summary>The body for the provider: under the model's own name there, and asked to report its usage. The same memory when nothing changes.</summary>
    public abstract ReadOnlyMemory<byte> Forward(ReadOnlyMemory<byte> body, string model);

    /// <summary>Adds to the request to the provider what the caller said beside the body.</summary>
    public virtual void Prepare(HttpRequestMessage request)
    {
    }
}

/// <param name="Usage">Null when it reports none.</param>
/// <param name="IsAnswer">It is an answer of this format.</param>
/// <param name="HasError">It carries an error instead of, or beside, an answer.</param>
internal readonly record struct WholeSeen(TokenUsage? Usage, bool IsAnswer, bool HasError);

/// <param name="Usage">What it adds to the usage seen so far; counts that it does not name are null and leave the earlier ones.</param>
/// <param name="HasContent">It carries a piece of the answer.</param>
/// <param name="HasError">It says that the answer failed.</param>
/// <param name="IsEnd">The answer is complete with it.</param>
/// <param name="IsUsageOnly">It reports usage and nothing else, so a caller that did not ask for it need not see it.</param>
internal readonly record struct EventSeen(TokenUsage? Usage, bool HasContent, bool HasError, bool IsEnd, bool IsUsageOnly);
