using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>
/// Two real servers with databases of their own and shared keys: one is the brain, the other forwards to it. The brain is killed under load and
/// comes back; what was acknowledged is there, once, in order.
/// </summary>
public sealed class BrainOutageTests
{
    private const int Writers = 6;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_brain_costs_no_write_doubles_none_and_keeps_each_conversation_in_order()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var pair = await Pair.StartAsync();
        using var load = new Load(pair.Client, "n" + Guid.CreateVersion7().ToString("N"));
        var writers = Enumerable.Range(0, Writers).Select(load.WriteAsync).ToList();
        for (var outage = 0; outage < 2; outage++)
        {
            await load.AllowAsync(30 + random.Next(30));
            load.Allow(20);
            await pair.KillBrainAsync();
            await load.AllowAsync(60 + random.Next(60));
            Assert.True(load.Queued > 0, $"seed {seed}");
            if (outage == 0) await OutageIsVisibleAsync(pair.Client, load.Space);
            load.Allow(30);
            await pair.StartBrainAsync();
            await load.AllowAsync(30 + random.Next(30));
        }
        load.End();
        await Task.WhenAll(writers);
        var status = await UntilAsync(pair.Client, static metrics => metrics["somastack_memory_buffer_depth"] == 0 && metrics["somastack_memory_buffer_oldest_age_seconds"] == 0);
        Assert.Equal(0, status["somastack_memory_dead_letters"]);
        Assert.True(status["somastack_memory_buffer_replayed_total"] >= load.Queued && status["somastack_memory_buffer_replay_rate"] > 0, $"seed {seed}");
        await EverythingIsThereAsync(pair.Client, load, seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"{load.Acknowledged.Count} acknowledged, {load.Queued} of them queued, {load.Retries} requests repeated");
    }

    [Fact]
    public async Task A_brain_serves_memory_alone_and_a_turn_on_the_gateway_remembers_through_it()
    {
        await using var pair = await Pair.StartAsync();
        using var brain = new HttpClient { BaseAddress = pair.BrainUrl };
        brain.DefaultRequestHeaders.Authorization = pair.Client.DefaultRequestHeaders.Authorization;
        Assert.Equal(HttpStatusCode.NotFound, (await brain.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello?" }, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await brain.GetAsync("/readyz", Stop)).StatusCode);
        await PostAsync(pair.Client, "/v1/remember", new { text = "The lighthouse keeper is called Morwenna." }, HttpStatusCode.Created);
        var refused = await PostAsync(pair.Client, "/v1/remember", new { text = " " }, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("invalid_request", refused.GetProperty("code").GetString());
        var answer = await PostAsync(pair.Client, "/v1/sessions/start", new { prompt = "What is the lighthouse keeper called?" }, HttpStatusCode.Created);
        Assert.Contains("Morwenna", answer.GetRawText(), StringComparison.Ordinal);
        await UntilAsync(pair.Client, static metrics => metrics["somastack_memory_buffer_depth"] == 0 && metrics["somastack_memory_buffer_replayed_total"] >= 1);
        var said = await PostAsync(pair.Client, "/v1/recall", new { query = "lighthouse keeper", @namespace = "conversation/owner" }, HttpStatusCode.OK);
        Assert.Equal("What is the lighthouse keeper called?", said.GetProperty("results")[0].GetProperty("text").GetString());
        // What the brain holds is not in the gateway's database.
        var here = await pair.Client.GetFromJsonAsync<JsonElement>("/v1/memory", Stop);
        Assert.Equal(1, here.GetProperty("data").GetArrayLength());
        await pair.KillBrainAsync();
        var unanswered = await PostAsync(pair.Client, "/v1/sessions/start", new { prompt = "Who keeps the lighthouse?" }, HttpStatusCode.Created);
        Assert.Contains("brain_unreachable", unanswered.GetRawText(), StringComparison.Ordinal);
    }

    private static async Task OutageIsVisibleAsync(HttpClient client, string space)
    {
        var first = await UntilAsync(client, static metrics => metrics["somastack_memory_buffer_depth"] > 0 && metrics["somastack_memory_buffer_oldest_age_seconds"] > 0);
        await UntilAsync(client, metrics => metrics["somastack_memory_buffer_oldest_age_seconds"] > first["somastack_memory_buffer_oldest_age_seconds"] + 0.5);
        var recalled = await PostAsync(client, "/recall", new { query = "anything", @namespace = space }, HttpStatusCode.OK);
        Assert.Equal(0, recalled.GetProperty("results").GetArrayLength());
        Assert.Equal("brain_unreachable", recalled.GetProperty("degraded_reasons")[0].GetString());
        var retrieved = await PostAsync(client, "/v1/rag/retrieve", new { query = "anything" }, HttpStatusCode.OK);
        Assert.Equal("", retrieved.GetProperty("context").GetProperty("text").GetString());
        using var read = await client.GetAsync("/v1/memory", Stop);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (read.StatusCode, read.Headers.RetryAfter?.Delta > TimeSpan.Zero));
        using var change = new HttpRequestMessage(HttpMethod.Patch, "/v1/memory/x") { Content = JsonContent.Create(new { text = "x" }) };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.SendAsync(change, Stop)).StatusCode);
        await PostAsync(client, "/v1/remember", new { text = "" }, HttpStatusCode.UnprocessableEntity);
        var health = await client.GetStringAsync("/readyz?verbose", Stop);
        Assert.Contains("brain unreachable", health, StringComparison.Ordinal);
        Assert.Equal("unreachable", (await client.GetFromJsonAsync<JsonElement>("/v1/outbox/status", Stop)).GetProperty("brain").GetString());
    }

    private static async Task EverythingIsThereAsync(HttpClient client, Load load, int seed)
    {
        var stored = new List<JsonElement>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/v1/memory?namespace={load.Space}&limit=200&cursor={cursor}", Stop);
            stored.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        var ids = stored.Select(memory => memory.GetProperty("id").GetString()!).ToHashSet();
        Assert.True(load.Acknowledged.Keys.All(ids.Contains), $"{load.Acknowledged.Keys.Count(id => !ids.Contains(id))} acknowledged memories are missing (seed {seed})");
        Assert.True(stored.Count == load.Acknowledged.Count, $"{stored.Count} memories for {load.Acknowledged.Count} acknowledged writes (seed {seed})");
        for (var w = 0; w < Writers; w++)
        {
            // The list is newest first; the numbers count up as they were written.
            var numbers = stored.Where(memory => memory.GetProperty("conversation").GetString() == "c" + w)
                .Select(memory => int.Parse(memory.GetProperty("text").GetString()!.Split(' ')[^1], CultureInfo.InvariantCulture)).Reverse().ToList();
            Assert.True(numbers.SequenceEqual(Enumerable.Range(0, numbers.Count)), $"conversation c{w}: {string.Join(' ', numbers)} (seed {seed})");
        }
    }

    private static async Task<Dictionary<string, double>> UntilAsync(HttpClient client, Func<Dictionary<string, double>, bool> holds)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var metrics = (await client.GetStringAsync("/metrics", deadline.Token)).Split('\n').Where(line => line.StartsWith("somastack_memory_", StringComparison.Ordinal) && !line.Contains("_bucket", StringComparison.Ordinal))
                .Select(line => line.Split(' ')).ToLookup(parts => parts[0].Split('{')[0], parts => double.Parse(parts[1], CultureInfo.InvariantCulture)).ToDictionary(group => group.Key, group => group.First());
            if (metrics.ContainsKey("somastack_memory_buffer_depth") && holds(metrics)) return metrics;
        }
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string address, object body, HttpStatusCode expected)
    {
        using var response = await client.PostAsJsonAsync(address, body, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(expected == response.StatusCode, $"{address}: {response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Writers that count up, each in its own conversation, as many writes as the test allows; a failed request is repeated under its key.</summary>
    private sealed class Load(HttpClient client, string space) : IDisposable
    {
        private readonly SemaphoreSlim _allowed = new(0);
        private readonly SemaphoreSlim _written = new(0);
        private readonly CancellationTokenSource _end = new();
        private int _pending;
        private int _queued;
        private int _retries;

        public string Space => space;

        public ConcurrentDictionary<string, string> Acknowledged { get; } = new();

        public int Queued => _queued;

        public int Retries => _retries;

        public void Allow(int writes)
        {
            _pending += writes;
            _allowed.Release(writes);
        }

        /// <summary>Returns when these and all before them are acknowledged.</summary>
        public async Task AllowAsync(int writes)
        {
            Allow(writes);
            for (; _pending > 0; _pending--) Assert.True(await _written.WaitAsync(TimeSpan.FromSeconds(30), Stop), "The load stands still.");
        }

        public void End() => _end.Cancel();

        public void Dispose()
        {
            _allowed.Dispose();
            _written.Dispose();
            _end.Dispose();
        }

        public async Task WriteAsync(int writer)
        {
            for (var number = 0; ; number++)
            {
                try
                {
                    await _allowed.WaitAsync(_end.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
                while (!await TryAsync(writer, number)) Interlocked.Increment(ref _retries);
                _written.Release();
            }
        }

        private async Task<bool> TryAsync(int writer, int number)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, number % 2 == 0 ? "/v1/remember" : "/remember")
            {
                Content = JsonContent.Create(new { text = $"writer {writer} says {number}", conversation = "c" + writer, @namespace = space }),
            };
            request.Headers.Add("Idempotency-Key", $"{space}-{writer}-{number}");
            try
            {
                using var response = await client.SendAsync(request, Stop);
                if (response.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.Accepted)) return false;
                var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
                if (answer.GetProperty("queued").GetBoolean()) Interlocked.Increment(ref _queued);
                Assert.True(Acknowledged.TryAdd(answer.GetProperty("id").GetString()!, $"{writer}/{number}"), "Two writes have one id.");
                return true;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                return false;
            }
        }
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly string _keys = Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N"));
        private readonly string _brainData = Path.Combine(Path.GetTempPath(), "soma-brain-" + Guid.CreateVersion7().ToString("N"));
        private SomaProcess? _brain;
        private SomaProcess? _gateway;

        public Uri BrainUrl { get; } = new($"http://127.0.0.1:{FreePort()}");

        public HttpClient Client { get; } = new();

        private Dictionary<string, string> Environment => new() { ["SOMA_KEYS"] = _keys, ["SOMA_BRAIN"] = BrainUrl.ToString() };

        public static async Task<Pair> StartAsync()
        {
            var pair = new Pair();
            await pair.StartBrainAsync();
            pair._gateway = await SomaProcess.StartAsync(null, pair.Environment, "--roles", "api,worker");
            var (exitCode, output, error) = await SomaProcess.RunAsync(pair.Environment, "token", "--data", pair._gateway.Data);
            Assert.True(exitCode == 0, error);
            pair.Client.BaseAddress = pair._gateway.Url;
            pair.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", output.Trim());
            return pair;
        }

        public async Task StartBrainAsync() => _brain = await SomaProcess.StartAtAsync(BrainUrl.ToString(), _brainData, new Dictionary<string, string> { ["SOMA_KEYS"] = _keys }, "--roles", "brain,worker");

        public Task KillBrainAsync() => _brain!.KillAsync();

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            if (_gateway is not null) await _gateway.DisposeAsync();
            if (_brain is not null) await _brain.DisposeAsync();
            if (Directory.Exists(_keys)) Directory.Delete(_keys, recursive: true);
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
