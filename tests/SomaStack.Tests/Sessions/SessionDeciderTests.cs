using CsCheck;
using SomaStack.Agents.Sessions;

namespace SomaStack.Tests.Sessions;

/// <summary>Random commands against the decider: whatever is asked of it, the rules of a conversation hold.</summary>
public sealed class SessionDeciderTests
{
    private const string Pinned = "pinned";

    private static readonly Gen<SessionCommand> Commands = Gen.OneOf<SessionCommand>(
        Gen.Const<SessionCommand>(new StartCommand(Started())),
        Gen.Select(Gen.Int[1, 4], Gen.Bool, (turn, same) => (SessionCommand)new OpenTurnCommand(Opened("t" + turn), same ? Pinned : "other")),
        Gen.Select(Gen.Int[1, 4], Gen.Bool, (turn, same) => (SessionCommand)new SuspendTurnCommand(Suspended("t" + turn), same ? Pinned : "other")),
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], (turn, approval) => (SessionCommand)new DenyTurnCommand(new TurnDenied("t" + turn, "a-t" + approval, "approval_rejected"))),
        Gen.Int[1, 4].Select(turn => (SessionCommand)new PauseTurnCommand(new TurnPaused("t" + turn, 1, ["a"]))),
        Gen.Select(Gen.Int[1, 4], Gen.Bool, (turn, same) => (SessionCommand)new ResumeTurnCommand(new TurnResumed("t" + turn, 1, ["a"]), same ? Pinned : "other")),
        Gen.Int[1, 4].Select(turn => (SessionCommand)new CompleteTurnCommand(new TurnCompleted("t" + turn, "a", 1, 2, 3, 0, "USD", "stop", null))),
        Gen.Int[1, 4].Select(turn => (SessionCommand)new FailTurnCommand(new TurnFailed("t" + turn, "model_failed", 0))),
        Gen.Int[1, 4].Select(turn => (SessionCommand)new CancelTurnCommand(new TurnCancelled("t" + turn, "ada", 0, null, null))),
        Gen.Const<SessionCommand>(new CloseCommand(new SessionClosed("ada"))));

    [Fact]
    public void No_sequence_of_commands_breaks_the_rules_of_a_conversation() =>
        Commands.Array[0, 60].Sample(commands =>
        {
            var events = new List<SessionEvent>();
            var state = SessionState.None;
            foreach (var command in commands)
            {
                var before = state;
                var decision = SessionDecider.Decide(state, command);
                Assert.True(decision.Event is null ^ decision.Refusal is null, "a decision is one event or one refusal");
                if (decision.Event is null) continue;
                events.Add(decision.Event);
                state = SessionDecider.Apply(state, decision.Event);

                Assert.Equal(before.Version + 1, state.Version);
                Assert.False(before.Status == SessionStatus.Closed, "nothing happens after the end");
                Assert.True((before.Version == 0) == (decision.Event is SessionStarted), "a session starts once, and first");
                if (decision.Event is TurnOpened opened)
                {
                    var goesOn = before.Awaits is not null;
                    Assert.NotEqual(SessionState.Tools, before.Awaits);
                    Assert.Equal(goesOn ? opened.TurnId : null, before.OpenTurn);
                    Assert.Equal(goesOn ? before.Turns : before.Turns + 1, opened.Number);
                    Assert.Equal(Pinned, ((OpenTurnCommand)command).ActiveConstitution);
                    Assert.Null(state.Awaits);
                }
                if (decision.Event is TurnSuspended suspended)
                {
                    Assert.Null(before.OpenTurn);
                    Assert.Equal((suspended.ApprovalId, before.Turns + 1), (state.Awaits, suspended.Number));
                }
                if (decision.Event is TurnPaused paused)
                {
                    Assert.Equal((paused.TurnId, null), (before.OpenTurn, before.Awaits));
                    Assert.Equal(before with { Version = before.Version + 1, Awaits = SessionState.Tools }, state);
                }
                if (decision.Event is TurnResumed resumed)
                {
                    Assert.Equal((resumed.TurnId, SessionState.Tools, Pinned), (before.OpenTurn, before.Awaits, ((ResumeTurnCommand)command).ActiveConstitution));
                    Assert.Equal(before with { Version = before.Version + 1, Awaits = null }, state);
                }
                if (decision.Event is TurnCompleted) Assert.Null(before.Awaits);
                if (decision.Event is TurnFailed) Assert.True(before.Awaits is null or SessionState.Tools, "what waits as a whole is denied, not failed");
                if (decision.Event is TurnDenied denied) Assert.Equal((denied.TurnId, denied.ApprovalId), (before.OpenTurn, before.Awaits));
                if (decision.Event is TurnCompleted or TurnFailed or TurnCancelled) Assert.NotNull(before.OpenTurn);
            }
            Assert.Equal(state, events.Aggregate(SessionState.None, SessionDecider.Apply));
            Assert.Equal(events.Count, state.Version);
        });

    [Fact]
    public void A_session_answers_nothing_under_another_constitution()
    {
        var state = SessionDecider.Apply(SessionState.None, Started());
        Assert.Equal(SessionRefusal.ConstitutionChanged, SessionDecider.Decide(state, new OpenTurnCommand(Opened("t1"), "other")).Refusal);
        Assert.IsType<TurnOpened>(SessionDecider.Decide(state, new OpenTurnCommand(Opened("t1"), Pinned)).Event);
    }

    [Fact]
    public void A_session_cannot_close_while_it_answers()
    {
        var state = SessionDecider.Apply(SessionDecider.Apply(SessionState.None, Started()), Opened("t1") with { Number = 1 });
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new CloseCommand(new SessionClosed("ada"))).Refusal);
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new OpenTurnCommand(Opened("t2"), Pinned)).Refusal);
        Assert.Equal(SessionRefusal.TurnNotOpen, SessionDecider.Decide(state, new FailTurnCommand(new TurnFailed("t2", "x", 0))).Refusal);
    }

    [Fact]
    public void A_waiting_turn_goes_on_under_its_number_once_and_keeps_others_out()
    {
        var state = SessionDecider.Apply(SessionDecider.Apply(SessionState.None, Started()), Suspended("t1") with { Number = 1 });
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new OpenTurnCommand(Opened("t2"), Pinned)).Refusal);
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new SuspendTurnCommand(Suspended("t2"), Pinned)).Refusal);
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new CloseCommand(new SessionClosed("ada"))).Refusal);
        Assert.Equal(SessionRefusal.ConstitutionChanged, SessionDecider.Decide(state, new OpenTurnCommand(Opened("t1"), "other")).Refusal);
        Assert.Equal(SessionRefusal.TurnNotOpen, SessionDecider.Decide(state, new CompleteTurnCommand(new TurnCompleted("t1", "a", 1, 2, 3, 0, "USD", "stop", null))).Refusal);
        Assert.IsType<TurnCancelled>(SessionDecider.Decide(state, new CancelTurnCommand(new TurnCancelled("t1", "ada", 0, null, null))).Event);
        var opened = Assert.IsType<TurnOpened>(SessionDecider.Decide(state, new OpenTurnCommand(Opened("t1"), Pinned)).Event);
        Assert.Equal(1, opened.Number);
        state = SessionDecider.Apply(state, opened);
        Assert.Equal(SessionRefusal.TurnRunning, SessionDecider.Decide(state, new OpenTurnCommand(Opened("t1"), Pinned)).Refusal);
        Assert.Equal(SessionRefusal.TurnNotOpen, SessionDecider.Decide(state, new DenyTurnCommand(new TurnDenied("t1", "a-t1", "approval_void"))).Refusal);
    }

    private static TurnSuspended Suspended(string turn) => new(turn, 0, "p", 1, "soma-extract", "a-" + turn, "d");

    private static SessionStarted Started() => new("guide", "ada", "cli", Pinned, 1);

    private static TurnOpened Opened(string turn) => new(turn, 0, "p", 1, "somastack", "soma-extract", "r", "d", 0.9, []);
}
