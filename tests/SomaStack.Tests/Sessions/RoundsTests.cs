using CsCheck;
using SomaStack.Agents.Sessions;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Tests.Sessions;

/// <summary>What a turn does next, from what is stored of it.</summary>
public sealed class RoundsTests
{
    private static readonly RoundLimits Free = new(8, null);

    [Fact]
    public void A_turn_asks_its_model_uses_what_it_asks_for_and_ends_when_it_asks_for_nothing()
    {
        Assert.Equal(new AskModel(1, null), Rounds.Next([], Free));
        Assert.IsType<FinishTurn>(Rounds.Next([Round(1)], Free));
        var planned = Call(1, 1);
        Assert.Equal(planned, Assert.Single(Assert.IsType<RunCalls>(Rounds.Next([Round(1, planned)], Free)).Calls));
        Assert.Equal(new AskModel(2, null), Rounds.Next([Round(1, Ended(planned))], Free));
        Assert.IsType<FinishTurn>(Rounds.Next([Round(1, Ended(planned)), Round(2)], Free));
    }

    [Fact]
    public void Calls_that_wait_hold_the_turn_and_each_decision_reaches_its_own_call()
    {
        var first = Call(1, 1) with { State = CallState.Awaiting };
        var second = Call(1, 2) with { State = CallState.Awaiting };
        var done = Ended(Call(1, 3));
        Assert.Equal([first, second], Assert.IsType<AwaitDecisions>(Rounds.Next([Round(1, first, second, done)], Free)).Calls);
        var yes = second with { Decided = new CallDecision(null, null) };
        Assert.Equal([yes], Assert.IsType<RunCalls>(Rounds.Next([Round(1, first, yes, done)], Free)).Calls);
        Assert.Equal([first], Assert.IsType<AwaitDecisions>(Rounds.Next([Round(1, first, Ended(second), done)], Free)).Calls);
        var no = first with { Decided = new CallDecision("approval_rejected", "bob refused it.") };
        Assert.Equal([no], Assert.IsType<RunCalls>(Rounds.Next([Round(1, no, Ended(second), done)], Free)).Calls);
        Assert.Equal(new AskModel(2, null), Rounds.Next([Round(1, Ended(no), Ended(second), done)], Free));
    }

    [Fact]
    public void What_a_crash_left_begun_is_done_again_under_its_key_before_the_model_is_asked()
    {
        var begun = Call(1, 1) with { State = CallState.Begun };
        Assert.Equal([begun], Assert.IsType<RunCalls>(Rounds.Next([Round(1, begun, Ended(Call(1, 2)))], Free)).Calls);
    }

    [Fact]
    public void Too_many_rounds_end_the_turn_before_anything_of_the_last_one_is_done()
    {
        var rounds = Enumerable.Range(1, 3).Select(number => Round(number, Ended(Call(number, 1, $"{{\"n\":{number}}}")))).ToList();
        Assert.Equal(new AskModel(4, null), Rounds.Next(rounds, new RoundLimits(3, null)));
        rounds.Add(Round(4, Call(4, 1, """{"n":4}""")));
        Assert.Equal("too_many_tool_rounds", Assert.IsType<EndTurn>(Rounds.Next(rounds, new RoundLimits(3, null))).Problem.Code.Code);
        Assert.IsType<RunCalls>(Rounds.Next(rounds, new RoundLimits(4, null)));
    }

    [Fact]
    public void The_same_question_with_the_same_answer_is_a_loop_the_third_time()
    {
        List<TurnRound> rounds = [Round(1, Ended(Call(1, 1))), Round(2, Ended(Call(2, 1))), Round(3, Call(3, 1))];
        var end = Assert.IsType<EndTurn>(Rounds.Next(rounds, Free));
        Assert.Equal("runaway_loop", end.Problem.Code.Code);
        Assert.Contains("files.list", end.Problem.Detail, StringComparison.Ordinal);
        // What answers differently is being waited for, and other arguments are another question.
        rounds[1] = Round(2, Ended(Call(2, 1), "another answer"));
        Assert.IsType<RunCalls>(Rounds.Next(rounds, Free));
        rounds[1] = Round(2, Ended(Call(2, 1, """{"path":"b"}""")));
        Assert.IsType<RunCalls>(Rounds.Next(rounds, Free));
    }

