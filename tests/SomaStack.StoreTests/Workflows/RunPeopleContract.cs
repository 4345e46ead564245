using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Runs and people: second persons, forms, stops, rights, trying again and going on elsewhere.</summary>
public sealed class RunPeopleContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    /// <summary>For what is asked of every host; the rest is about the journal's, its clock or its leases.</summary>
    public static TheoryData<string> Hosts => RunHouse.Hosts;

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_tool_that_takes_two_keys_is_called_once_the_second_is_there(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("approved", "echo"));
        await house.WaitingAsync(run);
        Assert.Empty(house.Effects.Done);
        var approval = Assert.Single((await house.ViewAsync(run)).Waits).Reference!;
        await house.DecideAsync(approval);
        await house.HearApprovalsAsync();
        await house.HearApprovalsAsync();
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Equal(2, house.Effects.Done.Count);
    }

    /// <summary>A second person may be quicker than the commit that says that the run waits for him.</summary>
    [Theory, MemberData(nameof(Hosts))]
    public async Task A_yes_that_comes_before_the_run_is_known_to_wait_counts(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        house.Effects.Asked = async approval =>
        {
            await house.DecideAsync(approval);
            await house.HearApprovalsAsync();
        };
        var run = await house.StartAsync(Capsules.Sequence("approved"));
        // What is kept for a run rings nobody who waits for its steps.
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        soon.CancelAfter(TimeSpan.FromSeconds(20));
        while ((await house.RowAsync(run)).Inbox == 0) await Task.Delay(10, soon.Token);
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Single(house.Effects.Done);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_decides_while_a_run_begins_to_wait_comes_after_it(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("approved"));
        await house.WaitingAsync(run);
        var approval = new RunApproval(Assert.Single((await house.ViewAsync(run)).Waits).Reference!, "");
        var deciding = Task.CompletedTask;
        await house.Db.WriteAsync("demo", async work =>
        {
            Assert.Empty(await house.Get<RunApprovalDesk>().HoldAsync(work, "demo", [approval]));
            deciding = house.DecideAsync(approval.Id);
            // On SQLite whoever writes waits for whoever is writing.
            while (name == "postgres" && await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE approvals%'", Stop) == 0) await Task.Yield();
            Assert.False(deciding.IsCompleted);
            return 0;
        }, Stop);
        await deciding;
        Assert.Null(Assert.Single(await house.Db.WriteAsync("demo", work => house.Get<RunApprovalDesk>().HoldAsync(work, "demo", [approval]), Stop)).Code);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_refusal_fails_the_step_with_its_reason(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("approved"));
        await house.WaitingAsync(run);
        await house.DecideAsync(Assert.Single((await house.ViewAsync(run)).Waits).Reference!, ApprovalVote.Reject);
        await house.HearApprovalsAsync();
        await house.LookAsync();
        var row = await house.OverAsync(run);
        Assert.Equal(("failed", "approval_rejected"), (row.Status, row.Code));
        Assert.Contains("bob", row.Detail, StringComparison.Ordinal);
        Assert.Empty(house.Effects.Done);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task What_a_run_itself_asks_is_asked_once_and_its_yes_is_spent(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("look", "approvals.request", """{"summary":"Publish it?"}"""), Capsules.Step("publish", "world.echo", "{}", "look")));
        await house.WaitingAsync(run);
        var approval = Assert.Single((await house.ViewAsync(run)).Waits).Reference!;
        var row = (await house.Get<ApprovalStore>().FindAsync("demo", approval, Stop))!;
        Assert.Equal(("run.approve", "Publish it?", "ada"), (row.Kind, row.Summary, row.Requester));
        await house.DecideAsync(approval);
        await house.HearApprovalsAsync();
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Equal("Claimed", (await house.Get<ApprovalStore>().FindAsync("demo", approval, Stop))!.State.ToString());
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task Cancelling_takes_the_question_back(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("look", "approvals.request", """{"summary":"Publish it?"}""")));
        await house.WaitingAsync(run);
        var approval = Assert.Single((await house.ViewAsync(run)).Waits).Reference!;
        await house.Runs.TellAsync(RunHouse.Caller(), run, new CancelRun(house.Clock.NowMicros(), "ada", ""), Stop);
        await house.LookAsync();
        Assert.Equal("cancelled", (await house.OverAsync(run)).Status);
        await house.SettledAsync(run);
        Assert.Equal("Voided", (await house.Get<ApprovalStore>().FindAsync("demo", approval, Stop))!.State.ToString());
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_form_is_told_once_checked_at_once_and_answered_by_whom_it_names(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        const string form = """{"title":"How many?","to":"bob","form":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}""";
        var run = await house.StartAsync(Capsules.Of(Capsules.Step("ask", "human.ask", form), Capsules.Step("use", "world.echo", """{"n":"{{ steps.ask.n }}"}""", "ask")));
        await house.WaitingAsync(run);
        Assert.Single(await house.JournalAsync(run), static type => type == "form_asked");
        var steer = house.Get<SteerRun>();
        Task AnswerAsync(string who, string json) => steer.AnswerAsync(run, new SteerRun.AnswerRequest("ask", JsonDocument.Parse(json).RootElement), RunHouse.Caller(who), Stop);
        Assert.Equal("capability_missing", (await Assert.ThrowsAsync<Problem>(() => AnswerAsync("eve", """{"n":1}"""))).Code.Code);
        Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => AnswerAsync("bob", """{"n":"many"}"""))).Code.Code);
        await AnswerAsync("bob", """{"n":3}""");
        await house.LookAsync();
        await house.OverAsync(run);
        Assert.Equal(3, (await house.ViewAsync(run)).Steps[1].Output!.Value.GetProperty("n").GetInt32());
        Assert.Equal("form_unknown", (await Assert.ThrowsAsync<Problem>(() => AnswerAsync("bob", """{"n":4}"""))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_stop_pauses_runs_and_fails_none(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("gated", "echo"));
        await EngageAsync(house, true);
        await house.Host.PauseEngagedAsync();
        var row = await house.RowAsync(run);
        Assert.Contains("fire", row.Paused, StringComparison.Ordinal);
        Assert.Equal(("running", "", (long?)null), (row.Status, row.Owner, row.WakeAt));
        house.Effects.Gate($"run/{run}/s1/1").SetResult();
        house.Clock.Advance(TimeSpan.FromSeconds(3));
        await house.LookAsync();
        Assert.NotNull((await house.RowAsync(run)).Paused);
        Assert.Empty(house.Effects.Done);
        await EngageAsync(house, false);
        house.Clock.Advance(TimeSpan.FromSeconds(3));
        await house.LookAsync();
        Assert.Equal("completed", (await house.OverAsync(run)).Status);
        Assert.Equal(2, house.Effects.Done.Count);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_run_of_somebody_who_was_disabled_goes_no_further(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("gated", "echo"));
        await house.Effects.Gate($"at run/{run}/s1/1").Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await house.PutAsync("ada", [Capability.RunStart], active: false);
        house.Effects.Gate($"run/{run}/s1/1").SetResult();
        var row = await house.OverAsync(run);
        Assert.Equal(("failed", "run_rights_lost"), (row.Status, row.Code));
        Assert.Single(house.Effects.Done);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_failed_run_is_tried_again_from_what_failed(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var run = await house.StartAsync(Capsules.Sequence("echo", "fail"));
        await house.OverAsync(run);
        var steer = house.Get<SteerRun>();
        await steer.RetryAsync(run, RunHouse.Caller(), Stop);
        await house.LookAsync();
        var row = await house.WhenAsync(run, static row => row is { EndedAt: not null, Seq: > 7 });
        Assert.Equal("failed", row.Status);
        Assert.Equal([$"run/{run}/s1/1"], house.Effects.Done);
        Assert.Equal(2, (await house.JournalAsync(run)).Count(static type => type == "run_ended"));
        Assert.Equal("capability_missing", (await Assert.ThrowsAsync<Problem>(() => steer.RetryAsync(run, RunHouse.Caller("eve"), Stop))).Code.Code);
    }

    [Theory, MemberData(nameof(Hosts))]
    public async Task An_agent_is_asked_as_whoever_started_the_run_and_its_tokens_count(string name)
    {
        await using var house = await RunHouse.StartAsync(databases, name);
        var (capsule, inputs) = Directives.Compile("Two agents", [new Directive("guide", "Say {{ hello }}", "Be kind"), new Directive("guide", "And now?")]);
        var run = await house.StartAsync(capsule, inputs);
        await house.OverAsync(run);
        var view = await house.ViewAsync(run);
        Assert.Equal("completed", view.Status);
        Assert.Equal("Answer to: Be kind\n\nSay {{ hello }}", view.Steps[0].Output!.Value.GetProperty("text").GetString());
        Assert.Equal((20m, 0.000000022m), (view.Budget.Tokens.Used!.Value, view.Budget.Money.Used!.Value));
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
    }
}
