using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using SomaStack.Bench;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>Two real servers on one PostgreSQL, with and without Redis; one is killed while it tells its followers what comes.</summary>
public sealed class KilledReplicaTests
{
    private const int Published = 120;
    private const string Title = "Number ";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Told_over_the_database_nothing_is_lost_and_nothing_comes_twice() => HoldsAsync(null);

    [Fact]
    public async Task Told_over_redis_nothing_is_lost_and_nothing_comes_twice()
    {
        await using var redis = await PrivateRedis.StartAsync();
        await HoldsAsync(redis.Address);
    }

    private static async Task HoldsAsync(string? redis)
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        var folder = Directory.CreateTempSubdirectory("soma-live-").FullName;
        var environment = new Dictionary<string, string> { ["SOMA_DATABASE"] = await postgres.CreateAsync(), ["SOMA_KEYS"] = Path.Combine(folder, "keys"), ["SOMA_FEED_HEARTBEAT"] = "1" };
        if (redis is not null) environment["SOMA_REDIS"] = redis;
        await using (var dying = await SomaProcess.StartAsync(Path.Combine(folder, "one"), environment))
        await using (var living = await SomaProcess.StartAsync(Path.Combine(folder, "two"), environment))
        {
            var (exitCode, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", living.Data);
            Assert.True(exitCode == 0, error);
            var clients = new[] { new Client(token.Trim()), new Client(token.Trim()), new Client(token.Trim()) };
            await clients[0].ConnectAsync(dying.Url);
            await clients[1].ConnectAsync(dying.Url);
            await clients[2].ConnectAsync(living.Url);
            var publishing = PublishAsync(living, token.Trim());
            var heard = clients.Select(client => client.HearAsync(publishing, Published / 3)).ToList();
            await Task.WhenAll(clients.Select(static client => client.SomeHeard));
            await dying.KillAsync();
            await Task.WhenAll(heard[0], heard[1]);
            foreach (var client in clients.Take(2)) await client.ConnectAsync(living.Url);
            await Task.WhenAll(clients.Take(2).Select(client => client.HearAsync(publishing, 0)).Append(heard[2]));
            var expected = await publishing;
            Assert.Equal(Published, expected.Count);
            foreach (var client in clients)
            {
                Assert.Equal(expected, client.Sequences);
                client.Dispose();
            }
        }
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<List<long>> PublishAsync(SomaProcess soma, string token)
    {
        using var http = new HttpClient { BaseAddress = soma.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        var sequences = new List<long>();
        for (var i = 0; i < Published; i++)
        {
            using var answer = await http.PostAsJsonAsync("/v1/notifications", new { title = $"{Title}{i}", audience = new { everybody = true } }, Stop);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
            sequences.Add((await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("sequence").GetInt64());
        }
        return sequences;
    }

    private sealed class Client(string token) : IDisposable
    {
        private readonly byte[] _buffer = new byte[16 << 10];
        private readonly TaskCompletionSource _some = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ClientWebSocket _socket = new();
        private long? _cursor;

        public List<long> Sequences { get; } = [];

        public void Dispose() => _socket.Dispose();

        public Task SomeHeard => _some.Task.WaitAsync(TimeSpan.FromSeconds(30), Stop);

        /// <summary>From the cursor that it has, when it has one.</summary>
        public async Task ConnectAsync(Uri url)
        {
            _socket.Dispose();
            _socket = new ClientWebSocket();
            _socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            await _socket.ConnectAsync(new UriBuilder(url) { Scheme = "ws", Path = "/ws/notifications/demo", Query = _cursor is { } at ? $"cursor={at}" : "history=0" }.Uri, Stop);
        }

        /// <summary>Until everything that is published was heard, or the connection breaks.</summary>
        public async Task HearAsync(Task<List<long>> publishing, int some)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            deadline.CancelAfter(TimeSpan.FromSeconds(60));
            try
            {
                while (!publishing.IsCompletedSuccessfully || Sequences.Count == 0 || Sequences[^1] < publishing.Result[^1])
                {
                    var length = 0;
                    ValueWebSocketReceiveResult received;
                    do
                    {
                        received = await _socket.ReceiveAsync(_buffer.AsMemory(length), deadline.Token);
                        length += received.Count;
                    }
                    while (!received.EndOfMessage);
                    using var frame = JsonDocument.Parse(_buffer.AsMemory(0, length));
                    if (frame.RootElement.TryGetProperty("cursor", out var cursor)) _cursor = Math.Max(_cursor ?? 0, cursor.GetInt64());
                    // People are also told of what happens at the start.
                    if (frame.RootElement.GetProperty("type").GetString() == "notification" && frame.RootElement.GetProperty("data") is var data && data.GetProperty("title").GetString()!.StartsWith(Title, StringComparison.Ordinal))
                        Sequences.Add(data.GetProperty("sequence").GetInt64());
                    if (Sequences.Count > some) _some.TrySetResult();
                }
            }
            catch (WebSocketException)
            {
                // The server is gone.
            }
        }
    }
}
