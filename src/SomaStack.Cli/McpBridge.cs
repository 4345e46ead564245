using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>
/// MCP on stdio for a server on HTTP: each line in is one request, each message out one line. It adds the headers and the credential, keeps the
/// session handle, and understands nothing else: what may be done is the server's decision.
/// </summary>
internal sealed class McpBridge : IDisposable
{
    private const int LineMax = 1 << 20;
    private const int AtOnceMax = 16;
    private const string Modern = "2026-07-28";
    private const string Meta = "io.modelcontextprotocol/protocolVersion";

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Uri _url;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _places = new(AtOnceMax);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _asked = new(StringComparer.Ordinal);
    private volatile string? _session;
    private volatile string? _version;
    private volatile string? _credential;
    private readonly Func<CancellationToken, Task<string>> _sign;

    /// <param name="sign">Gives a credential; asked again when the server no longer takes the last.</param>
    public McpBridge(Uri url, Func<CancellationToken, Task<string>> sign)
    {
        (_url, _sign) = (url, sign);
        _http.DefaultRequestHeaders.Add("X-Client-Type", "cli");
    }

    /// <summary>Until the input ends; what was asked by then is answered.</summary>
    public async Task RunAsync(Stream input, Stream output, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(input, new UTF8Encoding(false));
        var running = new ConcurrentDictionary<Task, byte>();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0) continue;
            await _places.WaitAsync(cancellationToken);
            // The handshake's answer names the session that what follows belongs to, so it is waited for.
            var work = PassAsync(line, output, cancellationToken);
            running[work] = 0;
            _ = work.ContinueWith(done => { running.TryRemove(done, out _); _places.Release(); }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (line.Contains("\"initialize\"", StringComparison.Ordinal)) await work;
        }
        await Task.WhenAll(running.Keys);
    }

    public void Dispose()
    {
        _http.Dispose();
        _writing.Dispose();
        _places.Dispose();
    }

    private async Task PassAsync(string line, Stream output, CancellationToken cancellationToken)
    {
        string? id = null;
        try
        {
            if (line.Length > LineMax) throw new JsonException();
            using var message = JsonDocument.Parse(line);
            var root = message.RootElement;
            id = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("id", out var sent) ? sent.GetRawText() : null;
            var method = root.GetProperty("method").GetString()!;
            if (method == "notifications/cancelled" && root.GetProperty("params").TryGetProperty("requestId", out var cancelled) && _asked.TryGetValue(cancelled.GetRawText(), out var asked)) await asked.CancelAsync();
            await SendAsync(root, line, method, id, output, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            await ErrorAsync(output, id, -32700, "The line is no JSON-RPC message of at most 1 MiB.");
        }
    }

    private async Task SendAsync(JsonElement root, string line, string method, string? id, Stream output, CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (id is not null) _asked[id] = cancel;
        try
        {
            using var response = await SignedAsync(root, line, method, cancel.Token);
            if (method == "initialize" && response.Headers.TryGetValues("Mcp-Session-Id", out var sessions)) _session = sessions.First();
            if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancel.Token);
                await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancel.Token)) await WriteAsync(output, item.Data);
                return;
            }
            var body = await response.Content.ReadAsStringAsync(cancel.Token);
            if (id is null) return;
            if (response.Content.Headers.ContentType?.MediaType == "application/json" && body.Contains("\"jsonrpc\"", StringComparison.Ordinal)) await AnswerAsync(method, body, output);
            else await ErrorAsync(output, id, -32603, $"The server answered {(int)response.StatusCode}: {Detail(body)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The client no longer wants it and gets no answer.
        }
        catch (HttpRequestException exception)
        {
            if (id is not null) await ErrorAsync(output, id, -32603, $"The server at {_url} cannot be reached: {exception.Message}");
        }
        finally
        {
            if (id is not null) _asked.TryRemove(id, out _);
        }
    }

    /// <summary>Refused for its credential, it was not done: with a fresh one it is sent once more.</summary>
    private async Task<HttpResponseMessage> SignedAsync(JsonElement root, string line, string method, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var credential = _credential ??= await _sign(cancellationToken);
            using var request = Request(root, line, method);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", credential);
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode != System.Net.HttpStatusCode.Unauthorized || attempt == 2) return response;
            response.Dispose();
            if (_credential == credential) _credential = null;
        }
    }

    private async Task AnswerAsync(string method, string body, Stream output)
    {
        if (method == "initialize")
        {
            using var answer = JsonDocument.Parse(body);
            if (answer.RootElement.TryGetProperty("result", out var result) && result.TryGetProperty("protocolVersion", out var version)) _version = version.GetString();
        }
        await WriteAsync(output, body);
    }

    private HttpRequestMessage Request(JsonElement root, string line, string method)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new StringContent(line, Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        var parameters = root.TryGetProperty("params", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var meta = parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty("_meta", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var named = meta.ValueKind == JsonValueKind.Object && meta.TryGetProperty(Meta, out var told) ? told.GetString() : null;
        if (named is null)
        {
            if (_session is { } session && method != "initialize") request.Headers.Add("Mcp-Session-Id", session);
            if (_version is { } agreed && method != "initialize") request.Headers.Add("MCP-Protocol-Version", agreed);
            return request;
        }
        request.Headers.Add("MCP-Protocol-Version", named);
        if (named != Modern) return request;
        request.Headers.Add("Mcp-Method", method);
        var name = method is "tools/call" or "prompts/get" ? "name" : method == "resources/read" ? "uri" : null;
        if (name is not null && parameters.TryGetProperty(name, out var value) && value.GetString() is { } text) request.Headers.Add("Mcp-Name", Header(text));
        return request;
    }

    private static string Header(string text) =>
        text.Length > 0 && text.All(static c => c is > ' ' and <= '~') && !text.StartsWith("=?", StringComparison.Ordinal) ? text : $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}?=";

    private static string Detail(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() ?? "" : "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    private Task ErrorAsync(Stream output, string? id, int code, string text) =>
        WriteAsync(output, $"{{\"jsonrpc\":\"2.0\",\"id\":{id ?? "null"},\"error\":{{\"code\":{code},\"message\":\"{JsonEncodedText.Encode(text)}\"}}}}");

    /// <summary>One message a line: line ends inside JSON are only blanks.</summary>
    private async Task WriteAsync(Stream output, string message)
    {
        var line = Encoding.UTF8.GetBytes(message.Replace('\n', ' ').Replace('\r', ' ') + "\n");
        await _writing.WaitAsync();
        try
        {
            await output.WriteAsync(line);
            await output.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }
}
