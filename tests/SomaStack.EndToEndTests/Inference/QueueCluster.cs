using System.Net.Http.Headers;
using System.Text;
using Confluent.Kafka;
using SomaStack.Bench;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// PostgreSQL, librdkafka's protocol broker (three nodes in the test's process, real sockets), the recorded provider, one process that
/// takes requests and two that work on them.
/// </summary>
internal sealed class QueueCluster : IAsyncDisposable
{
    // The broker lives as long as the producer that hosts it.
    private static readonly Lazy<(IProducer<Null, Null> Host, string Address)> Broker = new(static () =>
    {
        var config = new ProducerConfig { BootstrapServers = "unused" };
        config.Set("test.mock.num.brokers", "3");
        var host = new ProducerBuilder<Null, Null>(config).SetLogHandler(static (_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(host.Handle).Build();
        return (host, string.Join(',', admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers.Select(broker => $"{broker.Host}:{broker.Port}")));
    });

    private readonly PrivatePostgres _postgres;
    private readonly Dictionary<string, string> _environment;
    private readonly string _folder = Directory.CreateTempSubdirectory("soma-queue-").FullName;
    private readonly SomaProcess?[] _workers = new SomaProcess?[2];
    private SomaProcess _api = null!;

    private QueueCluster(PrivatePostgres postgres, string database, QueueUpstream upstream)
    {
        (_postgres, Upstream) = (postgres, upstream);
        _environment = new Dictionary<string, string>
        {
            ["SOMA_DATABASE"] = database, ["SOMA_KAFKA"] = Broker.Value.Address, ["SOMA_KEYS"] = Path.Combine(_folder, "keys"), ["SOMA_OPENAI_URL"] = upstream.Url,
        };
        Db = Db.Open(database);
    }

    public QueueUpstream Upstream { get; }

    public Db Db { get; }

    public HttpClient Http { get; private set; } = null!;

    public QueueClient Client { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<QueueCluster> StartAsync()
    {
        var upstream = await QueueUpstream.StartAsync();
        var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        var cluster = new QueueCluster(postgres, await postgres.CreateAsync(), upstream);
        cluster._api = await SomaProcess.StartAsync(Path.Combine(cluster._folder, "api"), cluster._environment, "--roles", "api");
        var (exitCode, token, error) = await SomaProcess.RunAsync(cluster._environment, "token", "--data", cluster._api.Data, "--minutes", "60");
        Assert.True(exitCode == 0, error);
        cluster.Http = new HttpClient { BaseAddress = cluster._api.Url };
        cluster.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
        cluster.Client = new QueueClient(cluster.Http);
        return cluster;
    }

    public async Task StartWorkerAsync(int number) =>
        _workers[number] = await SomaProcess.StartAsync(Path.Combine(_folder, $"worker{number}"), _environment, "--roles", "worker");

    /// <summary>SIGKILL; its folder stays for the next life.</summary>
    public Task KillWorkerAsync(int number) => _workers[number]!.KillAsync();

    public Task<long?> LinesAsync(string type) => Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM journal WHERE tenant <> '' AND type = {$"somastack.inference.{type}.v1"}", Stop);

    /// <summary>Waits until every call that was opened has settled, failed or been found lost.</summary>
    public async Task<(long Opened, long Settled, long Failed, long Lost)> CallsAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(90));
        while (true)
        {
            var (opened, settled, failed, lost) = (await LinesAsync("call_opened") ?? 0, await LinesAsync("call_settled") ?? 0, await LinesAsync("call_failed") ?? 0, await LinesAsync("call_lost") ?? 0);
            if (opened == settled + failed + lost) return (opened, settled, failed, lost);
            await Task.Delay(200, deadline.Token);
        }
    }

    /// <summary>Reads the topic until the end of each of these requests was published.</summary>
    public static Dictionary<string, string> Responses(IReadOnlyCollection<string> ids)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig { BootstrapServers = Broker.Value.Address, GroupId = "test-" + Ids.New(), AutoOffsetReset = AutoOffsetReset.Earliest })
            .SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
        consumer.Subscribe("slm.responses");
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(90));
        while (found.Count < ids.Count)
        {
            var message = consumer.Consume(deadline.Token).Message;
            var id = Encoding.UTF8.GetString(message.Headers.GetLastBytes("ce_subject"))["request/".Length..];
            if (ids.Contains(id)) found[id] = Encoding.UTF8.GetString(message.Value);
        }
        consumer.Close();
        return found;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var process in new[] { _workers[0], _workers[1], _api })
            if (process is not null) await process.DisposeAsync();
        await Db.DisposeAsync();
        await _postgres.DisposeAsync();
        await Upstream.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
