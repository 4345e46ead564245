using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

/// <summary>One bus over one database, as a replica would run it.</summary>
internal sealed class BusHarness : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly IEventBus _bus;
    private readonly Lease _lease;
    private KafkaRelay? _relay;

    private BusHarness(IEventBus bus, Lease lease) => (_bus, _lease) = (bus, lease);

    public static async Task<BusHarness> StartAsync(JournalSetup setup, string kind, int attempts = 3)
    {
        var lease = setup.Lease();
        await lease.TakeAsync(JournalSetup.Stop);
        // As a replica does: a lease that is not renewed runs out while a loaded machine still works on the test.
        await lease.StartAsync(JournalSetup.Stop);
        if (kind == "journal")
        {
            var inProcess = new JournalBus(setup.Db, setup.Journal, setup.Reader, setup.Delivery(attempts), lease, TimeProvider.System, NullLogger<JournalBus>.Instance);
            return new BusHarness(inProcess, lease);
        }
        var options = setup.Options with { Kafka = await KafkaBroker.AddressAsync(kind), KafkaPrefix = KafkaBroker.Prefix };
        var bus = new BusHarness(new KafkaBus(setup.Db, setup.Delivery(attempts), setup.DeadLetters(), options, TimeProvider.System, NullLogger<KafkaBus>.Instance) { SessionTimeoutMs = 6000 }, lease);
        bus._relay = new KafkaRelay(setup.Db, setup.Journal, setup.Reader, lease, options, TimeProvider.System, NullLogger<KafkaRelay>.Instance);
        bus._running.Add(bus._relay.RunAsync(bus._stop.Token));
        return bus;
    }

    public void Deliver(string consumer, IReadOnlyList<string> types, Func<JournalLine, DbWork, CancellationToken, Task> handler, ForeignHandler? foreign = null) =>
        _running.Add(_bus.DeliverAsync(new Subscription(consumer, types, handler, foreign), _stop.Token));

    /// <summary>For the reader of a failure: what this replica still does.</summary>
    public string State => $"lease {(_lease.Held ? "held" : "not held")}{(_relay is null ? "" : $", relay {_relay.Trouble ?? "without trouble"}")}, {_running.Count(task => task.IsCompleted)} of {_running.Count} loops ended";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // A handler that fails while the bus is being stopped ends its loop with that failure; it is no test's concern here.
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _relay?.Dispose();
        await _lease.StopAsync(CancellationToken.None);
        await _lease.ReleaseAsync(CancellationToken.None);
        _lease.Dispose();
        _stop.Dispose();
    }
}