    [Fact]
    public void The_cap_counts_every_call_of_the_model_and_what_asked_agents_wrote_and_the_unknown_as_all_that_was_allowed()
    {
        var limits = new RoundLimits(8, 100);
        Assert.Equal(new AskModel(1, 100), Rounds.Next([], limits));
        var delegated = Ended(Call(1, 1)) with { Result = new CallResult("succeeded", "x") { Delegated = new DelegatedUse(5, 7, null, 7) } };
        Assert.Equal(new AskModel(2, 100 - 30 - 7), Rounds.Next([Round(1, 30, delegated)], limits));
        Assert.Equal(new AskModel(2, 100 - 50), Rounds.Next([Round(1, (long?)null, Ended(Call(1, 1)))], limits));
        Assert.Equal("turn_budget_spent", Assert.IsType<EndTurn>(Rounds.Next([Round(1, 30, delegated), Round(2, 70, Ended(Call(2, 1, "{}")))], limits)).Problem.Code.Code);
    }

    [Fact]
    public void A_turn_goes_on_after_a_crash_only_where_nothing_unfinished_was_seen()
    {
        var round = Round(1, Call(1, 1)) with { Said = "Let me look." };
        Assert.True(Rounds.CanGoOn([round], "Let me look."));
        Assert.False(Rounds.CanGoOn([round], "Let me look.\n\nIt is"));
        Assert.False(Rounds.CanGoOn([], ""));
        Assert.False(Rounds.CanGoOn([Round(1) with { Said = "Done." }], "Done."));
        Assert.Equal("One.\n\nTwo.\nThree.", Rounds.Text([Round(1) with { Said = "One." }, Round(2), Round(3) with { Said = "Two.\n" }, Round(4) with { Said = "Three." }]));
    }

    [Fact]
    public void No_history_runs_an_ended_call_again_or_asks_the_model_with_a_call_open() =>
        Gen.Select(Gen.Enum<CallState>(), Gen.Int[0, 2]).Array[1, 5].Sample(states =>
        {
            var calls = states.Select((one, i) => (one.Item1 == CallState.Ended ? Ended(Call(1, i + 1)) : Call(1, i + 1) with { State = one.Item1 }) with
            {
                Decided = one.Item1 != CallState.Awaiting || one.Item2 == 0 ? null : new CallDecision(one.Item2 == 1 ? null : "approval_rejected", null),
            }).ToArray();
            switch (Rounds.Next([Round(1, calls)], Free))
            {
                case RunCalls run:
                    Assert.DoesNotContain(run.Calls, static call => call.State == CallState.Ended || (call.State == CallState.Awaiting && call.Decided is null));
                    Assert.Equal(calls.Count(static call => call.CanRun), run.Calls.Count);
                    break;
                case AwaitDecisions awaited:
                    Assert.All(calls, static call => Assert.True(call.State == CallState.Ended || (call.State == CallState.Awaiting && call.Decided is null)));
                    Assert.NotEmpty(awaited.Calls);
                    break;
                case AskModel:
                    Assert.All(calls, static call => Assert.Equal(CallState.Ended, call.State));
                    break;
                case var other:
                    Assert.Fail(other.ToString());
                    break;
            }
        });

    internal static TurnToolCall Call(int round, int number, string arguments = """{"path":"a"}""") => new(round, number, $"call_{round}_{number}", "files__list", "files.list", arguments);

    internal static TurnToolCall Ended(TurnToolCall call, string text = "a.txt") => call with { State = CallState.Ended, Result = new CallResult("succeeded", text) };

    internal static TurnRound Round(int number, params TurnToolCall[] calls) => Round(number, 10, calls);

    internal static TurnRound Round(int number, long? outputTokens, params TurnToolCall[] calls) =>
        new(number, "", new CallReceipt("c" + number, "openai", "gpt-x", 20, outputTokens, null, null, 1000, "USD", 1, 2, 0.5, 1), calls.Length > 0 ? "tool_calls" : "stop", 50, null, calls);
}
