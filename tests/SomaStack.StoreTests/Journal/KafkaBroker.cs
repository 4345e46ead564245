using Confluent.Kafka;
using Confluent.Kafka.Admin;
using SomaStack.Platform;

[assembly: AssemblyFixture(typeof(SomaStack.StoreTests.JournalTests.KafkaBroker))]

namespace SomaStack.StoreTests.JournalTests;

/// <summary>
/// <c>kafka</c> is librdkafka's own protocol broker, three nodes in this process: real sockets, real groups and rebalances, nothing
/// durable. <c>kafka-server</c> is whatever <c>SOMA_TEST_KAFKA</c> names (<c>host:port,…</c>); topics and groups of a run begin with a name of
/// its own there, are removed at its end, and nothing else is touched.
/// </summary>
public sealed class KafkaBroker : IAsyncDisposable
{
    public static readonly string Prefix = $"soma-selftest-{Ids.New()}.";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // The broker lives as long as the producer that hosts it: as long as this process.
    private static readonly Lazy<(IProducer<Null, Null> Host, string Address)> Own = new(static () =>
    {
        var config = new ProducerConfig { BootstrapServers = "unused" };
        config.Set("test.mock.num.brokers", "3");
        var host = new ProducerBuilder<Null, Null>(config).SetLogHandler(static (_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(host.Handle).Build();
        return (host, string.Join(',', admin.GetMetadata(Patience).Brokers.Select(broker => $"{broker.Host}:{broker.Port}")));
    });

    // Made beforehand, since not every broker makes topics by itself.
    private static readonly Lazy<Task<string>> Named = new(static async () =>
    {
        var server = Environment.GetEnvironmentVariable("SOMA_TEST_KAFKA")!;
        using var admin = Admin(server);
        await admin.CreateTopicsAsync(KafkaTopics.All.Select(static topic => new TopicSpecification { Name = Prefix + topic, NumPartitions = 3, ReplicationFactor = -1 }));
        return server;
    });

    public static async Task<string> AddressAsync(string kind)
    {
        if (kind == "kafka") return Own.Value.Address;
        Assert.SkipWhen(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("SOMA_TEST_KAFKA")), "SOMA_TEST_KAFKA names no Kafka server (host:port).");
        return await Named.Value;
    }

    public async ValueTask DisposeAsync()
    {
        if (!Named.IsValueCreated || !Named.Value.IsCompletedSuccessfully) return;
        using var admin = Admin(await Named.Value);
        var groups = (await admin.ListConsumerGroupsAsync(new ListConsumerGroupsOptions { RequestTimeout = Patience })).Valid.Select(static group => group.GroupId).Where(IsMine).ToList();
        if (groups.Count > 0) await admin.DeleteGroupsAsync(groups);
        var topics = admin.GetMetadata(Patience).Topics.Select(static topic => topic.Topic).Where(IsMine).ToList();
        if (topics.Count > 0) await admin.DeleteTopicsAsync(topics);
    }

    private static bool IsMine(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    private static IAdminClient Admin(string server) => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = server }).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();
}
