using SomaStack.Agents.Sessions;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Sessions;

/// <summary>Conversations that a run or another agent holds, on both databases.</summary>
public sealed class ConversationContract(Databases databases)
{
    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_question_is_asked_once_however_often_it_is_asked(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        var question = new TurnQuestion("run/r1/Collect/1", "How often is the journal sealed?") { Run = "r1", Taints = ["web"] };
        var both = await Task.WhenAll(house.Conversations.AskAsync(house.Owner, question, Stop), house.Conversations.AskAsync(house.Owner, question, Stop));
        var again = await house.Conversations.AskAsync(house.Owner, question, Stop);
        Assert.All(both, one => Assert.Equal((again.Session, again.Turn, "completed", again.Text, again.OutputTokens), (one.Session, one.Turn, one.Status, one.Text, one.OutputTokens)));
        Assert.NotEmpty(again.Text);
        Assert.True(again is { InputTokens: > 0, OutputTokens: > 0, CostNanos: 0, Awaits: null });
        Assert.Contains("web", again.Taints);
        Assert.Single(await house.Get<SessionStore>().TurnsAsync(house.Owner, again.Session, 10, Stop));

        var next = await house.Conversations.AskAsync(house.Owner, new TurnQuestion("run/r1/Collect/2", "And why?") { Session = again.Session }, Stop);
        Assert.Equal((again.Session, again.Turn), (next.Session, (await house.Get<SessionStore>().FindTurnAsync("demo", next.Turn, Stop))!.ParentTurn));
        Assert.False(await house.Conversations.CancelAsync(house.Owner, again.Session, Stop));
        Assert.False(await house.Conversations.CancelAsync(house.Owner, "no-such-session", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_question_that_waits_says_for_what_and_is_answered_when_the_yes_has_come(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        await house.WantApprovalAsync("session.start");
        var question = new TurnQuestion("run/r2/Ask/1", "How often is the journal sealed?") { OutputTokensMax = 500 };
        var waits = await house.Conversations.AskAsync(house.Owner, question, Stop);
        Assert.Equal(("waiting", ApprovalState.Pending), (waits.Status, waits.Awaits!.State));
        Assert.Equal(waits.Awaits.Id, (await house.Conversations.AskAsync(house.Owner, question, Stop)).Awaits!.Id);
        await house.ApproveAsync(waits.Awaits);
        var answered = await house.Conversations.AskAsync(house.Owner, question, Stop);
        Assert.Equal(("completed", null, waits.Turn), (answered.Status, answered.Code, answered.Turn));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_waits_is_cancelled_and_a_question_without_budget_or_for_a_closed_session_is_refused_before_anything_is_stored(string name)
    {
        await using var house = await SessionHouse.StartAsync(databases, name);
        await house.WantApprovalAsync("session.start");
        var question = new TurnQuestion("run/r3/Ask/1", "Wait for it");
        var waits = await house.Conversations.AskAsync(house.Owner, question, Stop);
        Assert.True(await house.Conversations.CancelAsync(house.Owner, waits.Session, Stop));
        Assert.Equal("cancelled", (await house.Conversations.AskAsync(house.Owner, question, Stop)).Status);
        Assert.Equal("turn_budget_spent", (await Assert.ThrowsAsync<Problem>(() => house.Conversations.AskAsync(house.Owner, question with { Id = "x", OutputTokensMax = 0 }, Stop))).Code.Code);
        Assert.Equal("session_unknown", (await Assert.ThrowsAsync<Problem>(() => house.Conversations.AskAsync(house.Owner, question with { Id = "y", Session = "nobody's" }, Stop))).Code.Code);
        Assert.Single((await house.Get<SessionStore>().ListAsync(house.Owner, null, 10, Stop)).Data);
    }
}
