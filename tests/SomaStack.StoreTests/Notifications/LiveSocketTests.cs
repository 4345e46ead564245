using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using SomaStack.Operations.Notifications;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Real sockets on a real server: what they are told, and what ends them.</summary>
public sealed class LiveSocketTests(Databases databases)
{
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_feed_says_hello_tells_history_and_news_and_what_changed_of_them()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        var before = await server.PublishAsync();
        using var client = await server.ConnectAsync(query: "");
        var hello = await client.NextAsync("hello");
        Assert.Equal(before - 1, hello.GetProperty("cursor").GetInt64());
        Assert.Equal(before, hello.GetProperty("data").GetProperty("counts").GetProperty("unread").GetInt64());
        Assert.Equal(LiveServer.Tenant, hello.GetProperty("data").GetProperty("tenant").GetString());
        Assert.Equal([before], await client.UpToAsync(before));
        var news = await server.PublishAsync(dedupeKey: "again");
        var told = await client.NextAsync("notification");
        Assert.Equal((news, news), (told.GetProperty("cursor").GetInt64(), told.GetProperty("data").GetProperty("sequence").GetInt64()));
        Assert.Equal(before + 1, (await client.NextAsync("counts")).GetProperty("data").GetProperty("unread").GetInt64());
        await server.PublishAsync(dedupeKey: "again");
        Assert.Equal(2, (await client.NextAsync("update")).GetProperty("data").GetProperty("count").GetInt64());
    }

    [Fact]
    public async Task Who_may_not_follow_is_refused_before_there_is_a_socket()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        Assert.Equal(HttpStatusCode.NotFound, await RefusedAsync(new Uri(server.Url, "/ws/notifications/other"), await server.TokenAsync()));
        Assert.Equal(HttpStatusCode.Unauthorized, await RefusedAsync(new Uri(server.Url, "/ws/notifications/demo"), null));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await RefusedAsync(new Uri(server.Url, "/ws/notifications/demo?cursor=-1"), await server.TokenAsync()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await RefusedAsync(new Uri(server.Url, "/ws/notifications/demo?cursor=1&history=3"), await server.TokenAsync()));
        var token = await server.TokenAsync();
        var open = await Task.WhenAll(Enumerable.Range(0, LiveLimits.FeedsOfPrincipal).Select(_ => server.ConnectAsync(token)));
        Assert.Equal(HttpStatusCode.TooManyRequests, await RefusedAsync(new Uri(server.Url, "/ws/notifications/demo"), token));
        open[0].Socket.Abort();
        await GoneAsync(server, LiveLimits.FeedsOfPrincipal - 1);
        using var again = await server.ConnectAsync(token);
        foreach (var client in open) client.Dispose();
    }

    [Fact]
    public async Task A_token_that_expires_or_is_revoked_ends_its_socket_and_a_newer_one_keeps_it_open()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        using var brief = await server.ConnectAsync(await server.TokenAsync(TimeSpan.FromSeconds(3)));
        using var renewed = await server.ConnectAsync(await server.TokenAsync(TimeSpan.FromSeconds(3)));
        await renewed.SendAsync("""{"type":"token","token":"nonsense"}""");
        Assert.Equal("unauthenticated", (await renewed.NextAsync("error")).GetProperty("data").GetProperty("code").GetString());
        var later = await server.TokenAsync();
        await renewed.SendAsync($$"""{"type":"token","token":"{{later}}"}""");
        await renewed.NextAsync("token");
        var (code, reason) = await brief.ClosedAsync();
        Assert.Equal(4401, code);
        Assert.StartsWith("token expired; reconnect", reason, StringComparison.Ordinal);
        Assert.Equal([1L], await FollowsAsync(server, renewed));

        using var http = new HttpClient { BaseAddress = server.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", await server.TokenAsync()) } };
        using var revoked = await http.PostAsJsonAsync("/v1/tokens/revoke", new { token = later }, Stop);
        Assert.True(revoked.IsSuccessStatusCode, await revoked.Content.ReadAsStringAsync(Stop));
        var asked = TimeProvider.System.GetTimestamp();
        Assert.Equal(4401, (await renewed.ClosedAsync()).Code);
        Assert.True(TimeProvider.System.GetElapsedTime(asked) < TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task What_a_client_must_not_send_ends_its_socket_with_the_reason_and_no_other()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        using var good = await server.ConnectAsync();
        using var large = await server.ConnectAsync();
        await large.Socket.SendAsync(new byte[1 << 20], WebSocketMessageType.Text, true, Stop);
        Assert.Equal((1009, Ending.TooBig.Reason), await large.ClosedAsync());
        using var pieces = await server.ConnectAsync();
        for (var i = 0; i < 40; i++) await pieces.Socket.SendAsync(new byte[300], WebSocketMessageType.Text, false, Stop);
        Assert.Equal(1009, (await pieces.ClosedAsync()).Code);
        using var binary = await server.ConnectAsync();
        await binary.Socket.SendAsync(new byte[3], WebSocketMessageType.Binary, true, Stop);
        Assert.Equal(1003, (await binary.ClosedAsync()).Code);
        await good.SendAsync("no JSON");
        Assert.Equal("invalid_request", (await good.NextAsync("error")).GetProperty("data").GetProperty("code").GetString());
        Assert.Equal([1L], await FollowsAsync(server, good));
        await good.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Stop);
        await GoneAsync(server, 0);
    }

    [Fact]
    public async Task A_peer_that_fell_silent_is_gone_after_two_heartbeats_and_one_that_answers_stays()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), TimeSpan.FromSeconds(1));
        using var alive = await server.ConnectAsync();
        using var silent = await RawAsync(server, receiveBuffer: 8192);
        await GoneAsync(server, 2, atLeast: true);
        var since = TimeProvider.System.GetTimestamp();
        var heard = alive.NextAsync("notification");
        await GoneAsync(server, 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"gone after {TimeProvider.System.GetElapsedTime(since).TotalSeconds:0.0} s");
        Assert.InRange(TimeProvider.System.GetElapsedTime(since), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(5));
        await server.PublishAsync();
        await heard;
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_dropped_and_resumes_without_a_gap_while_others_are_told()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        using var quick = await server.ConnectAsync();
        using var slow = await RawAsync(server, receiveBuffer: 4096);
        await GoneAsync(server, 2, atLeast: true);
        var last = 0L;
        var body = new string('x', 4000);
        var follower = server.Feeds.All.Single().Followers();
        for (var i = 0; i < 60 && !follower.Any(static one => one.Ended); i++)
        {
            last = await server.PublishAsync(50, body);
            await quick.UpToAsync(last);
        }
        Assert.Contains(follower, static one => one.Ended);
        var (sequences, code, reason) = await ReadAllAsync(slow);
        Assert.Equal(4013, code);
        Assert.Equal($"slow; resume from cursor {sequences[^1]}", reason);
        Assert.Equal(Enumerable.Range(1, sequences.Count).Select(static i => (long)i), sequences);
        Assert.True(sequences[^1] < last);
        using var resumed = await server.ConnectAsync(query: $"?cursor={sequences[^1]}");
        Assert.Equal(Enumerable.Range((int)sequences[^1] + 1, (int)(last - sequences[^1])).Select(static i => (long)i), await resumed.UpToAsync(last));
    }

    [Fact]
    public async Task A_server_that_stops_says_where_to_resume()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), Calm);
        using var client = await server.ConnectAsync();
        var last = await server.PublishAsync(3);
        Assert.Equal([1L, 2, 3], await client.UpToAsync(last));
        var stopping = server.StopAsync();
        Assert.Equal((1001, "the server stops; resume from cursor 3"), await client.ClosedAsync());
        await client.Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Stop);
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), Stop);
    }

    [Fact]
    public async Task An_event_stream_tells_the_same_and_resumes_after_the_last_id()
    {
        await using var server = await LiveServer.StartAsync(await databases.CreateAsync("sqlite"), TimeSpan.FromSeconds(1));
        await server.PublishAsync(2);
        using var http = new HttpClient { BaseAddress = server.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", await server.TokenAsync()) } };
        using (var first = new StreamReader(await http.GetStreamAsync("/v1/notifications/stream?history=1", Stop)))
        {
            Assert.Equal("id: 1", await first.ReadLineAsync(Stop));
            Assert.Equal("event: hello", await first.ReadLineAsync(Stop));
            await LineAsync(first, "id: 2");
            Assert.Equal("event: notification", await first.ReadLineAsync(Stop));
            await server.PublishAsync();
            await LineAsync(first, "id: 3");
        }
        http.DefaultRequestHeaders.Add("Last-Event-ID", "1");
        using var second = new StreamReader(await http.GetStreamAsync("/v1/notifications/stream", Stop));
        await LineAsync(second, "id: 2");
        await LineAsync(second, "id: 3");
        var stopping = server.StopAsync();
        await LineAsync(second, "event: close");
        Assert.Equal("""data: {"code":1001,"reason":"the server stops; resume from cursor 3","cursor":3}""", await second.ReadLineAsync(Stop));
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), Stop);
    }

    private static async Task LineAsync(StreamReader reader, string expected)
    {
        while (await reader.ReadLineAsync(Stop) is { } line)
            if (line == expected) return;
        Assert.Fail($"The stream ended without '{expected}'.");
    }

    private static async Task<List<long>> FollowsAsync(LiveServer server, LiveClient client) => await client.UpToAsync(await server.PublishAsync());

    private static async Task<HttpStatusCode> RefusedAsync(Uri url, string? token)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (token is not null) socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new UriBuilder(url) { Scheme = "ws" }.Uri, Stop));
        return socket.HttpStatusCode;
    }

    /// <summary>Waits until the server counts so many followers.</summary>
    private static async Task GoneAsync(LiveServer server, int followers, bool atLeast = false)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(15));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (server.Feeds.All.Sum(static feed => feed.Count) is var count && (atLeast ? count < followers : count != followers)) await timer.WaitForNextTickAsync(deadline.Token);
    }

    /// <summary>Shakes hands and then does nothing: reads nothing and answers no ping.</summary>
    private static async Task<Socket> RawAsync(LiveServer server, int receiveBuffer)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = receiveBuffer };
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port, Stop);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /ws/notifications/demo?history=0 HTTP/1.1\r\nHost: {server.Url.Authority}\r\nAuthorization: Bearer {await server.TokenAsync()}\r\n"
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), Stop);
        return socket;
    }

    /// <summary>Everything that a raw socket was sent, frame by frame, up to the closing frame.</summary>
    private static async Task<(List<long> Sequences, int Code, string Reason)> ReadAllAsync(Socket socket)
    {
        await using var stream = new BufferedStream(new NetworkStream(socket), 1 << 16);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        for (var matched = 0; matched < 4;)
        {
            var one = new byte[1];
            await stream.ReadExactlyAsync(one, deadline.Token);
            matched = one[0] == "\r\n\r\n"[matched] ? matched + 1 : one[0] == '\r' ? 1 : 0;
        }
        var sequences = new List<long>();
        while (true)
        {
            var head = new byte[2];
            await stream.ReadExactlyAsync(head, deadline.Token);
            var length = (int)head[1];
            if (length == 126)
            {
                await stream.ReadExactlyAsync(head.AsMemory(), deadline.Token);
                length = (head[0] << 8) | head[1];
                head[0] = 0x81;
            }
            var payload = new byte[length];
            await stream.ReadExactlyAsync(payload, deadline.Token);
            if ((head[0] & 0xF) == 8) return (sequences, (payload[0] << 8) | payload[1], Encoding.UTF8.GetString(payload.AsSpan(2)));
            if ((head[0] & 0xF) != 1) continue;
            var frame = System.Text.Json.JsonDocument.Parse(payload).RootElement;
            if (frame.GetProperty("type").GetString() == "notification") sequences.Add(frame.GetProperty("data").GetProperty("sequence").GetInt64());
        }
    }
}
