using System.Text;
using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Anthropic's Messages.</summary>
internal sealed class MessagesWire : IWire
{
    public WireFormat Format => WireFormat.Messages;

    public Envelope Read(ReadOnlySpan<byte> body) => MessagesEnvelope.Read(body);

    public WholeSeen ReadWhole(ReadOnlySpan<byte> body)
    {
        var seen = MessagesShape.Read(body);
        return new WholeSeen(seen.Usage, seen.Kind == MessagesKind.Message, seen.Kind == MessagesKind.Error);
    }

    public EventSeen ReadEvent(ReadOnlySpan<byte> data)
    {
        // Almost every event is one of these, and nothing in it concerns us.
        if (data.StartsWith("{\"type\":\"content_block_delta\","u8)) return new EventSeen(null, HasContent: true, false, false, false);
        var seen = MessagesShape.Read(data);
        return new EventSeen(seen.Usage, seen.Kind == MessagesKind.Content, seen.Kind == MessagesKind.Error, seen.Kind == MessagesKind.Stop, false);
    }

    /// <summary>
    /// Its counts are cumulative, and a later event may name fewer of them. What was neither read from the cache nor written to it is
    /// counted apart there, so the parts are merged and added up anew.
    /// </summary>
    public TokenUsage Merge(TokenUsage before, TokenUsage now)
    {
        var plain = PlainOf(now) ?? PlainOf(before);
        var cached = now.CachedInputTokens ?? before.CachedInputTokens;
        var written = now.CacheWriteTokens ?? before.CacheWriteTokens;
        return new TokenUsage(plain + (cached ?? 0) + (written ?? 0), now.OutputTokens ?? before.OutputTokens, cached, now.ReasoningTokens ?? before.ReasoningTokens, written)
        {
            CacheWriteHourTokens = now.CacheWriteHourTokens ?? before.CacheWriteHourTokens,
        };
    }

    public byte[] ErrorEvent(Problem problem, string traceId)
    {
        var body = JsonSerializer.Serialize(
            new MessagesErrorBody("error", new MessagesError(AnthropicErrors.TypeOf(problem.Code.Kind), problem.Detail, problem.Code.Code, new MessagesErrorDetails(problem.Code.Code)), traceId),
            InferenceJson.Default.MessagesErrorBody);
        return Encoding.UTF8.GetBytes($"event: error\ndata: {body}\n\n");
    }

    public bool IsRefusal(ReadOnlySpan<byte> body) => MessagesShape.Read(body).Kind == MessagesKind.Error && ErrorShape.MessageOf(body) is not null;

    private static long? PlainOf(TokenUsage usage) => usage.InputTokens - (usage.CachedInputTokens ?? 0) - (usage.CacheWriteTokens ?? 0);
}

internal sealed record MessagesErrorBody(string Type, MessagesError Error, string RequestId);

/// <param name="Code">Our stable code, where the other surfaces have it too.</param>
/// <param name="Details">The same code where Anthropic's own clients look for one.</param>
internal sealed record MessagesError(string Type, string Message, string Code, MessagesErrorDetails Details);

internal sealed record MessagesErrorDetails(string ErrorCode);
