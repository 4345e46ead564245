using System.Text;
using Google.Protobuf;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Policy;
using SomaStack.Platform;
using Temporalio.Activities;
using Temporalio.Api.Common.V1;
using Temporalio.Converters;
using Temporalio.Exceptions;
using Temporalio.Testing;

namespace SomaStack.StoreTests.Workflows;

/// <summary>The activities of a run on Temporal, on real databases and without a server: what each does once, whatever is tried again.</summary>
public sealed class TemporalActivityTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task No_replica_takes_a_run_of_Temporal_and_it_is_told_until_a_workflow_has_it(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        await house.StartAsync(Capsules.Sequence("echo"), id: run);
        var row = await house.RowAsync(run);
        Assert.Equal(("running", "temporal", (long?)null, 2L), (row.Status, row.Owner, row.WakeAt, row.Seq));
        var untold = house.Get<TemporalRunStore>();
        Assert.Equal([("demo", run, 0L)], await untold.UntoldAsync(Stop));
        house.Clock.Advance(RunLeaseStore.Lifetime * 3);
        await house.LookAsync();
        Assert.Equal(row, await house.RowAsync(run) with { Chain = row.Chain, Identity = row.Identity });
        Assert.Empty(house.Effects.Done);
        await RunAsync(() => house.Get<RunActivities>().OpenAsync(new RunReference("demo", run)));
        Assert.Empty(await untold.UntoldAsync(Stop));
        await house.SignalAsync(run, "go", "1");
        Assert.Equal([("demo", run, 1L)], await untold.UntoldAsync(Stop));
        Assert.Null((await house.RowAsync(run)).WakeAt);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_decision_is_recorded_once_and_another_one_in_its_place_is_refused(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo", "echo"));
        var decided = await DecideAsync(house, run, new EffectSucceeded(house.Clock.NowMicros(), "s1", 1, new EffectResult("""{"n":1}""", default)));
        var activities = house.Get<RunActivities>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RunAsync(() => activities.RecordAsync(decided))));
        await RunAsync(() => activities.RecordAsync(decided));
        Assert.Equal(["run_began", "step_started", "step_completed", "step_started"], await house.HistoryAsync(run));
        Assert.Equal(["run_started", "step_ended"], await house.JournalAsync(run));
        var other = decided with { Events = [new StepFailed(1, "s1", 1, new StepFailure("other", "Another worker thought otherwise."))] };
        var refused = await Assert.ThrowsAsync<ApplicationFailureException>(() => RunAsync(() => activities.RecordAsync(other)));
        Assert.Equal((RunActivities.Overtaken, true), (refused.ErrorType, refused.NonRetryable));
        Assert.Equal(4, (await house.HistoryAsync(run)).Count);
        // The chain is that of the events, as under the other host.
        var link = new byte[32];
        foreach (var one in await house.Get<RunStore>().EventsAsync("demo", run, 0, 100, Stop)) link = RunProgress.Chain(link, one.Data);
        Assert.Equal(link, (await house.RowAsync(run)).Chain);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_read_the_run_before_a_step_writes_nothing_after_it(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo", "echo"));
        var before = await house.RowAsync(run);
        await RunAsync(async () => await house.Get<RunActivities>().RecordAsync(await DecideAsync(house, run, new EffectSucceeded(1, "s1", 1, new EffectResult("{}", default)))));
        // A step of nothing but taken inputs collides with no number of an event.
        var stale = house.Get<RunProgress>().Of(before, await house.Get<RunProgress>().ReadAsync(before, Stop), [], 7).Write;
        Assert.Equal(WriteOutcome.Refused, await house.Get<RunWriter>().WriteAsync(stale with { After = TemporalRunHost.Owned(stale.After) }));
        Assert.Equal((4L, 0L), ((await house.RowAsync(run)).Seq, (await house.RowAsync(run)).Taken));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Carrying_under_the_same_key_acts_once(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        await using var other = await house.ReplicaAsync();
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        var wanted = new EffectWanted("demo", run, $"run/{run}/s1/1");
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => RunAsync(() => (i % 2 == 0 ? house : other).Get<RunActivities>().CarryAsync(wanted))));
        Assert.All(results, static one => Assert.Equal("""{"n":1,"text":"done"}""", Assert.IsType<EffectSucceeded>(one.Input).Result.Output));
        Assert.Equal([wanted.Key], house.Effects.Done);
        Assert.Null((await RunAsync(() => house.Get<RunActivities>().CarryAsync(wanted with { Key = $"run/{run}/s2/1" }))).Input);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_input_counts_once(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("wait", "wait.signal", """{"name":"go"}""")));
        await house.SignalAsync(run, "go", "1", """{"x":1}""");
        await house.SignalAsync(run, "go", "1", """{"x":2}""");
        var activities = house.Get<RunActivities>();
        var taken = Assert.Single((await RunAsync(() => activities.TakeAsync(new InputsWanted("demo", run, 0)))).Inputs);
        Assert.Equal((1, """{"x":1}"""), (taken.Number, Assert.IsType<SignalCame>(taken.Input).Data));
        Assert.True((await RunAsync(() => activities.OpenAsync(new RunReference("demo", run))))!.Told);
        var decided = await DecideAsync(house, run, taken.Input, 1);
        Assert.False((await RunAsync(() => activities.RecordAsync(decided))).Told);
        Assert.Empty((await RunAsync(() => activities.TakeAsync(new InputsWanted("demo", run, 1)))).Inputs);
        Assert.Equal("completed", (await house.RowAsync(run)).Status);
        Assert.Equal("run_ended", (await Assert.ThrowsAsync<Problem>(() => house.SignalAsync(run, "go", "2"))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Inputs_that_change_nothing_are_taken_all_the_same(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        await house.SignalAsync(run, "go", "1");
        var nothing = new RunDecided("demo", run, 2, 1, []);
        Assert.False((await RunAsync(() => house.Get<RunActivities>().RecordAsync(nothing))).Told);
        Assert.False((await RunAsync(() => house.Get<RunActivities>().RecordAsync(nothing))).Told);
        Assert.Equal(1, (await house.RowAsync(run)).Taken);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Cancelling_stops_the_effect(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("gated"));
        var key = $"run/{run}/s1/1";
        var beats = 0;
        var activity = new ActivityEnvironment { Heartbeater = _ => Interlocked.Increment(ref beats) };
        var carrying = activity.RunAsync(() => house.Get<RunActivities>().CarryAsync(new EffectWanted("demo", run, key)));
        await house.Effects.Gate("at " + key).Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        Assert.True(beats > 0);
        activity.Cancel(ActivityCancelReason.CancelRequested);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => carrying.WaitAsync(TimeSpan.FromSeconds(20), Stop));
        Assert.Empty(house.Effects.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_stop_pauses_the_run_and_fails_nothing(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("gated", "echo"));
        var wanted = new EffectWanted("demo", run, $"run/{run}/s1/1");
        var activities = house.Get<RunActivities>();
        var carrying = RunAsync(() => activities.CarryAsync(wanted));
        await house.Effects.Gate("at " + wanted.Key).Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await EngageAsync(house, true);
        var paused = await Assert.ThrowsAsync<ApplicationFailureException>(() => carrying.WaitAsync(TimeSpan.FromSeconds(20), Stop));
        Assert.Equal((RunActivities.Paused, false), (paused.ErrorType, paused.NonRetryable));
        Assert.NotNull(paused.NextRetryDelay);
        Assert.Contains("fire", (await house.RowAsync(run)).Paused, StringComparison.Ordinal);
        Assert.Empty(await house.Get<TemporalRunStore>().UntoldAsync(Stop));
        var decided = await DecideAsync(house, run, new EffectSucceeded(1, "s1", 1, new EffectResult("{}", default)));
        await Assert.ThrowsAsync<ApplicationFailureException>(() => RunAsync(() => activities.RecordAsync(decided)));
        Assert.Equal(2, (await house.RowAsync(run)).Seq);
        await EngageAsync(house, false);
        house.Clock.Advance(TimeSpan.FromSeconds(3));
        await house.LookAsync();
        var row = await house.RowAsync(run);
        Assert.Equal(((string?)null, (long?)null), (row.Paused, row.WakeAt));
        house.Effects.Gate(wanted.Key).SetResult();
        Assert.IsType<EffectSucceeded>((await RunAsync(() => activities.CarryAsync(wanted))).Input);
        Assert.Equal([wanted.Key], house.Effects.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_fault_of_the_program_is_tried_again_and_then_fails_the_step(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        house.Effects.Before = static _ => throw new InvalidOperationException("A fault.");
        var wanted = new EffectWanted("demo", run, $"run/{run}/s1/1");
        for (var i = 0; i < 4; i++) await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(() => house.Get<RunActivities>().CarryAsync(wanted)));
        var failed = Assert.IsType<EffectFailed>((await RunAsync(() => house.Get<RunActivities>().CarryAsync(wanted))).Input);
        Assert.Equal((PlatformProblems.Internal.Code, false), (failed.Failure.Code, failed.Retryable));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_database_that_is_away_is_no_failure_of_the_step(string name)
    {
        CrashingDb? crashing = null;
        await using var house = await RunHouse.WithoutServerAsync(databases, name, db => crashing = new CrashingDb(db, 1, committed: true));
        var run = await house.StartAsync(Capsules.Sequence("echo", "echo"));
        var decided = await DecideAsync(house, run, new EffectSucceeded(1, "s1", 1, new EffectResult("{}", default)));
        crashing!.Arm();
        // It is committed and nobody hears of it: Temporal tries again, on another worker.
        await Assert.ThrowsAsync<CrashedException>(() => RunAsync(() => house.Get<RunActivities>().RecordAsync(decided)));
        await using var other = await house.ReplicaAsync();
        await RunAsync(() => other.Get<RunActivities>().RecordAsync(decided));
        Assert.Equal(4, (await other.HistoryAsync(run)).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_decision_about_an_approval_that_came_too_early_is_found(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("approved"));
        var activities = house.Get<RunActivities>();
        var suspended = Assert.IsType<EffectSuspended>((await RunAsync(() => activities.CarryAsync(new EffectWanted("demo", run, $"run/{run}/s1/1")))).Input);
        await house.DecideAsync(suspended.ApprovalId);
        await house.HearApprovalsAsync();
        Assert.True((await RunAsync(async () => await activities.RecordAsync(await DecideAsync(house, run, suspended)))).Told);
        Assert.Null(Assert.IsType<ApprovalEnded>(Assert.Single((await RunAsync(() => activities.TakeAsync(new InputsWanted("demo", run, 0)))).Inputs).Input).Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task No_payload_holds_contents_and_what_it_refers_to_goes_with_the_run(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        const string secret = "the-name-of-a-person";
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("s1", "world.echo", $$"""{"who":"{{secret}}"}"""), Capsules.Step("s2", "wait.signal", """{"name":"go"}""", "s1")));
        var activities = house.Get<RunActivities>();
        var wanted = new EffectWanted("demo", run, $"run/{run}/s1/1");
        var opened = await RunAsync(() => activities.OpenAsync(new RunReference("demo", run)));
        var carried = await RunAsync(() => activities.CarryAsync(wanted));
        var decided = await DecideAsync(house, run, carried.Input!);
        var recorded = await RunAsync(() => activities.RecordAsync(decided));
        await house.SignalAsync(run, "go", "1", $$"""{"by":"{{secret}}"}""");
        var taken = await RunAsync(() => activities.TakeAsync(new InputsWanted("demo", run, 0)));
        var large = new EffectCarried(new EffectSucceeded(1, "s1", 1, new EffectResult($$"""{"text":"{{new string('x', 3 << 20)}}"}""", default)));
        var converter = TemporalLink.ConverterOf(house.Get<ClaimStore>()).WithSerializationContext(new ISerializationContext.Workflow("default", TemporalRunHost.IdOf("demo", run)));
        object[] all = [new RunReference("demo", run), opened!, wanted, carried, decided, recorded, taken, large];
        var payloads = (await converter.ToPayloadsAsync(all)).ToList();
        foreach (var payload in payloads)
        {
            Assert.True(payload.CalculateSize() < 300, payload.ToString());
            Assert.DoesNotContain(secret, Encoding.UTF8.GetString(payload.ToByteArray()), StringComparison.Ordinal);
        }
        Assert.Contains(secret, Assert.IsType<SignalCame>((await converter.ToValueAsync<InputsTaken>(payloads[6])).Inputs[0].Input).Data, StringComparison.Ordinal);
        Assert.Equal(3 << 20, Assert.IsType<EffectSucceeded>((await converter.ToValueAsync<EffectCarried>(payloads[7])).Input).Result.Output.Length - """{"text":""}""".Length);
        // Of another run nothing is found under the same digest.
        var elsewhere = TemporalLink.ConverterOf(house.Get<ClaimStore>()).WithSerializationContext(new ISerializationContext.Workflow("default", TemporalRunHost.IdOf("other", run)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => elsewhere.ToValueAsync<EffectCarried>(payloads[7]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => TemporalLink.ConverterOf(house.Get<ClaimStore>()).ToPayloadAsync(carried));
        await RunAsync(async () => await activities.RecordAsync(await DecideAsync(house, run, taken.Inputs[0].Input, 1)));
        Assert.Equal("completed", (await house.RowAsync(run)).Status);
        Assert.Equal(1, await house.Get<RunStore>().SweepAsync(house.Clock.NowMicros() + 1, 10, Stop));
        await Assert.ThrowsAsync<InvalidOperationException>(() => converter.ToValueAsync<EffectCarried>(payloads[7]));
        Assert.Null(await RunAsync(() => activities.OpenAsync(new RunReference("demo", run))));
    }

    private static Task<T> RunAsync<T>(Func<Task<T>> activity) => new ActivityEnvironment().RunAsync(activity);

    /// <summary>What the workflow would decide of this input, from what the tables hold.</summary>
    private static async Task<RunDecided> DecideAsync(RunHouse house, string run, RunInput input, long taken = 0)
    {
        var row = await house.RowAsync(run);
        var (_, events) = RunRound.Decide(await house.Get<KnownStates>().OfAsync(row, Stop), [input], house.Clock.NowMicros(), RunDecider.EventsMax);
        return new RunDecided("demo", run, row.Seq, taken, events);
    }

    private static async Task EngageAsync(RunHouse house, bool engaged)
    {
        var state = await house.Db.WriteAsync("demo", async work =>
        {
            var key = KillKey.Of("demo");
            var now = house.Clock.GetUtcNow();
            if (engaged) return await KillSwitchStore.EngageAsync(work, key, "fire drill", "ops", now);
            return (await KillSwitchStore.ReleaseAsync(work, (await KillSwitchStore.FindAsync(work, key))!, "over", "ops", now))!;
        }, Stop);
        house.Get<KillSwitch>().Learn(state);
        house.Get<WatchKillSwitches>().Tell();
    }
}
