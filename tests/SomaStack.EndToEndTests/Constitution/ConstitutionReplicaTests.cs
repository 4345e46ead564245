using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using SomaStack.Bench;
using SomaStack.Platform;
using StackExchange.Redis;

namespace SomaStack.EndToEndTests.Constitution;

/// <summary>Two real servers on one PostgreSQL: what one activates the other sees, and neither serves what was altered.</summary>
public sealed class ConstitutionReplicaTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(10);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Without_redis() => RunAsync(null);

    [Fact]
    public async Task With_redis()
    {
        const string Binary = "/usr/bin/redis-server";
        Assert.SkipUnless(File.Exists(Binary), "Redis is not installed (apt-get install redis-server).");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        listener.Stop();
        using var process = Process.Start(new ProcessStartInfo(Binary, ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]) { RedirectStandardOutput = true })!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync(Stop) is { } line)
                if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
            await RunAsync("127.0.0.1:" + port);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task RunAsync(string? redis)
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        var database = await postgres.CreateAsync();
        var keys = Directory.CreateTempSubdirectory("soma-keys-").FullName;
        var environment = new Dictionary<string, string> { ["SOMA_DATABASE"] = database, ["SOMA_KEYS"] = keys };
        if (redis is not null) environment["SOMA_REDIS"] = redis;
        await using var first = await SomaProcess.StartAsync(environment: environment);
        await using var second = await SomaProcess.StartAsync(environment: environment);
        try
        {
            var (exit, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", first.Data, "--minutes", "60");
            Assert.True(exit == 0, error);
            using var here = Client(first.Url, token);
            using var there = Client(second.Url, token);
            var (_, before) = await VersionAsync(there);
            var activated = await ActivateAsync(first, here, keys);
            var since = Stopwatch.GetTimestamp();
            await UntilAsync(async () => (await VersionAsync(there)).Hash != before);
            output.WriteLine($"the other replica saw it after {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
            Assert.Equal((2L, activated), await VersionAsync(there));
            // A token of the earlier constitution starts no session any more.
            await SessionAsync(there, HttpStatusCode.Forbidden);
            (exit, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", first.Data, "--minutes", "60");
            Assert.True(exit == 0, error);
            using var freshHere = Client(first.Url, token);
            using var freshThere = Client(second.Url, token);
            await SessionAsync(freshThere, HttpStatusCode.Created);

            await using var db = Db.Open(database);
            if (redis is not null) await RedisIsNotTrustedAsync(redis, here, there, activated);
            await db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE constitution_versions SET document = REPLACE(document, {"People decide"}, {"People Decide"}) WHERE tenant = {Db.AllTenants}"), Stop);
            foreach (var client in new[] { freshHere, freshThere })
            {
                since = Stopwatch.GetTimestamp();
                await UntilAsync(async () => (await client.GetAsync("/v1/constitution/version", Stop)).StatusCode == HttpStatusCode.ServiceUnavailable, redis is null ? Promise : Promise * 3);
                output.WriteLine($"refused after {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
                await SessionAsync(client, HttpStatusCode.ServiceUnavailable);
            }
        }
        finally
        {
            Directory.Delete(keys, recursive: true);
        }
    }

    /// <summary>Every copy in Redis is altered, again and again for as long as a cache may live: both go on with the true document.</summary>
    private static async Task RedisIsNotTrustedAsync(string redis, HttpClient here, HttpClient there, string hash)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis);
        var database = connection.GetDatabase();
        var server = connection.GetServers()[0];
        var altered = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var round = 0; round < 60; round++)
        {
            foreach (var key in server.Keys(pattern: "soma:constitution:*"))
            {
                if ((string?)await database.StringGetAsync(key) is not { } text || !text.Contains("People decide", StringComparison.Ordinal)) continue;
                await database.StringSetAsync(key, text.Replace("People decide", "People Decide", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
                altered++;
            }
            foreach (var client in new[] { here, there }) Assert.Equal((2L, hash), await VersionAsync(client));
            await timer.WaitForNextTickAsync(Stop);
        }
        Assert.True(altered >= 2, $"{altered} copies were altered.");
        Assert.Contains("People decide", await there.GetStringAsync("/v1/constitution", Stop), StringComparison.Ordinal);
    }

    private static async Task<string> ActivateAsync(SomaProcess soma, HttpClient here, string keys)
    {
        var constitution = await here.GetFromJsonAsync<JsonElement>("/v1/constitution", Stop);
        var document = JsonDocument.Parse(constitution.GetProperty("document").GetRawText().Replace("this installation", "two replicas", StringComparison.Ordinal)).RootElement;
        var body = new { document, version = 2, issued_at = "2026-11-22T18:00:00Z", scope = "installation" };
        using var computed = await here.PostAsJsonAsync("/v1/constitution/checksum", body, Stop);
        var checksum = await computed.Content.ReadFromJsonAsync<JsonElement>(Stop);
        using var key = Ed25519Key.Load(Path.Combine(keys, "constitution.pem"));
        var value = Convert.ToBase64String(key.Sign(Encoding.UTF8.GetBytes(checksum.GetProperty("statement").GetString()!)));
        using var loaded = await here.PostAsJsonAsync("/v1/constitution/load", new { body.document, body.version, body.issued_at, body.scope, signatures = new[] { new { key_id = key.KeyId, algorithm = "ed25519", value } } }, Stop);
        Assert.True(loaded.StatusCode == HttpStatusCode.OK, await loaded.Content.ReadAsStringAsync(Stop));
        using var second = await SecondPerson.AddAsync(soma, here);
        return (await second.ApprovedAsync(here, "/v1/constitution/activate", new { version = 2, scope = "installation" })).GetProperty("hash").GetString()!;
    }

    private static async Task SessionAsync(HttpClient client, HttpStatusCode expected)
    {
        using var response = await client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello" }, Stop);
        Assert.True(response.StatusCode == expected, await response.Content.ReadAsStringAsync(Stop));
    }

    private static async Task<(long Version, string Hash)> VersionAsync(HttpClient client)
    {
        var answer = await client.GetFromJsonAsync<JsonElement>("/v1/constitution/version", Stop);
        return (answer.GetProperty("version").GetInt64(), answer.GetProperty("hash").GetString()!);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan? within = null)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var since = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < (within ?? Promise), "It did not come in time.");
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    private static HttpClient Client(Uri url, string token)
    {
        var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
        return client;
    }
}
