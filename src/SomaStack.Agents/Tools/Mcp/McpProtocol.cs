using System.Buffers;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// What both transports share: versions, method names and the form of messages. Sources: Model Context Protocol 2026-07-28 (basic, transports,
/// server/tools) and 2025-11-25 (lifecycle) for servers that still want a handshake.
/// </summary>
internal static class McpProtocol
{
    public const string Modern = "2026-07-28";
    public const string Legacy = "2025-11-25";

    /// <summary>Handshake versions that a server may answer with; the parts that we use are the same in all of them.</summary>
    public static readonly IReadOnlyList<string> Handshakes = [Legacy, "2025-06-18", "2025-03-26"];

    /// <summary>Nothing that a tool server sends needs more levels than this.</summary>
    public const int DepthMax = 64;

    /// <summary>Messages that answer nothing we asked, between two that do.</summary>
    public const int UnaskedMax = 1000;

    private const string ClientName = "somastack";

    private static readonly string Version = typeof(McpProtocol).Assembly.GetName().Version!.ToString(3);
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static byte[] Request(long id, string method, string version, Action<Utf8JsonWriter>? parameters = null) => Message(writer =>
    {
        writer.WriteNumber("id", id);
        writer.WriteString("method", method);
        writer.WriteStartObject("params");
        parameters?.Invoke(writer);
        if (version == Modern) WriteMeta(writer);
        writer.WriteEndObject();
    });

    public static byte[] Notification(string method, Action<Utf8JsonWriter>? parameters = null) => Message(writer =>
    {
        writer.WriteString("method", method);
        if (parameters is null) return;
        writer.WriteStartObject("params");
        parameters(writer);
        writer.WriteEndObject();
    });

    /// <summary>We offer a server nothing that it could ask for: no sampling, no roots, no elicitation.</summary>
    public static byte[] Refusal(JsonElement id) => Message(writer =>
    {
        writer.WritePropertyName("id");
        id.WriteTo(writer);
        writer.WriteStartObject("error");
        writer.WriteNumber("code", -32601);
        writer.WriteString("message", "This client offers no such method.");
        writer.WriteEndObject();
    });

    public static byte[] Pong(JsonElement id) => Message(writer =>
    {
        writer.WritePropertyName("id");
        id.WriteTo(writer);
        writer.WriteStartObject("result");
        writer.WriteEndObject();
    });

    public static void WriteInitialize(Utf8JsonWriter writer)
    {
        writer.WriteString("protocolVersion", Legacy);
        writer.WriteStartObject("capabilities");
        writer.WriteEndObject();
        writer.WriteStartObject("clientInfo");
        WriteWho(writer);
        writer.WriteEndObject();
    }

    /// <summary>Reads one message. A server that sends what is no JSON object in UTF-8 is not believed in anything else.</summary>
    /// <exception cref="Problem"><c>mcp_server_invalid</c>.</exception>
    public static JsonElement Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            // The reader looks at the inside of strings only when they are used, so the text is checked as a whole.
            Strict.GetCharCount(utf8);
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DepthMax });
            var message = JsonElement.ParseValue(ref reader);
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || version.GetString() != "2.0")
                throw McpProblems.Invalid.Because("The server sent what is no JSON-RPC 2.0 message.");
            return message;
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException or ArgumentException)
        {
            throw McpProblems.Invalid.Because("The server sent what is no JSON in UTF-8.", exception);
        }
    }

    /// <summary>The number of a response of ours; null for anything else, also for ids of another type.</summary>
    public static long? AnsweredId(JsonElement message) =>
        !message.TryGetProperty("method", out _) && message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number) ? number : null;

    /// <summary>The result, or the error as an exception.</summary>
    /// <exception cref="McpError">The server refused.</exception>
    /// <exception cref="Problem"><c>mcp_server_invalid</c> when there is neither a result nor an error of the right form.</exception>
    public static JsonElement Result(JsonElement message)
    {
        if (message.TryGetProperty("error", out var error))
        {
            if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt64(out var number)
                && error.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String)
                throw new McpError(number, text.GetString()!, error.TryGetProperty("data", out var data) ? data : null);
            throw McpProblems.Invalid.Because("The server sent an error without code and message.");
        }
        return message.TryGetProperty("result", out var result) && result.ValueKind == JsonValueKind.Object
            ? result
            : throw McpProblems.Invalid.Because("The server's answer holds no result object.");
    }

    private static void WriteMeta(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("_meta");
        writer.WriteString("io.modelcontextprotocol/protocolVersion", Modern);
        writer.WriteStartObject("io.modelcontextprotocol/clientInfo");
        WriteWho(writer);
        writer.WriteEndObject();
        writer.WriteStartObject("io.modelcontextprotocol/clientCapabilities");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteWho(Utf8JsonWriter writer)
    {
        writer.WriteString("name", ClientName);
        writer.WriteString("version", Version);
    }

    private static byte[] Message(Action<Utf8JsonWriter> body)
    {
        var output = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            body(writer);
            writer.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }
}

/// <summary>What a server answered with instead of a result.</summary>
internal sealed class McpError(long code, string text, JsonElement? data) : Exception(text)
{
    public const long MethodNotFound = -32601;
    public const long InvalidParams = -32602;
    public const long HeaderMismatch = -32020;
    public const long UnsupportedVersion = -32022;

    public long Code { get; } = code;

    public JsonElement? Details { get; } = data;
}

/// <summary>The server was there and is gone, after it had been asked: nobody knows what it did.</summary>
internal sealed class McpServerLost(string detail, Exception? cause = null) : IOException(detail, cause);
