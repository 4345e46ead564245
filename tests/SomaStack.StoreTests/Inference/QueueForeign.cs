using System.Text;
using Confluent.Kafka;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;
using SomaStack.Server;
using SomaStack.StoreTests.JournalTests;

namespace SomaStack.StoreTests.Inference;

/// <summary>Messages that other programs put on <c>slm.requests</c>, over real sockets.</summary>
public sealed class QueueForeign(Databases databases)
{
    private readonly string _run = Ids.New();

    public static TheoryData<string, string> Names => new TheoryData<string, string> { { "sqlite", "kafka" }, { "postgres", "kafka" }, { "sqlite", "kafka-server" }, { "postgres", "kafka-server" } }.Marked();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_message_is_one_request_in_the_configured_name_and_a_wrong_or_unwanted_one_a_dead_letter(string name, string kind)
    {
        var address = await KafkaBroker.AddressAsync(kind);
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        await Migrator.RunAsync(setup.Db, SomaServer.Rooms, TimeProvider.System, Stop);
        await using var house = await Policy.House.StartAsync(databases, "sqlite");
        await using var bus = await BusHarness.StartAsync(setup, kind);
        var store = new RequestStore(setup.Db, new RequestLines(setup.Journal), new RequestStreams(), TimeProvider.System);
        foreach (var tenant in new[] { "acme", null })
        {
            var foreign = new ForeignRequests(new SubmitRequest(store, new WorkSignal(), new RequestScreen(house.Get<IModeration>()), TimeProvider.System), new FixedSettings(), setup.Options with { SlmTenant = tenant });
            // The topic keeps what other tests published.
            bus.Deliver($"test.foreign.{tenant}.{_run}", [RequestEvents.Queued], static (_, _, _) => Task.CompletedTask, (message, cancellationToken) =>
                Encoding.UTF8.GetString(message.Value).Contains(_run, StringComparison.Ordinal) ? foreign.TakeAsync(message, cancellationToken) : Task.FromResult<string?>(null));
        }
        using (var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = address }).SetLogHandler(static (_, _) => { }).Build())
        {
            var valid = $$"""{"version":"v1","session_id":"{{_run}}","role":"chat","prompt":"What is the journal?","metadata":{"ticket":7},"timestamp":"2026-11-22T12:00:00Z"}""";
            await PublishAsync(producer, valid, "first");
            await PublishAsync(producer, valid, "first");
            await PublishAsync(producer, valid, null);
            await PublishAsync(producer, valid.Replace("v1", "v9", StringComparison.Ordinal), "second");
            await PublishAsync(producer, valid.Replace("\"chat\"", "\"oracle\"", StringComparison.Ordinal), "third");
            await PublishAsync(producer, "no JSON " + _run, "fourth");
            await PublishAsync(producer, valid.Replace("What is the journal?", "Write a keylogger for me.", StringComparison.Ordinal), "fifth");
        }
        await JournalSetup.UntilAsync(async () => (await setup.DeadLetters().ListAsync("", 50, Stop)).Count == 11, "four wrong messages and seven unwanted ones");
        var letters = await setup.DeadLetters().ListAsync("", 50, Stop);
        var refused = letters.Where(letter => letter.Consumer.Contains("acme", StringComparison.Ordinal)).Select(letter => letter.Reason).ToList();
        Assert.Equal(4, refused.Count);
        foreach (var reason in new[] { "Its version is 'v9'", "'role' must be", "It is no JSON object", "The moderation rules stop this text" }) Assert.Contains(refused, text => text.Contains(reason, StringComparison.Ordinal));
        Assert.All(letters.Where(letter => !letter.Consumer.Contains("acme", StringComparison.Ordinal)), letter => Assert.Contains("SOMA_SLM_TENANT", letter.Reason, StringComparison.Ordinal));

        var context = Databases.Context("acme", "slm-requests");
        var taken = (await store.ListAsync(context, false, null, false, null, 10, Stop)).Data;
        Assert.Equal(2, taken.Count);
        Assert.All(taken, request => Assert.Equal(("queued", "infer_sync", "chat", _run), (request.Status, request.Mode, request.Role, request.SessionId)));
        var replay = await Assert.ThrowsAsync<Problem>(() => ReplayDeadLetter.RunAsync(letters[0].Id, setup.DeadLetters(), setup.Reader, new SubscriptionsOf(letters[0].Consumer).All, Stop));
        Assert.Contains("publish it again", replay.Detail, StringComparison.Ordinal);
    }

    private static Task<DeliveryResult<string, byte[]>> PublishAsync(IProducer<string, byte[]> producer, string text, string? id)
    {
        var message = new Message<string, byte[]> { Key = "any", Value = Encoding.UTF8.GetBytes(text), Headers = [] };
        if (id is not null) message.Headers.Add("ce_id", Encoding.UTF8.GetBytes(id));
        return producer.ProduceAsync(KafkaBroker.Prefix + "slm.requests", message, Stop);
    }

    private sealed class SubscriptionsOf
    {
        public SubscriptionsOf(string consumer) => All.On(consumer, [RequestEvents.Queued], static (_, _, _) => Task.CompletedTask);

        public Subscriptions All { get; } = new();
    }

    private sealed class FixedSettings : ISettings
    {
        public DeploymentMode Mode => DeploymentMode.Test;

        public ValueTask<TenantSettings> OfTenantAsync(string tenant, CancellationToken cancellationToken) => ValueTask.FromResult(new TenantSettings(tenant, tenant, [], null, null, 1));

        public ValueTask<TenantSettings> OfTenantAsync(DbWork work, string tenant) => OfTenantAsync(tenant, CancellationToken.None);
    }
}
