using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SomaStack.Bench;

/// <summary>A server in a process of its own that tells all its sockets the same.</summary>
internal interface IFanoutServer : IAsyncDisposable
{
    int ProcessId { get; }

    IPEndPoint Address { get; }

    string Path { get; }

    /// <summary>What the handshake of a client carries, each line ended.</summary>
    string HeadersOf(int index);

    /// <summary>Looks at what a client heard before it is ready, and answers where the protocol asks for it.</summary>
    /// <returns>True when from now on it is told what is published.</returns>
    bool IsReady(FanoutBenchSocket socket, ReadOnlySpan<byte> text);

    /// <summary>Whether it is what was published, and no heartbeat.</summary>
    bool IsPublished(FanoutBenchSocket socket, ReadOnlySpan<byte> text);

    Task PublishAsync(string body, CancellationToken cancellationToken);

    /// <summary>When what was heard was sent, in milliseconds since 1970.</summary>
    double SentAt(string text);
}

/// <summary><c>soma serve</c> on its embedded database; fifty sockets belong to one person.</summary>
internal sealed class FanoutSoma : IFanoutServer
{
    private const int SocketsOfPerson = 50;

    /// <summary>Follows alone, to be told alone.</summary>
    public const string Single = "bench-single";

    private readonly SomaServerProcess _process;
    private readonly HttpClient _owner;
    private readonly List<string> _tokens;

    private FanoutSoma(SomaServerProcess process, HttpClient owner, List<string> tokens, string singleToken) => (_process, _owner, _tokens, SingleToken) = (process, owner, tokens, singleToken);

    public int ProcessId => _process.Id;

    public string SingleToken { get; }

    public IPEndPoint Address => new(IPAddress.Loopback, new Uri(_process.Url).Port);

    public string Path => "/ws/notifications/demo?history=0";

    public static async Task<FanoutSoma> StartAsync(BenchOptions options, string folder, int sockets, CancellationToken cancellationToken)
    {
        var process = await SomaServerProcess.StartAsync(options, folder, new() { ["SOMA_DETECT"] = "0", ["SOMA_MAX_FEEDS"] = (sockets * 2).ToString(CultureInfo.InvariantCulture) }, cancellationToken);
        var owner = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(process.Url) };
        owner.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await process.TokenAsync(cancellationToken));
        var tokens = new List<string>();
        for (var i = 0; i < (sockets + SocketsOfPerson - 1) / SocketsOfPerson; i++) tokens.Add(await PersonAsync(owner, $"bench-{i}", cancellationToken));
        return new FanoutSoma(process, owner, tokens, await PersonAsync(owner, Single, cancellationToken));
    }

    public string HeadersOf(int index) => $"Authorization: Bearer {_tokens[index / SocketsOfPerson]}\r\n";

    public bool IsReady(FanoutBenchSocket socket, ReadOnlySpan<byte> text) => text.StartsWith("{\"type\":\"hello\""u8);

    public bool IsPublished(FanoutBenchSocket socket, ReadOnlySpan<byte> text) => text.StartsWith("{\"type\":\"notification\""u8);

    public Task PublishAsync(string body, CancellationToken cancellationToken) => SendAsync(body, new { everybody = true }, cancellationToken);

    public Task PublishToSingleAsync(string body, CancellationToken cancellationToken) => SendAsync(body, new { principals = new[] { Single } }, cancellationToken);

    /// <summary>Taken inside the transaction, so before its commit: what is measured from it is a little too long.</summary>
    public double SentAt(string text) => (DataOf(text).GetProperty("created_at").GetDateTimeOffset() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    public static JsonElement DataOf(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("data").Clone();
    }

    public async ValueTask DisposeAsync()
    {
        _owner.Dispose();
        await _process.DisposeAsync();
    }

    private async Task SendAsync(string body, object audience, CancellationToken cancellationToken)
    {
        using var answer = await _owner.PostAsJsonAsync("/v1/notifications", new { kind = "alert", severity = "info", title = "A benchmark tells everybody", body, audience }, cancellationToken);
        await ExpectAsync(answer, cancellationToken);
    }

    private static async Task<string> PersonAsync(HttpClient owner, string id, CancellationToken cancellationToken)
    {
        using var created = await owner.PutAsJsonAsync("/v1/users/" + id, new { display_name = id, capabilities = Array.Empty<string>() }, cancellationToken);
        await ExpectAsync(created, cancellationToken);
        using var issued = await owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = id, lifetime_seconds = 3600 }, cancellationToken);
        await ExpectAsync(issued, cancellationToken);
        return (await issued.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("token").GetString()!;
    }

    private static async Task ExpectAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
    }
}

/// <summary>bench/fanout/server.mjs: Socket.IO over WebSocket alone, spoken as its protocol 5 over Engine.IO 4.</summary>
internal sealed class FanoutSocketIo : IFanoutServer
{
    private readonly Process _process;
    private readonly HttpClient _publisher;

    private FanoutSocketIo(Process process, int port)
    {
        (_process, Address) = (process, new IPEndPoint(IPAddress.Loopback, port));
        _publisher = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://{Address}") };
    }

    public int ProcessId => _process.Id;

    public IPEndPoint Address { get; }

    public string Path => "/socket.io/?EIO=4&transport=websocket";

    public static async Task<FanoutSocketIo> StartAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = await NodePackages.InstallAsync("fanout", [], options.Progress, cancellationToken);
        var process = Process.Start(new ProcessStartInfo("node", ["server.mjs"]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        return line is not null && line.StartsWith("ready ", StringComparison.Ordinal)
            ? new FanoutSocketIo(process, int.Parse(line["ready ".Length..], CultureInfo.InvariantCulture))
            : throw new InvalidOperationException("Socket.IO's server ended before it was ready.");
    }

    public string HeadersOf(int index) => "";

    public bool IsReady(FanoutBenchSocket socket, ReadOnlySpan<byte> text)
    {
        // Engine.IO's open packet is answered with a connection to the namespace; the answer to that makes it ready.
        if (text.StartsWith("0"u8)) _ = socket.SendAsync("40");
        return text.StartsWith("40"u8);
    }

    public bool IsPublished(FanoutBenchSocket socket, ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("2"u8)) _ = socket.SendAsync("3");
        return text.StartsWith("42"u8);
    }

    public async Task PublishAsync(string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _publisher.PostAsync("/publish", content, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public double SentAt(string text)
    {
        using var document = JsonDocument.Parse(text["42".Length..]);
        return document.RootElement[1].GetProperty("sent_at").GetDouble();
    }

    public async ValueTask DisposeAsync()
    {
        _publisher.Dispose();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
