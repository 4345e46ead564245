using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A server elsewhere, by streamable HTTP: each message is a POST of its own through the guarded exit. No stream is opened for what the server
/// might want to say, no redirect of a POST is followed, no authorization server that it names is asked: what it gets is the bearer secret of
/// the adapter and never a caller's token.
/// </summary>
internal sealed class HttpWire : IMcpWire
{
    private const string SessionHeader = "Mcp-Session-Id";
    private const int SessionMax = 512;
    private const int RefusalMax = 64 << 10;
    private const int LineMax = 8 << 20;

    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly string? _bearer;
    private readonly long _bytesMax;
    private string? _session;
    private string _version = McpProtocol.Modern;
    private long _lastId;
    private int _toolsChanged;

    /// <param name="allowed">Origins that the operator allows beside the public internet.</param>
    public HttpWire(Uri url, string? bearer, long bytesMax, TimeSpan limit, IReadOnlyList<Uri> allowed)
    {
        (_url, _bearer, _bytesMax) = (url, bearer, Math.Min(bytesMax, LineMax));
        _http = OutgoingHttp.Create(new OutgoingLimits(limit, bytesMax * 2, Redirects: 0), allowed);
    }

    public TimeSpan? ProbeLimit => null;

    public int ToolsChanged => Volatile.Read(ref _toolsChanged);

    public async Task<JsonElement> AskAsync(McpAsk ask, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        _version = ask.Version;
        using var request = Post(McpProtocol.Request(id, ask.Method, ask.Version, ask.Parameters));
        request.Headers.Add("MCP-Protocol-Version", ask.Version);
        if (ask.Version == McpProtocol.Modern)
        {
            request.Headers.Add("Mcp-Method", ask.Method);
            if (ask.Name is { } name) request.Headers.Add("Mcp-Name", HeaderText.Encode(name));
            foreach (var (header, value) in ask.Headers) request.Headers.Add(header, HeaderText.Encode(value));
        }
        using var response = await SendAsync(request, cancellationToken);
        if (response.Headers.TryGetValues(SessionHeader, out var sessions) && ask.Method == "initialize") _session = Session(sessions.First());
        if (!response.IsSuccessStatusCode) return await RefusedAsync(response, id, cancellationToken);
        var media = response.Content.Headers.ContentType?.MediaType;
        try
        {
            return media switch
            {
                "application/json" => McpProtocol.Result(Mine(McpProtocol.Read(await BytesAsync(response, _bytesMax, cancellationToken)), id)),
                "text/event-stream" => McpProtocol.Result(await StreamedAsync(response, id, cancellationToken)),
                _ => throw McpProblems.Invalid.Because("The server answered with neither JSON nor an event stream."),
            };
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new McpServerLost("The MCP server's answer broke off.", exception);
        }
    }

    public async Task TellAsync(string method, CancellationToken cancellationToken)
    {
        using var request = Post(McpProtocol.Notification(method));
        request.Headers.Add("MCP-Protocol-Version", _version);
        using var response = await SendAsync(request, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, _url);
            Sign(request);
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or Problem)
            {
                // Its sessions end by themselves.
            }
        }
        _http.Dispose();
    }

    private HttpRequestMessage Post(byte[] message)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(message) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        Sign(request);
        return request;
    }

    private void Sign(HttpRequestMessage request)
    {
        if (_bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _bearer);
        if (_session is not null) request.Headers.Add(SessionHeader, _session);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError)
        {
            throw ToolProblems.Unavailable.Because("The MCP server cannot be reached.", exception);
        }
        catch (HttpRequestException exception)
        {
            throw new McpServerLost("The MCP server did not answer whole.", exception);
        }
    }

    /// <summary>A status of 4xx or 5xx; where its body is a JSON-RPC error for us, that is told, else the status.</summary>
    private static async Task<JsonElement> RefusedAsync(HttpResponseMessage response, long id, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw ToolProblems.Unavailable.Because($"The MCP server refuses the adapter's credential ({(int)response.StatusCode}).");
        JsonElement? message = null;
        try
        {
            if (response.Content.Headers.ContentType?.MediaType == "application/json") message = McpProtocol.Read(await BytesAsync(response, RefusalMax, cancellationToken));
        }
        catch (Problem)
        {
            // What it says besides is of no use.
        }
        if (message is { } read && read.TryGetProperty("error", out _) && (McpProtocol.AnsweredId(read) ?? id) == id) return McpProtocol.Result(read);
        throw new HttpRefusal(response.StatusCode);
    }

    private static JsonElement Mine(JsonElement message, long id) =>
        McpProtocol.AnsweredId(message) == id ? message : throw McpProblems.Invalid.Because("The server answered another request than ours.");

    /// <summary>Server-sent events until the answer comes; what else is in the stream is counted and left.</summary>
    private async Task<JsonElement> StreamedAsync(HttpResponseMessage response, long id, CancellationToken cancellationToken)
    {
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var events = new EventReader(stream, (int)_bytesMax);
        for (var unasked = 0; unasked <= McpProtocol.UnaskedMax;)
        {
            if (await events.NextAsync(cancellationToken) is not { } data) throw new McpServerLost("The MCP server's stream ended before the answer.");
            if (data.Length == 0) continue;
            var message = McpProtocol.Read(data.Span);
            if (McpProtocol.AnsweredId(message) == id) return message;
            unasked++;
            if (message.TryGetProperty("method", out var method) && method.ValueKind == JsonValueKind.String && method.GetString() == "notifications/tools/list_changed") Interlocked.Increment(ref _toolsChanged);
        }
        throw McpProblems.Invalid.Because($"The server sent more than {McpProtocol.UnaskedMax} messages that nobody asked for.");
    }

    private static async Task<byte[]> BytesAsync(HttpResponseMessage response, long max, CancellationToken cancellationToken)
    {
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var copy = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (copy.Length + read > max) throw McpProblems.Invalid.Because($"The server sent a message of more than {max} bytes.");
                copy.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return copy.ToArray();
    }

    /// <summary>Visible ASCII, as the protocol has it; anything else would be a header of the server's making.</summary>
    private static string Session(string text) =>
        text is { Length: > 0 and <= SessionMax } && text.All(static c => c is > ' ' and < '\x7f') ? text : throw McpProblems.Invalid.Because("The server sent a session id that is none.");
}

/// <summary>A status without a JSON-RPC error: a server of another age, or none at all.</summary>
internal sealed class HttpRefusal(HttpStatusCode status) : Exception($"The MCP server answered with the status {(int)status}.")
{
    public HttpStatusCode Status { get; } = status;
}

/// <summary>Values in the headers of 2026-07-28: plain where they can be, else Base64 in a sentinel (streamable HTTP, value encoding). Pure.</summary>
internal static class HeaderText
{
    private const string Open = "=?base64?";
    private const string Close = "?=";

    public static string Encode(string value) => IsPlain(value) ? value : Open + Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) + Close;

    /// <summary>Null when it is marked as encoded and is not.</summary>
    public static string? Decode(string header)
    {
        if (!IsMarked(header)) return header;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(header[Open.Length..^Close.Length]));
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    private static bool IsPlain(string value) =>
        value.Length > 0 && value.All(static c => c is >= ' ' and <= '~' or '\t') && value[0] is not (' ' or '\t') && value[^1] is not (' ' or '\t') && !IsMarked(value);

    private static bool IsMarked(string value) =>
        value.Length >= Open.Length + Close.Length && value.StartsWith(Open, StringComparison.Ordinal) && value.EndsWith(Close, StringComparison.Ordinal);
}
