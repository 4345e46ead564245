using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>OpenAI's responses. One for each request: it remembers the id under which the provider keeps the answer.</summary>
internal sealed class ResponsesWire : IWire
{
    public WireFormat Format => WireFormat.Responses;

    /// <summary>As the provider named the answer; null until it has.</summary>
    public string? ResponseId { get; private set; }

    public Envelope Read(ReadOnlySpan<byte> body) => ResponsesEnvelope.Read(body);

    public WholeSeen ReadWhole(ReadOnlySpan<byte> body)
    {
        if (ResponsesShape.Read(body) is not { } shape) return default;
        ResponseId ??= shape.Id;
        return new WholeSeen(shape.Usage, shape.HasOutput, shape.HasError || shape.Status == "failed");
    }

    public EventSeen ReadEvent(ReadOnlySpan<byte> data)
    {
        if (ResponseId is not null && !MayMatter(data)) return new EventSeen(null, data.IndexOf(".delta\""u8) >= 0, false, false, false);
        if (ResponsesShape.Read(data) is not { } shape) return default;
        if (shape.Type?.StartsWith("response.", StringComparison.Ordinal) == true && shape.Status is not null) ResponseId ??= shape.Id;
        var failed = shape.HasError || shape.Type is "error" or "response.failed";
        var ended = !failed && shape.Type is "response.completed" or "response.incomplete";
        return new EventSeen(shape.Usage, shape.Type?.EndsWith(".delta", StringComparison.Ordinal) == true, failed, ended, false);
    }

    public byte[] ErrorEvent(Problem problem, string traceId)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new ResponseErrorEvent("error", problem.Code.Code, problem.Detail, null, traceId), InferenceJson.Default.ResponseErrorEvent);
        return [.. "event: error\ndata: "u8, .. body, .. "\n\n"u8];
    }

    public bool IsRefusal(ReadOnlySpan<byte> body) => ErrorShape.IsOpenAi(body);

    /// <summary>A cheap look before parsing. A quote inside a text is escaped, so none of these can stand in one.</summary>
    private static bool MayMatter(ReadOnlySpan<byte> data) =>
        data.IndexOf("\"response.completed\""u8) >= 0 || data.IndexOf("\"response.incomplete\""u8) >= 0 || data.IndexOf("\"response.failed\""u8) >= 0
        || data.IndexOf("\"error\""u8) >= 0 || data.IndexOf("\"usage\""u8) >= 0;
}
