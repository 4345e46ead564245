using System.Text;
using Google.Protobuf;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Platform;
using Temporalio.Api.Enums.V1;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Whole runs on Temporal's workflow and activities, over a history that grows (<see cref="GrowingHistory"/>), held against the same runs on the journal's host.</summary>
public sealed class TemporalRunTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Steps_are_done_and_written_as_under_the_journals_host_and_Temporal_holds_none_of_it(string name)
    {
        const string secret = "the-name-of-a-person";
        var capsule = Capsules.Of(Capsules.Step("a", "world.echo", $$"""{"who":"{{secret}}"}"""), Capsules.Step("b", "world.echo", """{"again":"{{ steps.a.who }}"}""", "a"));
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(capsule);
        var growing = new GrowingHistory(house, run);
        await growing.RunAsync(Stop);
        Assert.Equal("completed", growing.Status);
        Assert.Equal([$"run/{run}/a/1", $"run/{run}/b/1"], house.Effects.Done);
        Assert.Equal(secret, (await house.ViewAsync(run)).Steps[1].Output!.Value.GetProperty("again").GetString());
        Assert.Equal(["open", "carry", "record", "carry", "record"], Asked(growing));
        foreach (var happened in growing.History.Events) Assert.DoesNotContain(secret, Encoding.UTF8.GetString(happened.ToByteArray()), StringComparison.Ordinal);

        await using var other = await RunHouse.StartAsync(databases, name);
        var twin = await other.StartAsync(capsule);
        await other.OverAsync(twin);
        Assert.Equal(await other.HistoryAsync(twin), await house.HistoryAsync(run));
        Assert.Equal(await other.JournalAsync(twin), await house.JournalAsync(run));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_failure_is_tried_again_after_its_pause_and_then_undoes_what_was_done(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(
            Capsules.Step("paid", "world.echo") with { Compensate = new CapsuleCompensation("world.refund", "{}") },
            Capsules.Step("sent", "world.fail", "{}", "paid") with { Retry = new CapsuleRetry(2, TimeSpan.FromSeconds(10)) }));
        var growing = new GrowingHistory(house, run);
        await growing.RunAsync(Stop);
        Assert.Equal(("failed", "tool_failed"), (growing.Status, (await house.RowAsync(run)).Code));
        Assert.Equal([$"run/{run}/paid/1", $"run/{run}/undo:paid/1"], house.Effects.Done);
        Assert.Single(await house.HistoryAsync(run), static type => type == "step_retrying");
        Assert.Single(growing.History.Events, static one => one.EventType == EventType.TimerFired);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_failed_run_that_is_tried_again_is_another_execution_of_the_same_workflow(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo", "fail"));
        await new GrowingHistory(house, run).RunAsync(Stop);
        await house.Get<SteerRun>().RetryAsync(run, RunHouse.Caller(), Stop);
        Assert.Equal(("temporal", (long?)null), ((await house.RowAsync(run)).Owner, (await house.RowAsync(run)).WakeAt));
        Assert.Single(await house.Get<TemporalRunStore>().UntoldAsync(Stop));
        var again = new GrowingHistory(house, run);
        await again.RunAsync(Stop);
        Assert.Equal("failed", again.Status);
        Assert.Equal([$"run/{run}/s1/1"], house.Effects.Done);
        Assert.Equal(2, (await house.JournalAsync(run)).Count(static type => type == "run_ended"));
        Assert.Empty(await house.Get<TemporalRunStore>().UntoldAsync(Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Signals_second_persons_and_forms_reach_it(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        const string form = """{"title":"How many?","form":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}""";
        var run = await house.StartAsync(Capsules.Of(
            Capsules.Step("s1", "wait.signal", """{"name":"go"}"""), Capsules.Step("s2", "world.approved", "{}", "s1"),
            Capsules.Step("s3", "human.ask", form, "s2"), Capsules.Step("s4", "world.echo", """{"n":"{{ steps.s3.n }}"}""", "s3")));
        var growing = new GrowingHistory(house, run);
        await growing.RunAsync(
            Stop, () => house.SignalAsync(run, "go", "1"),
            async () =>
            {
                await house.DecideAsync(Assert.Single((await house.ViewAsync(run)).Waits).Reference!);
                await house.HearApprovalsAsync();
            },
            () => house.Get<SteerRun>().AnswerAsync(run, new SteerRun.AnswerRequest("s3", System.Text.Json.JsonDocument.Parse("""{"n":3}""").RootElement), RunHouse.Caller(), Stop));
        Assert.Equal("completed", growing.Status);
        Assert.Equal(3, (await house.ViewAsync(run)).Steps[3].Output!.Value.GetProperty("n").GetInt32());
        Assert.Equal([$"run/{run}/s2/1", $"run/{run}/s4/1"], house.Effects.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_nested_run_is_another_workflow_and_reports_to_the_one_that_nested_it(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        house.Effects.Capsules["inner"] = Capsules.Sequence("echo") with { Id = "inner", Outputs = new Dictionary<string, CapsuleOutput> { ["n"] = new(null, "\"{{ steps.s1.n }}\"", null) } };
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("inner", "capsule.run", """{"capsule":"inner"}"""), Capsules.Step("last", "world.echo", """{"got":"{{ steps.inner.n }}"}""", "inner")));
        var growing = new GrowingHistory(house, run);
        await growing.RunAsync(Stop, async () =>
        {
            var child = Assert.Single((await house.Get<RunStore>().ListAsync("demo", null, null, null, run, null, 10, Stop)).Data);
            Assert.Equal("temporal", child.Identity.Host);
            await new GrowingHistory(house, child.Id).RunAsync(Stop);
        });
        Assert.Equal(1, (await house.ViewAsync(run)).Steps[1].Output!.Value.GetProperty("got").GetInt32());
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Cancelling_a_run_that_waits_ends_it(string name)
    {
        await using var house = await RunHouse.WithoutServerAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("look", "approvals.request", """{"summary":"Publish it?"}""")));
        var growing = new GrowingHistory(house, run);
        await growing.RunAsync(Stop, () => house.Runs.TellAsync(RunHouse.Caller(), run, new CancelRun(house.Clock.NowMicros(), "ada", ""), Stop));
        Assert.Equal("cancelled", growing.Status);
        Assert.Single(Asked(growing), static activity => activity == "take");
    }

    private static List<string> Asked(GrowingHistory growing) =>
        [.. growing.History.Events.Where(static one => one.EventType == EventType.ActivityTaskScheduled).Select(static one => one.ActivityTaskScheduledEventAttributes.ActivityType.Name)];
}
