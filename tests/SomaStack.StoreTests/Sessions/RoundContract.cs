using SomaStack.Agents.Sessions;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Sessions;

/// <summary>Rounds of a turn, their tool calls and decisions on them, on both databases.</summary>
public sealed class RoundContract(Databases databases)
{
    private const string Me = "owner-1";

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_stored_of_a_round_comes_back_as_it_was(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = await SeedAsync(db);
        var ended = Call(1) with
        {
            State = CallState.Ended,
            Result = new CallResult("succeeded", "a.txt", null, "tool_call/1") { Taints = ["tool", "files"], CostNanos = 5, TookMs = 1.5, Delegated = new DelegatedUse(1, 2, null, 2) },
        };
        var awaiting = Call(2) with { State = CallState.Awaiting, Approval = Approval("a1") };
        await SaveAsync(db, store, ended);
        await SaveAsync(db, store, awaiting);
        // What has ended stays as it ended.
        await SaveAsync(db, store, ended with { Result = new CallResult("failed", "another") });
        var round = Assert.Single(await store.RoundsAsync("demo", "t1", Stop));
        Assert.Equal(("Let me look.", "[]", "tool_calls", 40L, 7L), (round.Said, round.Thoughts, round.FinishReason, round.OutputTokensMax, round.Receipt.OutputTokens));
        Assert.Equal(("succeeded", "a.txt", "tool_call/1", 2L), (round.Calls[0].Result!.Outcome, round.Calls[0].Result!.Text, round.Calls[0].Result!.Record, round.Calls[0].Result!.Delegated!.Charged));
        Assert.Equal(["tool", "files"], round.Calls[0].Result!.Taints);
        Assert.Equal((CallState.Awaiting, "a1", null), (round.Calls[1].State, round.Calls[1].Approval!.Id, round.Calls[1].Result));
        Assert.Equal("tool_unknown", round.Calls[2].Refused!.Code);
        Assert.Empty(await store.RoundsAsync("other", "t1", Stop));
        Assert.Equal(3, (await store.OfSessionAsync("demo", "s1", Stop))["t1"].Count());
        Assert.Equal(("t1", 1), await new SessionStore(db, new Platform.Journal(TimeProvider.System), TimeProvider.System).OpenRoundAsync("demo", "s1", Stop));

        // 100 in all: 7 and the other agent's 2 are gone, and two calls share what is left.
        Assert.Equal((100 - 7 - 2) / 2, await store.LeftAsync("demo", "t1", "files.list", Stop));
        var views = await db.WriteAsync("demo", work => store.EndOpenAsync(work, "demo", "t1"), Stop);
        Assert.Equal(["succeeded", "cancelled", "cancelled"], views.Select(static view => view.Status));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_decision_that_was_heard_by_nobody_is_found_by_the_first_look_and_one_that_comes_while_looking_is_not_lost(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = await SeedAsync(db);
        await SaveAsync(db, store, Call(1) with { State = CallState.Awaiting, Approval = Approval("a1") });
        await SaveAsync(db, store, Call(2) with { State = CallState.Awaiting, Approval = Approval("a2") });
        Assert.Null(await DecideAsync(db, "unknown"));
        await PauseAsync(db);
        // Due at once, for one looker.
        var due = Assert.Single(await store.DueAsync(TimeProvider.System.NowMicros(), Stop));
        Assert.Equal(("t1", "s1", "ada", 100L), (due.TurnId, due.SessionId, due.Principal, due.Checkpoint.OutputTokensCap));
        Assert.True(await store.TakeAsync(due, Me, long.MaxValue, Stop));
        Assert.False(await store.TakeAsync(due, "owner-2", long.MaxValue, Stop));
        await store.ParkAsync(due, Stop);
        Assert.Empty(await store.DueAsync(TimeProvider.System.NowMicros(), Stop));

        // Parked and heard: due again. Heard between look and park: due as well.
        Assert.Equal("t1", await DecideAsync(db, "a1"));
        Assert.Null(await DecideAsync(db, "a1"));
        Assert.Single(await store.DueAsync(TimeProvider.System.NowMicros(), Stop));
        await store.ParkAsync(due, Stop);
        Assert.Single(await store.DueAsync(TimeProvider.System.NowMicros(), Stop));
        var round = Assert.Single(await store.RoundsAsync("demo", "t1", Stop));
        Assert.Equal([(null, "approval_expired")], round.Calls.Where(static call => call.Decided is not null).Select(static call => ((string?)null, call.Decided!.Code)));

        Assert.True(await store.TakeAsync(due, Me, long.MaxValue, Stop));
        Assert.True(await db.WriteAsync("demo", work => RoundStore.ResumeAsync(work, due, Me, 5), Stop));
        Assert.False(await db.WriteAsync("demo", work => RoundStore.ResumeAsync(work, due, Me, 5), Stop));
        await db.WriteAsync("demo", work => RoundStore.ThrowIfLostAsync(work, "demo", "t1", Me), Stop);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_several_that_find_a_turn_without_its_owner_one_takes_it_and_the_old_owner_writes_no_more(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await SeedAsync(db);
        var turn = (await db.WriteAsync("demo", work => RoundStore.FindAsync(work, "demo", "t1"), Stop))!;
        Assert.False(await db.WriteAsync("demo", work => RoundStore.TakeOverAsync(work, turn, "owner-2", 300, 50), Stop));
        Assert.True(await db.WriteAsync("demo", work => RoundStore.TakeOverAsync(work, turn, "owner-2", 300, 150), Stop));
        Assert.False(await db.WriteAsync("demo", work => RoundStore.TakeOverAsync(work, turn, "owner-3", 400, 150), Stop));
        await Assert.ThrowsAsync<TurnLostException>(() => db.WriteAsync("demo", work => RoundStore.ThrowIfLostAsync(work, "demo", "t1", Me), Stop));
        await db.WriteAsync("demo", work => RoundStore.ThrowIfLostAsync(work, "demo", "t1", "owner-2"), Stop);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_branch_is_a_turn_and_those_before_it_and_a_chain_of_askers_leads_up_through_their_turns(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await SeedAsync(db);
        var sessions = new SessionStore(db, new Platform.Journal(TimeProvider.System), TimeProvider.System);
        await db.WriteAsync("demo", async work =>
        {
            foreach (var (id, number, parent) in new[] { ("t2", 2L, "t1"), ("t3", 3L, "t2"), ("t4", 4L, "t1") }) await TurnAsync(work, "s1", id, number, parent);
            await SessionAsync(work, "s2", "second", "t1");
            await TurnAsync(work, "s2", "u1", 1, null);
            await SessionAsync(work, "s3", "third", "u1");
            await SessionAsync(work, "s9", "loop", "v1");
            await TurnAsync(work, "s9", "v1", 1, null);
            return 0;
        }, Stop);
        var ada = Databases.Context();
        Assert.Equal(["t1", "t2", "t3"], (await sessions.BranchAsync(ada, "s1", "t3", 20, Stop)).Select(static turn => turn.TurnId));
        Assert.Equal(["t1", "t4"], (await sessions.BranchAsync(ada, "s1", "t4", 20, Stop)).Select(static turn => turn.TurnId));
        Assert.Equal(["t2", "t3"], (await sessions.BranchAsync(ada, "s1", "t3", 2, Stop)).Select(static turn => turn.TurnId));
        Assert.Empty(await sessions.BranchAsync(ada, "s2", "t3", 20, Stop));
        Assert.Equal("t4", await sessions.LastTurnAsync("demo", "s1", Stop));
        Assert.Equal(["third", "second", "guide"], (await sessions.AskersAsync(ada, "s3", 8, Stop)).Select(static one => one.Persona));
        Assert.Equal(["third", "second"], (await sessions.AskersAsync(ada, "s3", 2, Stop)).Select(static one => one.Persona));
        Assert.Empty(await sessions.AskersAsync(Databases.Context(principal: "bob"), "s3", 8, Stop));
        Assert.Equal(4, (await sessions.AskersAsync(ada, "s9", 4, Stop)).Count);
    }

    private static TurnToolCall Call(int number) => new(1, number, "w" + number, "files__list", "files.list", "{}");

    private static TurnApproval Approval(string id) => new(id, "d", DateTimeOffset.UnixEpoch, new ApprovalNeeds(["approval:decide"], false));

    private static Task<int> SaveAsync(Db db, RoundStore store, TurnToolCall call) => db.WriteAsync("demo", async work =>
    {
        await store.SaveAsync(work, "demo", "t1", call);
        return 0;
    }, Stop);

    private static Task<string?> DecideAsync(Db db, string approval) => db.WriteAsync("demo", work => RoundStore.DecideAsync(work, "demo", approval, new CallDecision("approval_expired", "Nobody decided.")), Stop);

    private static Task<int> PauseAsync(Db db) => db.WriteAsync("demo", async work =>
    {
        Assert.True(await RoundStore.PauseAsync(work, "demo", "t1"));
        return 0;
    }, Stop);

    /// <summary>A turn that is open for <see cref="Me"/> until 100, with a stored round of three calls.</summary>
    private static async Task<RoundStore> SeedAsync(Db db)
    {
        var store = new RoundStore(db, TimeProvider.System);
        var context = Databases.Context();
        var checkpoint = new TurnCheckpoint(
            "guide", DateTimeOffset.UnixEpoch, null, [new PlainMessage("user", "Hello")], [new Evidence("m1", "x", 1, null, null)], new ConstitutionProof("h", 1), new PolicyProof("allow", 1, 0.7, [], [], 1, "d"), [], [], [], ["user"],
            false, 100, [new OfferedTool("files__list", "files.list", "files", "list", "", "{}", true)], 8192, new Dictionary<string, double> { ["gate"] = 1 },
            WaitingRequest.Of(context, false, "guide", null, 0, [], new TurnTerms { Run = "r1" }));
        var receipt = new CallReceipt("c1", "openai", "gpt-x", 20, 7, null, null, 1000, "USD", 1, 2, 0.5, 1);
        await db.WriteAsync("demo", async work =>
        {
            await SessionAsync(work, "s1", "guide", null);
            await TurnAsync(work, "s1", "t1", 1, null);
            await store.InsertAsync(work, context, "s1", "t1", new TurnRound(1, "Let me look.", receipt, "tool_calls", 40, "[]",
                [Call(1), Call(2), Call(3) with { Refused = new CallResult("denied", "There is no tool.", "tool_unknown") }]), checkpoint);
            return 0;
        }, Stop);
        return store;
    }

    private static Task<int> SessionAsync(DbWork work, string id, string persona, string? askedBy) => work.ExecuteAsync($"""
        INSERT INTO sessions (tenant, id, principal, persona, title, status, version, constitution_hash, constitution_version, open_turn, turns, created_at, updated_at, asked_by)
        VALUES ({"demo"}, {id}, {"ada"}, {persona}, {"t"}, {"active"}, {1L}, {"h"}, {1L}, NULL, {0L}, {0L}, {0L}, {askedBy})
        """);

    private static Task<int> TurnAsync(DbWork work, string session, string id, long number, string? parent) => work.ExecuteAsync($"""
        INSERT INTO turns (tenant, id, session, number, status, prompt, answer, model, reservation, owner, lease_until, created_at, parent)
        VALUES ({"demo"}, {id}, {session}, {number}, {"open"}, {"Hello"}, {""}, {"gpt-x"}, {"c1"}, {Me}, {100L}, {number}, {parent})
        """);
}
