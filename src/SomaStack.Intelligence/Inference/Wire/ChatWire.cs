using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>OpenAI's chat completions.</summary>
internal sealed class ChatWire : IWire
{
    public WireFormat Format => WireFormat.Chat;

    public Envelope Read(ReadOnlySpan<byte> body) => ChatEnvelope.Read(body);

    public WholeSeen ReadWhole(ReadOnlySpan<byte> body)
    {
        var seen = UsageShape.Read(body);
        return new WholeSeen(seen.Usage, seen.HasChoices, seen.HasError);
    }

    public EventSeen ReadEvent(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8)) return new EventSeen(null, false, false, IsEnd: true, false);
        if (!MayMatter(data)) return new EventSeen(null, HasContent: true, false, false, false);
        var seen = UsageShape.Read(data);
        return new EventSeen(seen.Usage, seen.HasChoices, seen.HasError, false, seen is { Usage: not null, HasChoices: false, HasError: false });
    }

    public byte[] ErrorEvent(Problem problem, string traceId)
    {
        var body = JsonSerializer.Serialize(new StreamErrorBody(new StreamError(problem.Detail, "server_error", null, problem.Code.Code, traceId)), InferenceJson.Default.StreamErrorBody);
        return Encoding.UTF8.GetBytes($"data: {body}\n\n");
    }

    public bool IsRefusal(ReadOnlySpan<byte> body) => ErrorShape.IsOpenAi(body);

    /// <summary>A cheap look before parsing: most chunks hold neither a usage object nor an error.</summary>
    private static bool MayMatter(ReadOnlySpan<byte> data)
    {
        if (data.IndexOf("\"error\""u8) >= 0) return true;
        var at = data.IndexOf("\"usage\""u8);
        if (at < 0) return false;
        var after = data[(at + 7)..].TrimStart(": \t"u8);
        return !after.StartsWith("null"u8) || data[(at + 7)..].IndexOf("\"usage\""u8) >= 0;
    }
}
