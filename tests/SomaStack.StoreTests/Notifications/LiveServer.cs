using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.StoreTests.Notifications;

/// <summary>The server on a real port. It has no worker, so that nobody is told of what happens at the start, and sequences are the test's own.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private LiveServer(WebApplication app, string folder, string principal) => (_app, _folder, Principal) = (app, folder, principal);

    public const string Tenant = "demo";

    public string Principal { get; }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public LiveFeeds Feeds => _app.Services.GetRequiredService<LiveFeeds>();

    public IIdentity Identity => _app.Services.GetRequiredService<IIdentity>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="keys">A folder that replicas share; null for the server's own.</param>
    public static async Task<LiveServer> StartAsync(string database, TimeSpan heartbeat, string? keys = null, string? redis = null)
    {
        var folder = Directory.CreateTempSubdirectory("soma-live-").FullName;
        var app = await SomaServer.BuildAsync(
            new SomaOptions { DataDirectory = folder, Database = database, Url = "http://127.0.0.1:0", Keys = keys, Redis = redis, FeedHeartbeat = heartbeat, Roles = ["api", "brain"] }, Stop);
        await app.StartAsync(Stop);
        return new LiveServer(app, folder, (await app.Services.GetRequiredService<IIdentity>().DemoOwnerAsync(Stop)).PrincipalId);
    }

    public async Task<string> TokenAsync(TimeSpan? lifetime = null) => (await Identity.IssueTokenAsync(Tenant, Principal, null, lifetime ?? TimeSpan.FromMinutes(10), Stop)).Token;

    /// <summary>In one transaction, to everybody.</summary>
    /// <returns>The last sequence.</returns>
    public Task<long> PublishAsync(int count = 1, string body = "", string? dedupeKey = null) => _app.Services.GetRequiredService<Db>().WriteAsync(Tenant, async work =>
    {
        var notifications = _app.Services.GetRequiredService<INotifications>();
        var last = 0L;
        for (var i = 0; i < count; i++)
            last = (await notifications.PublishAsync(work, RequestContext.ForSystem(Tenant, DeploymentMode.Test), new NotificationDraft("alert", "info", "Title", body, Audience.Tenant) { DedupeKey = dedupeKey })).Sequence;
        return last;
    }, Stop);

    public async Task<LiveClient> ConnectAsync(string? token = null, string query = "?history=0") =>
        await LiveClient.ConnectAsync(new Uri(Url, $"/ws/notifications/{Tenant}{query}"), token ?? await TokenAsync());

    public async Task StopAsync() => await _app.StopAsync(Stop);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A client as anybody would write it.</summary>
internal sealed class LiveClient : IDisposable
{
    private readonly byte[] _buffer = new byte[64 << 10];

    public ClientWebSocket Socket { get; } = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<LiveClient> ConnectAsync(Uri url, string? token)
    {
        var client = new LiveClient();
        client.Socket.Options.CollectHttpResponseDetails = true;
        if (token is not null) client.Socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        await client.Socket.ConnectAsync(new UriBuilder(url) { Scheme = "ws" }.Uri, Stop);
        return client;
    }

    /// <summary>The next frame; null when the server has closed.</summary>
    public async Task<JsonElement?> NextAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        var length = 0;
        while (true)
        {
            var received = await Socket.ReceiveAsync(_buffer.AsMemory(length), deadline.Token);
            if (received.MessageType == WebSocketMessageType.Close) return null;
            length += received.Count;
            if (received.EndOfMessage) return JsonDocument.Parse(_buffer.AsMemory(0, length).ToArray()).RootElement;
        }
    }

    /// <summary>The next frame of a type, whatever comes before it.</summary>
    public async Task<JsonElement> NextAsync(string type)
    {
        while (await NextAsync() is { } frame)
            if (frame.GetProperty("type").GetString() == type) return frame;
        throw new InvalidOperationException($"Closed with {Socket.CloseStatus} '{Socket.CloseStatusDescription}' before a frame of type {type}.");
    }

    /// <summary>Sequences of notifications until one of them is <paramref name="last"/>.</summary>
    public async Task<List<long>> UpToAsync(long last)
    {
        var all = new List<long>();
        while (all.Count == 0 || all[^1] < last) all.Add((await NextAsync("notification")).GetProperty("data").GetProperty("sequence").GetInt64());
        return all;
    }

    /// <summary>Reads until the server closes, and says how.</summary>
    public async Task<(int Code, string? Reason)> ClosedAsync()
    {
        while (await NextAsync() is not null)
        {
        }
        return ((int)Socket.CloseStatus!.Value, Socket.CloseStatusDescription);
    }

    public Task SendAsync(string text) => Socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Stop);

    public void Dispose() => Socket.Dispose();
}
