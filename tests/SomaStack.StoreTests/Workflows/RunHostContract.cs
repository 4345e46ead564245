using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>What a host of runs must do, whatever it stands on.</summary>
public sealed class RunHostContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    /// <summary>For what is asked of every host; the rest is about the journal's, its clock or its leases.</summary>
    public static TheoryData<string> Hosts => RunHouse.Hosts;

    [Theory, MemberData(nameof(Hosts))]
    public async Task Steps_are_done_in_order_and_history_and_journal_say_so(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo", "echo"));
        var row = await house.OverAsync(run);
        Assert.Equal(("completed", house.RestingOwner, (long?)null), (row.Status, row.Owner, row.WakeAt));
        Assert.Equal([$"run/{run}/s1/1", $"run/{run}/s2/1"], house.Effects.Done);
        Assert.Equal(["run_began", "step_started", "step_completed", "step_started", "step_completed", "run_completed"], await house.HistoryAsync(run));
        Assert.Equal(["run_started", "step_ended", "step_ended", "run_ended"], await house.JournalAsync(run));
        var view = await house.ViewAsync(run);
        Assert.Equal([("s1", "completed"), ("s2", "completed")], view.Steps.Select(static step => (step.Path, step.Status)));
        Assert.Equal(1, view.Steps[0].Output!.Value.GetProperty("n").GetInt32());
        Assert.Equal(0.00000001m, view.Budget.Money.Used);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task The_chain_in_the_journal_can_be_computed_from_the_history(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        await house.OverAsync(run);
        var link = new byte[32];
        foreach (var one in await house.Get<RunStore>().EventsAsync("demo", run, 0, 100, Stop)) link = SHA256.HashData([.. link, .. Encoding.UTF8.GetBytes(one.Data)]);
        var ended = await house.Db.QueryAsync("demo", static reader => reader.GetString(0), $"SELECT data FROM journal WHERE tenant = {"demo"} AND type = {"somastack.workflows.run_ended.v1"}", Stop);
        using var document = JsonDocument.Parse(Assert.Single(ended));
        Assert.Equal(Convert.ToHexStringLower(link), document.RootElement.GetProperty("history_sha256").GetString());
        Assert.DoesNotContain("\"n\":1", string.Concat(ended), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task The_same_id_begins_one_run(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => house.StartAsync(Capsules.Sequence("echo"), id: "one")));
        await house.OverAsync("one");
        Assert.Equal(["run/one/s1/1"], house.Effects.Done);
        Assert.Single(await house.JournalAsync("one"), static type => type == "run_started");
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task Many_runs_at_once_share_commits_and_lose_nothing(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var runs = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => house.StartAsync(Capsules.Sequence("echo", "echo", "echo"))));
        foreach (var run in runs) Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Equal(300, house.Effects.Done.Distinct().Count());
        Assert.Equal(300, house.Effects.Done.Count);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_signal_may_come_early_or_twice_and_never_after_the_end(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var capsule = Capsules.Of(Capsules.Step("first", "world.gated"), Capsules.Step("wait", "wait.signal", """{"name":"go"}""", "first"), Capsules.Step("last", "world.echo", """{"who":"{{ steps.wait.data.who }}"}""", "wait"));
        var run = await house.StartAsync(capsule);
        await house.SignalAsync(run, "go", "1", """{"who":"early"}""");
        await house.SignalAsync(run, "go", "1", """{"who":"again"}""");
        house.Effects.Gate($"run/{run}/first/1").SetResult();
        await house.OverAsync(run);
        Assert.Equal("early", (await house.ViewAsync(run)).Steps[2].Output!.Value.GetProperty("who").GetString());
        Assert.Single(await house.HistoryAsync(run), static type => type == "signal_received");
        Assert.Equal("run_ended", (await Assert.ThrowsAsync<Problem>(() => house.SignalAsync(run, "go", "2"))).Code.Code);
        Assert.Equal("run_unknown", (await Assert.ThrowsAsync<Problem>(() => house.SignalAsync("nobody", "go", "2"))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_waiting_run_is_a_row_that_nobody_drives_until_something_comes(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("wait", "wait.signal", """{"name":"go"}"""), Capsules.Step("last", "world.echo", "{}", "wait")));
        var row = await house.WaitingAsync(run);
        Assert.Null(row.WakeAt);
        Assert.Equal(JournalRunHost.HotMost, house.Host.Free);
        Assert.Equal(["run_started", "run_waiting"], await house.JournalAsync(run));
        var wait = Assert.Single((await house.ViewAsync(run)).Waits);
        Assert.Equal(("wait", "signal", "go"), (wait.Path, wait.Kind, wait.Reference));
        await house.SignalAsync(run, "go", "1");
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_timer_fires_at_its_time_and_not_before(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("wait", "wait.timer", """{"for":"2h"}"""), Capsules.Step("last", "world.echo", "{}", "wait")));
        var due = house.Clock.NowMicros() + 7_200_000_000;
        Assert.Equal(due, (await house.WaitingAsync(run)).WakeAt);
        house.Clock.Advance(TimeSpan.FromMinutes(119));
        await house.LookAsync();
        Assert.Equal("waiting", (await house.RowAsync(run)).Status);
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_failed_attempt_is_tried_again_after_its_pause_and_then_fails_with_the_reason(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("s1", "world.fail") with { Retry = new CapsuleRetry(3, TimeSpan.FromSeconds(10)) }));
        for (var i = 0; i < 2; i++)
        {
            await house.WaitingAsync(run);
            house.Clock.Advance(TimeSpan.FromSeconds(30));
            var seq = (await house.RowAsync(run)).Seq;
            await house.LookAsync();
            await house.WhenAsync(run, row => row.Seq > seq && row.Owner.Length == 0);
        }
        var row = await house.OverAsync(run);
        Assert.Equal(("failed", "tool_failed"), (row.Status, row.Code));
        Assert.Equal("s1", (await house.ViewAsync(run)).Failure!.Path);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task What_has_an_unknown_outcome_is_never_done_again(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("s1", "world.unknown") with { Retry = new CapsuleRetry(5) }));
        var row = await house.OverAsync(run);
        Assert.Equal(("failed", "tool_outcome_unknown"), (row.Status, row.Code));
        Assert.Single(await house.HistoryAsync(run), static type => type == "step_started");
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task Cancelling_ends_what_runs_and_undoes_what_was_done(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(
            Capsules.Step("paid", "world.echo") with { Compensate = new CapsuleCompensation("world.refund", "{}") }, Capsules.Step("slow", "world.gated", "{}", "paid")));
        await house.WhenAsync(run, static row => row.Seq >= 4);
        await house.Runs.TellAsync(RunHouse.Caller(), run, new CancelRun(house.Clock.NowMicros(), "ada", "enough"), Stop);
        var row = await house.OverAsync(run);
        Assert.Equal("cancelled", row.Status);
        Assert.Equal([$"run/{run}/paid/1", $"run/{run}/undo:paid/1"], house.Effects.Done);
        Assert.Equal("run_ended", (await house.JournalAsync(run))[^1]);
        await house.SettledAsync(run);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_nested_run_reports_to_the_one_that_nested_it(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        house.Effects.Capsules["inner"] = Capsules.Sequence("echo") with { Id = "inner", Outputs = new Dictionary<string, CapsuleOutput> { ["n"] = new(null, "\"{{ steps.s1.n }}\"", null) } };
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("inner", "capsule.run", """{"capsule":"inner"}"""), Capsules.Step("last", "world.echo", """{"got":"{{ steps.inner.n }}"}""", "inner")));
        await LookUntilOverAsync(house, run);
        var view = await house.ViewAsync(run);
        Assert.Equal(("completed", 1), (view.Status, view.Steps[1].Output!.Value.GetProperty("got").GetInt32()));
        var child = Assert.Single((await house.Get<RunStore>().ListAsync("demo", null, null, null, run, null, 10, Stop)).Data);
        Assert.Equal(("completed", run), (child.Status, child.Identity.Parent!.Run));
        Assert.Equal(2, house.Effects.Done.Count);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task Another_tenants_run_is_unknown(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo"));
        await house.OverAsync(run);
        Assert.Null(await house.Get<RunStore>().FindAsync("other", run, Stop));
        var cancel = new CancelRun(house.Clock.NowMicros(), "eve", "");
        Assert.Equal("run_unknown", (await Assert.ThrowsAsync<Problem>(() => house.Runs.TellAsync(RunHouse.Caller("eve", "other"), run, cancel, Stop))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Old_runs_go_with_all_that_was_in_them_and_the_journal_stays(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var old = await house.StartAsync(Capsules.Sequence("echo"));
        await house.OverAsync(old);
        house.Clock.Advance(TimeSpan.FromDays(91));
        var young = await house.StartAsync(Capsules.Sequence("echo"));
        await house.OverAsync(young);
        Assert.Equal(1, await house.Get<RunStore>().SweepAsync((house.Clock.GetUtcNow() - TimeSpan.FromDays(90)).ToMicros(), 100, Stop));
        Assert.Null(await house.Get<RunStore>().FindAsync("demo", old, Stop));
        Assert.Empty(await house.HistoryAsync(old));
        Assert.NotEmpty(await house.HistoryAsync(young));
        Assert.Equal(3, (await house.JournalAsync(old)).Count);
    }

    internal static async Task LookUntilOverAsync(RunHouse house, string run)
    {
        // A nested run and its parent wake each other: looking takes what the last commit made due.
        using var listening = house.Get<RunSignals>().Listen("demo", run);
        while ((await house.RowAsync(run)).EndedAt is null)
        {
            var (due, next) = (house.Host.Due.Next, listening.Next);
            await house.LookAsync();
            if ((await house.RowAsync(run)).EndedAt is not null) return;
            await Task.WhenAny(due, next).WaitAsync(TimeSpan.FromSeconds(20), Stop);
        }
    }
}
