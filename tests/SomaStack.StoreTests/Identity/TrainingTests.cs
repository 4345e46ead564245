using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity;

public sealed class TrainingTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task One_holds_a_tenant_for_training_everybody_else_waits_and_another_replica_knows_within_a_look(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        var (ada, bob, neighbour) = (Databases.Context("demo", "ada"), Databases.Context("demo", "bob"), Databases.Context("acme", "bob"));
        await there.Get<IdentityWatch>().LookAsync(Stop);
        var starts = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try { await (i % 2 == 0 ? here : there).Get<Training>().StartAsync(new StartTrainingRequest("tuning"), ada, Stop); return ""; } catch (Problem refused) { return refused.Code.Code; }
        }));
        Assert.Single(starts, static outcome => outcome.Length == 0);
        Assert.All(starts.Where(static outcome => outcome.Length > 0), static outcome => Assert.Equal("training_running", outcome));

        foreach (var house in new[] { here, there })
        {
            await house.Get<IdentityWatch>().LookAsync(Stop);
            var training = house.Get<ITraining>();
            await training.ThrowIfLockedAsync(ada, Stop);
            await training.ThrowIfLockedAsync(neighbour, Stop);
            var locked = await Assert.ThrowsAsync<Problem>(async () => await training.ThrowIfLockedAsync(bob, Stop));
            Assert.Equal(("training_locked", 423), (locked.Code.Code, (int)locked.Code.Kind));
            Assert.Contains("'ada' trains in this tenant until 2026-11-22T13:00:00Z: tuning", locked.Detail, StringComparison.Ordinal);
        }

        await RefusedAsync("not_found", () => here.Get<Training>().StopAsync(new StopTrainingRequest("acme"), ada, Stop));
        await RefusedAsync("capability_missing", () => here.Get<Training>().StopAsync(new StopTrainingRequest(Reason: "x"), bob with { Capabilities = CapabilitySet.None }, Stop));
        await RefusedAsync("invalid_request", () => here.Get<Training>().StopAsync(new StopTrainingRequest(), bob, Stop));
        await here.Get<Training>().StopAsync(new StopTrainingRequest(Reason: "she went home"), bob, Stop);
        await here.Get<ITraining>().ThrowIfLockedAsync(bob, Stop);
        await there.Get<IdentityWatch>().LookAsync(Stop);
        await there.Get<ITraining>().ThrowIfLockedAsync(bob, Stop);
        await RefusedAsync("training_idle", () => here.Get<Training>().StopAsync(new StopTrainingRequest(), ada, Stop));
        Assert.Equal([IdentityEvents.TrainingStarted, IdentityEvents.TrainingStopped],
            (await here.JournalAsync("demo")).Where(static line => line.Contains(".training_", StringComparison.Ordinal)).Select(static line => line.Split(' ')[0]));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_training_ends_by_itself_and_a_replica_that_cannot_look_asks_the_database(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var (ada, bob) = (Databases.Context("demo", "ada"), Databases.Context("demo", "bob"));
        await house.Get<IdentityWatch>().LookAsync(Stop);
        await house.Get<Training>().StartAsync(new StartTrainingRequest("tuning", Minutes: 1), ada, Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(59));
        // The last look is too old by now, so this asks.
        await RefusedAsync("training_locked", async () => await house.Get<ITraining>().ThrowIfLockedAsync(bob, Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        await house.Get<ITraining>().ThrowIfLockedAsync(bob, Stop);
        await house.Get<Training>().StartAsync(new StartTrainingRequest("again", Minutes: 1440), bob, Stop);
        await RefusedAsync("invalid_request", () => house.Get<Training>().StartAsync(new StartTrainingRequest("long", Minutes: 1441), bob, Stop));
        await RefusedAsync("invalid_request", () => house.Get<Training>().StartAsync(new StartTrainingRequest(""), bob, Stop));
    }

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);
}
