using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Replicas that die, stall or lose their lease: no step is lost and none takes effect twice.</summary>
public sealed class RunFaultContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Another_replica_goes_on_where_a_dead_one_stood(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var two = await one.ReplicaAsync();
        var run = await one.StartAsync(Capsules.Sequence("echo", "gated", "echo"));
        await one.WhenAsync(run, static row => row.Seq == 4);
        await one.KillAsync();
        await two.LookAsync();
        Assert.Equal(one.Effects.Done, [$"run/{run}/s1/1"]);
        Assert.NotEqual(two.Host.Replica, (await two.RowAsync(run)).Owner);
        one.Clock.Advance(RunLeaseStore.Lifetime + TimeSpan.FromMilliseconds(1));
        await two.LookAsync();
        one.Effects.Gate($"run/{run}/s2/1").SetResult();
        var row = await two.OverAsync(run);
        Assert.Equal("completed", row.Status);
        Assert.Equal([$"run/{run}/s1/1", $"run/{run}/s2/1", $"run/{run}/s3/1"], one.Effects.Done);
        Assert.Equal(8, row.Seq);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_owner_that_slept_through_its_lease_writes_nothing_any_more(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var two = await one.ReplicaAsync();
        var run = await one.StartAsync(Capsules.Sequence("gated", "wait"));
        var before = await one.RowAsync(run);
        one.Clock.Advance(RunLeaseStore.Lifetime + TimeSpan.FromMilliseconds(1));
        await two.LookAsync();
        var taken = await two.RowAsync(run);
        Assert.True(taken.Epoch > before.Epoch);
        Assert.Equal(two.Host.Replica, taken.Owner);
        // The old owner's own result comes now; the new owner has the same effect under way and is held by the same gate.
        var step = one.Get<RunProgress>().Next(new HotRun(before, await one.Get<RunProgress>().ReadAsync(before, Stop), Stop),
            [new EffectSucceeded(one.Clock.NowMicros(), "s1", 1, new EffectResult("""{"stale":true}""", default))], before.Taken);
        Assert.Equal(WriteOutcome.Refused, await one.Get<RunWriter>().WriteAsync(step.Write));
        Assert.Equal(taken.Seq, (await two.RowAsync(run)).Seq);
        one.Effects.Gate($"run/{run}/s1/1").SetResult();
        Assert.Equal("completed", (await two.OverAsync(run)).Status);
        Assert.False((await two.ViewAsync(run)).Steps[0].Output!.Value.TryGetProperty("stale", out _));
        Assert.Equal(2, one.Effects.Done.Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_replica_that_stops_hands_its_runs_over_at_once(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var two = await one.ReplicaAsync();
        var run = await one.StartAsync(Capsules.Sequence("echo", "gated"));
        await one.WhenAsync(run, static row => row.Seq == 4);
        var replica = one.Host.Replica;
        await one.KillAsync();
        await one.Get<RunLeaseStore>().LeaveAsync(replica, Stop);
        await two.LookAsync();
        one.Effects.Gate($"run/{run}/s2/1").SetResult();
        Assert.Equal("completed", (await two.OverAsync(run)).Status);
        Assert.Equal(2, one.Effects.Done.Count);
    }

    public static TheoryData<string, bool> Crashes => new TheoryData<string, bool> { { "sqlite", false }, { "sqlite", true }, { "postgres", false }, { "postgres", true } }.Marked();

    /// <summary>Dies at each of its writes in turn, on either side of the commit; another replica then ends the run.</summary>
    [Theory, MemberData(nameof(Crashes))]
    public async Task Dying_at_any_write_loses_no_step_and_doubles_none(string name, bool committed)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        for (var write = 1; write <= 6; write++)
        {
            CrashingDb? crashing = null;
            await using var dying = await one.ReplicaAsync(db => crashing = new CrashingDb(db, write, committed));
            crashing!.Arm();
            var run = $"crash-{name}-{committed}-{write}";
            var started = await Record.ExceptionAsync(() => dying.StartAsync(Capsules.Sequence("echo", "echo", "echo"), id: run));
            if (started is null) await Task.WhenAny(crashing.Died.Task, dying.OverAsync(run));
            await dying.KillAsync();
            // Whoever asked for the start and did not hear asks again, with the same id.
            if (started is not null) await one.StartAsync(Capsules.Sequence("echo", "echo", "echo"), id: run);
            one.Clock.Advance(RunLeaseStore.Lifetime + TimeSpan.FromMilliseconds(1));
            await one.LookAsync();
            await RunHostContract.LookUntilOverAsync(one, run);
            Assert.Equal("completed", (await one.RowAsync(run)).Status);
            Assert.Equal([$"run/{run}/s1/1", $"run/{run}/s2/1", $"run/{run}/s3/1"], one.Effects.Done.Where(key => key.StartsWith($"run/{run}/", StringComparison.Ordinal)));
            Assert.Equal(8, (await one.HistoryAsync(run)).Count);
        }
    }

    /// <summary>Dies right before or right after an effect took place, before anybody heard of it.</summary>
    [Theory, MemberData(nameof(Crashes))]
    public async Task Dying_between_an_effect_and_its_record_does_it_once(string name, bool after)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 8; round++)
        {
            CrashingDb? crashing = null;
            await using var dying = await one.ReplicaAsync(db => crashing = new CrashingDb(db, int.MaxValue, false));
            var run = $"effect-{name}-{after}-{round}";
            var at = $"run/{run}/s{random.Next(1, 5)}/1";
            void Die(string key)
            {
                if (key != at || crashing!.IsDead) return;
                crashing.Die();
                throw new CrashedException();
            }

            if (after) one.Effects.After = Die;
            else one.Effects.Before = Die;
            await dying.StartAsync(Capsules.Sequence("echo", "echo", "echo", "echo"), id: run);
            await crashing!.Died.Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
            await dying.KillAsync();
            (one.Effects.Before, one.Effects.After) = (null, null);
            one.Clock.Advance(RunLeaseStore.Lifetime + TimeSpan.FromMilliseconds(1));
            await one.LookAsync();
            await RunHostContract.LookUntilOverAsync(one, run);
            Assert.Equal([.. Enumerable.Range(1, 4).Select(i => $"run/{run}/s{i}/1")], one.Effects.Done.Where(key => key.StartsWith($"run/{run}/", StringComparison.Ordinal)));
        }
    }

    /// <summary>The second person was quicker than the step that says that the run waits, and the process dies with that step committed.</summary>
    [Theory, MemberData(nameof(Names))]
    public async Task Dying_as_a_run_begins_to_wait_loses_no_yes(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        CrashingDb? crashing = null;
        await using var dying = await one.ReplicaAsync(db => crashing = new CrashingDb(db, 1, committed: true));
        one.Effects.Asked = async approval =>
        {
            await one.DecideAsync(approval);
            await one.HearApprovalsAsync();
            crashing!.Arm();
        };
        var run = await dying.StartAsync(Capsules.Sequence("approved", "echo"));
        await crashing!.Died.Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await dying.KillAsync();
        one.Clock.Advance(RunLeaseStore.Lifetime + TimeSpan.FromMilliseconds(1));
        await one.LookAsync();
        await RunHostContract.LookUntilOverAsync(one, run);
        Assert.Equal("completed", (await one.RowAsync(run)).Status);
        Assert.Equal(2, one.Effects.Done.Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_replica_without_a_place_leaves_the_run_to_one_that_has(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var front = await one.ReplicaAsync();
        await front.KillAsync();
        var run = await front.StartAsync(Capsules.Sequence("echo"));
        Assert.Empty(one.Effects.Done);
        await one.LookAsync();
        Assert.Equal("completed", (await one.OverAsync(run)).Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_input_that_the_owner_has_not_seen_keeps_the_run_due(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var two = await one.ReplicaAsync();
        var run = await one.StartAsync(Capsules.Of(Capsules.Step("a", "world.gated"), Capsules.Step("b", "wait.signal", """{"name":"go"}""", "a")));
        // Told on another replica, which has no way to tell the owner in time.
        await two.SignalAsync(run, "go", "1");
        one.Effects.Gate($"run/{run}/a/1").SetResult();
        await one.WhenAsync(run, static row => row.Owner.Length == 0);
        await RunHostContract.LookUntilOverAsync(one, run);
        Assert.Equal("completed", (await one.RowAsync(run)).Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_long_history_goes_on_as_a_new_one(string name)
    {
        await using var one = await RunHouse.StartAsync(databases, name);
        await using var two = await one.ReplicaAsync();
        var items = Capsules.Step("all", "world.echo") with { ForEach = "inputs.list", MaxParallel = 100 };
        var capsule = Capsules.Of(items, Capsules.Step("wait", "wait.signal", """{"name":"go"}""", "all"), Capsules.Step("last", "world.echo", "{}", "wait")) with
        {
            Inputs = [new CapsuleInput("list", "list", Required: true)], MaxParallel = 100,
        };
        var inputs = $$"""{"list":[{{string.Join(',', Enumerable.Range(0, 6000))}}]}""";
        var run = await one.StartAsync(capsule, inputs);
        var row = await one.WaitingAsync(run);
        Assert.True(row.Base > 1, $"base {row.Base} of {row.Seq}");
        Assert.Equal("run_continued", (await one.HistoryAsync(run))[0]);
        await one.SignalAsync(run, "go", "1");
        await two.LookAsync();
        Assert.Equal("completed", (await two.OverAsync(run)).Status);
        Assert.Equal(6001, one.Effects.Done.Count);
    }
}
