using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.JournalTests;

namespace SomaStack.StoreTests.Inference;

/// <summary>The event of a queued request wakes the worker of another process, over every bus and database.</summary>
public sealed class QueueWaking(Databases databases)
{
    /// <summary>A broker is shared between tests and keeps what others published: every test looks at its own lines.</summary>
    private readonly string _run = Ids.New();

    public static TheoryData<string, string> Names => BusContract.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_queued_request_wakes_and_one_of_an_unknown_version_is_a_dead_letter(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        await using var bus = await BusHarness.StartAsync(setup, kind);
        await using var services = new ServiceCollection().AddSingleton<WorkSignal>().BuildServiceProvider();
        var subscriptions = new Subscriptions();
        QueueModule.Handle(subscriptions, services);
        var subscription = Assert.Single(subscriptions.All);
        Assert.Equal("slm.requests", KafkaTopics.Of(Assert.Single(subscription.Types)));
        Assert.Equal("slm.responses", KafkaTopics.Of(RequestEvents.Completed));

        var signal = services.GetRequiredService<WorkSignal>();
        var woken = signal.Next;
        bus.Deliver("test.requests." + _run, subscription.Types, (line, work, cancellationToken) =>
            line.Subject.Contains(_run, StringComparison.Ordinal) ? subscription.Handler(line, work, cancellationToken) : Task.CompletedTask);
        await AppendAsync(setup, _run + "-1", "v9");
        await JournalSetup.UntilAsync(async () => (await setup.DeadLetters().ListAsync("", 10, JournalSetup.Stop)).Count == 1, "the dead letter");
        var letter = Assert.Single(await setup.DeadLetters().ListAsync("", 10, JournalSetup.Stop));
        Assert.Contains("The version 'v9' of slm.requests is not known", letter.Reason, StringComparison.Ordinal);
        Assert.False(woken.IsCompleted);
        await AppendAsync(setup, _run + "-2", RequestEvents.Version);
        await woken.WaitAsync(TimeSpan.FromSeconds(60), JournalSetup.Stop);
    }

    private static Task<long> AppendAsync(JournalSetup setup, string id, string version) => setup.Db.WriteAsync("demo", work => setup.Journal.AppendAsync(
        work, Databases.Context(), "request/" + id, 1, RequestEvents.Queued, new RequestQueued(version, id, null, "chat", "chat", null, new string('a', 64), 0, 5), QueueJson.Default.RequestQueued), JournalSetup.Stop);
}
