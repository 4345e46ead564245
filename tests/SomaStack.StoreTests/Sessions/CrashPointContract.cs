using System.Text.Json;
using Microsoft.Extensions.Hosting;
using SomaStack.Agents.Sessions;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Sessions;

/// <summary>Turns as a crash leaves them at each point of a round, on both databases: the next process goes on from the rows or ends them honestly.</summary>
public sealed class CrashPointContract(Databases databases)
{
    private const string Turn = "crashed";

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_round_that_was_stored_and_not_begun_is_carried_out_and_the_turn_is_answered(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        var session = await CrashAsync(house, CallState.Planned);
        var view = await SweptAsync(house, session);
        Assert.Equal("completed", view.Status);
        var call = Assert.Single(view.ToolCalls);
        Assert.Equal(("succeeded", null), (call.Status, call.Code));
        Assert.Contains("Question: How often is the journal sealed?", call.Result, StringComparison.Ordinal);
        Assert.Contains("tool", call.Taints);
        Assert.StartsWith("Let me look.", view.Answer, StringComparison.Ordinal);
        Assert.Equal(2, view.Proof!.ModelCalls!.Count);
        // The first call of the model was recorded as 20 and 7; nothing of it is lost.
        Assert.True(view.Proof.Usage is { InputTokens: > 20, OutputTokens: > 7 });
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_result_that_the_tools_had_recorded_is_read_and_the_tool_is_not_used_again(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        var session = await CrashAsync(house, CallState.Begun, used: true);
        var view = await SweptAsync(house, session);
        Assert.Equal("completed", view.Status);
        Assert.Equal("succeeded", Assert.Single(view.ToolCalls).Status);
        var stored = Assert.Single(await house.Get<RoundStore>().OfTurnAsync("demo", Turn, Stop));
        Assert.True(stored.Result!.Replayed);
        Assert.Equal(1, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM journal WHERE tenant = {"demo"} AND type = {ToolEvents.CallOpened}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Words_of_an_unfinished_call_end_the_turn_as_interrupted_with_what_its_tools_answered(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        var session = await CrashAsync(house, CallState.Ended, said: "\n\nIt is sealed ev");
        var view = await SweptAsync(house, session);
        Assert.Equal(("failed", "turn_interrupted", "Let me look.\n\nIt is sealed ev"), (view.Status, view.Failure!.Code, view.Answer));
        Assert.Equal("once a second", Assert.Single(await house.Get<RoundStore>().OfTurnAsync("demo", Turn, Stop)).Result!.Text);
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM turns WHERE tenant = {"demo"} AND checkpoint IS NOT NULL", Stop));
    }

    /// <summary>A second turn of a session, as its owner left it: one stored round with one call.</summary>
    private static async Task<string> CrashAsync(SessionHouse house, CallState state, bool used = false, string said = "")
    {
        var first = await house.Conversations.AskAsync(house.Owner, new TurnQuestion("first", "How often is the journal sealed?"), Stop);
        var arguments = JsonSerializer.Serialize(new SessionsAdapter.ShowArguments(first.Session), SessionsJson.Default.ShowArguments);
        var call = new TurnToolCall(1, 1, "call_1", "sessions__show", "sessions.show", arguments)
        {
            State = state, Result = state == CallState.Ended ? new CallResult("succeeded", "once a second") : null,
        };
        if (used) await house.Get<ITools>().CallAsync(house.Owner, new ToolCall("sessions", "show", arguments, $"turn/{Turn}/1/1") { Session = first.Session }, Stop);
        var tool = new OfferedTool("sessions__show", "sessions.show", "sessions", "show", "", "{}", true);
        var checkpoint = new TurnCheckpoint(
            "guide", TimeProvider.System.GetUtcNow(), null, [new PlainMessage("system", "Answer."), new PlainMessage("user", "And what did I ask?")], [], new ConstitutionProof("h", 1),
            new PolicyProof("allow", 1, 0.7, [], [], 1, "d"), [], [], [], ["user"], false, null, [tool], null, new Dictionary<string, double>(),
            WaitingRequest.Of(house.Owner, false, "guide", null, 0, [], TurnTerms.None));
        var receipt = new CallReceipt("c1", "somastack", "soma-extract", 20, 7, null, null, 0, "USD", 1, 2, 0.5, 1);
        var stored = state == CallState.Ended ? call with { State = CallState.Begun, Result = null } : call;
        await house.Db.WriteAsync("demo", async work =>
        {
            var store = house.Get<SessionStore>();
            var before = await SessionStore.StateAsync(work, "demo", first.Session);
            var opened = new TurnOpened(Turn, 0, "aa", 19, "somastack", "soma-extract", "c1", "d", 1, [], first.Turn);
            var (happened, _) = await store.ApplyAsync(work, house.Owner, first.Session, before, new OpenTurnCommand(opened, before.ConstitutionHash!));
            await store.InsertTurnAsync(work, house.Owner, first.Session, (TurnOpened)happened, "And what did I ask?", "a-dead-process", 1);
            await house.Get<RoundStore>().InsertAsync(work, house.Owner, first.Session, Turn, new TurnRound(1, "Let me look.", receipt, "tool_calls", 100, null, [stored]), checkpoint);
            if (call.Result is not null) await house.Get<RoundStore>().SaveAsync(work, "demo", Turn, call);
            var words = JsonSerializer.Serialize(new DeltaData("Let me look." + said), SessionsJson.Default.DeltaData);
            await SessionStore.AddEventsAsync(work, "demo", first.Session, Turn, [(StreamEvent.Delta, words)]);
            return 0;
        }, Stop);
        return first.Session;
    }

    private static async Task<TurnView> SweptAsync(SessionHouse house, string session)
    {
        await house.Get<IEnumerable<IHostedService>>().OfType<ReconcileTurns>().Single().SweepAsync(TimeProvider.System.NowMicros(), Stop);
        await foreach (var item in house.Get<SessionStreams>().ReadAsync("demo", session, 0, Turn, Stop))
        {
            if (item.Turn != Turn || !item.EndsTurn) continue;
            return item.Type == StreamEvent.TurnCompleted
                ? JsonSerializer.Deserialize(item.Data, SessionsJson.Default.TurnView)!
                : (await house.Get<SessionStore>().FindTurnAsync("demo", Turn, Stop))!;
        }
        throw new InvalidOperationException("The stream ended before the turn.");
    }
}
