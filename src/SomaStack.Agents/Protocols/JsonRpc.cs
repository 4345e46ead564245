using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>One JSON-RPC 2.0 message of a client.</summary>
/// <param name="Id">A string or an integer; null for a notification.</param>
/// <param name="Params">An object; undefined when there are none.</param>
internal sealed record RpcMessage(JsonElement? Id, string Method, JsonElement Params)
{
    /// <summary>Text and number are different ids.</summary>
    public string IdText => Id?.GetRawText() ?? "";

    public JsonElement? Find(string name, JsonValueKind kind) =>
        Params.ValueKind == JsonValueKind.Object && Params.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : null;

    public string? Text(string name) => Find(name, JsonValueKind.String)?.GetString();
}

/// <summary>A refusal in the protocol's own words.</summary>
/// <param name="status">HTTP status of the answer that carries it.</param>
/// <param name="details">Writes the value of <c>data</c>.</param>
internal sealed class RpcError(int code, string text, int status = StatusCodes.Status200OK, Action<Utf8JsonWriter>? details = null) : Exception(text)
{
    public const int Parse = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int Internal = -32603;

    public int Code { get; } = code;

    public int Status { get; } = status;

    public Action<Utf8JsonWriter>? Details { get; } = details;

    public static RpcError Params(string text) => new(InvalidParams, text);

    /// <summary>What a use case refuses, for methods that have no results of their own for it.</summary>
    public static RpcError Of(Problem problem) => new(
        problem.Code.Kind is ProblemKind.Invalid or ProblemKind.Malformed or ProblemKind.NotFound ? InvalidParams : Internal, problem.Detail, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("code", problem.Code.Code);
            writer.WriteString("remedy", problem.Code.Remedy);
            writer.WriteEndObject();
        });
}

/// <summary>Reads and writes JSON-RPC 2.0. Pure.</summary>
internal static class JsonRpc
{
    private const int DepthMax = 64;
    private const int IdMax = 128;
    private const int MethodMax = 128;

    /// <summary>Answers are application/json with nosniff or an event stream, so nothing needs HTML escapes.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = DepthMax };

    /// <exception cref="RpcError">It is none, or a batch, which neither protocol has.</exception>
    public static RpcMessage Read(ReadOnlyMemory<byte> utf8)
    {
        JsonElement message;
        try
        {
            message = JsonElement.Parse(utf8.Span, Strict);
        }
        catch (JsonException)
        {
            throw new RpcError(RpcError.Parse, "The body is no JSON, names a member twice or is nested too deeply.", StatusCodes.Status400BadRequest);
        }
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || version.GetString() != "2.0"
            || !message.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String || method.GetString() is not { Length: > 0 and <= MethodMax } name)
            throw Malformed("The body must be one JSON-RPC 2.0 request or notification.");
        JsonElement? id = null;
        if (message.TryGetProperty("id", out var sent))
            id = sent.ValueKind == JsonValueKind.String && sent.GetRawText().Length <= IdMax || sent.ValueKind == JsonValueKind.Number && sent.TryGetInt64(out _) ? sent : throw Malformed("The id must be a string or an integer.");
        var parameters = message.TryGetProperty("params", out var given) ? given : default;
        if (parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined)) throw Malformed("The params must be an object.");
        return new RpcMessage(id, name, parameters);
    }

    public static byte[] Result(JsonElement id, Action<Utf8JsonWriter> result) => Write(writer =>
    {
        WriteId(writer, id);
        writer.WritePropertyName("result");
        result(writer);
    });

    public static byte[] Error(JsonElement? id, RpcError error) => Write(writer =>
    {
        if (id is { } known) WriteId(writer, known);
        else writer.WriteNull("id");
        writer.WriteStartObject("error");
        writer.WriteNumber("code", error.Code);
        writer.WriteString("message", error.Message);
        if (error.Details is { } details)
        {
            writer.WritePropertyName("data");
            details(writer);
        }
        writer.WriteEndObject();
    });

    public static byte[] Notification(string method, Action<Utf8JsonWriter> parameters) => Write(writer =>
    {
        writer.WriteString("method", method);
        writer.WriteStartObject("params");
        parameters(writer);
        writer.WriteEndObject();
    });

    private static void WriteId(Utf8JsonWriter writer, JsonElement id)
    {
        writer.WritePropertyName("id");
        id.WriteTo(writer);
    }

    private static RpcError Malformed(string text) => new(RpcError.InvalidRequest, text, StatusCodes.Status400BadRequest);

    private static byte[] Write(Action<Utf8JsonWriter> body)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(output, Plain))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            body(writer);
            writer.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }
}
