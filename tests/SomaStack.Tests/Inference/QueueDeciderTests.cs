using CsCheck;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

/// <summary>Random commands, of workers that hold a request and of workers that believe they do: its rules hold whatever comes.</summary>
public sealed class QueueDeciderTests
{
    private static readonly Gen<RequestCommand> Commands = Gen.OneOf<RequestCommand>(
        Gen.Long[1, 4].Select(most => (RequestCommand)new QueueCommand(most)),
        Gen.Bool.Select(expired => (RequestCommand)new ClaimCommand(expired)),
        Gen.Bool.Select(expired => (RequestCommand)new ClaimCommand(expired)),
        Gen.Long[1, 6].Select(attempt => (RequestCommand)new SucceedCommand(attempt)),
        Gen.Select(Gen.Long[1, 6], Gen.Bool, (attempt, retryable) => (RequestCommand)new FailCommand(attempt, "provider_timeout", retryable)),
        Gen.Long[1, 6].Select(attempt => (RequestCommand)new InterruptCommand(attempt)),
        Gen.Const<RequestCommand>(new CancelCommand("ada")),
        Gen.Long[1, 3].Select(more => (RequestCommand)new ReplayCommand(more)));

    [Fact]
    public void No_sequence_of_commands_breaks_the_rules_of_a_request() =>
        Commands.Array[0, 60].Sample(commands =>
        {
            var events = new List<RequestEvent>();
            var state = RequestState.None;
            foreach (var command in commands)
            {
                var before = state;
                var decision = RequestDecider.Decide(state, command);
                Assert.True(decision.Event is null ^ decision.Refusal is null, "a decision is one event or one refusal");
                if (decision.Event is not { } happened) continue;
                events.Add(happened);
                state = RequestDecider.Apply(state, happened);

                Assert.Equal(before.Version + 1, state.Version);
                Assert.True(state.Attempt >= before.Attempt && state.Attempt <= state.AttemptsMax, "attempts only grow, up to what is allowed");
                Assert.True(!before.Ended || happened is ReplayedEvent, "after the end only a replay happens");
                Assert.True((before.Version == 0) == (happened is QueuedEvent), "a request is queued once, and first");
                if (happened is StartedEvent started)
                {
                    Assert.Equal(before.Attempt + 1, started.Attempt);
                    Assert.Equal(before.Phase == RequestPhase.Running, started.AfterLoss);
                    Assert.Null(before.CancelBy);
                }
                if (command is SucceedCommand or FailCommand or InterruptCommand) Assert.Equal(RequestPhase.Running, before.Phase);
                if (command is SucceedCommand done) Assert.Equal(before.Attempt, done.Attempt);
                if (command is FailCommand failed) Assert.Equal(before.Attempt, failed.Attempt);
            }
            Assert.True(events.Count(static happened => happened is SucceededEvent) <= 1, "there is one effect at most");
            Assert.Equal(state, events.Aggregate(RequestState.None, RequestDecider.Apply));
        });

    [Fact]
    public void Whatever_happened_to_it_a_request_ends_when_every_worker_fails_or_dies() =>
        Gen.Select(Commands.Array[0, 30], Gen.Bool.Array[30]).Sample((commands, dies) =>
        {
            var state = commands.Prepend(new QueueCommand(3)).Aggregate(RequestState.None, Happen);
            for (var step = 0; !state.Ended; step++)
            {
                Assert.True(step < 60, $"it does not end: {state}");
                state = Happen(state, new ClaimCommand(LeaseExpired: true));
                if (!dies[step % dies.Length]) state = Happen(state, new FailCommand(state.Attempt, "provider_timeout", true));
            }
        });

    [Fact]
    public void A_worker_that_comes_back_from_a_long_pause_has_no_say()
    {
        var state = new RequestCommand[] { new QueueCommand(5), new ClaimCommand(false), new ClaimCommand(LeaseExpired: true) }.Aggregate(RequestState.None, Happen);
        Assert.Equal((RequestPhase.Running, 2L), (state.Phase, state.Attempt));
        Assert.Equal(RequestRefusal.NotHeld, RequestDecider.Decide(state, new SucceedCommand(1)).Refusal);
        Assert.Equal(RequestRefusal.NotHeld, RequestDecider.Decide(state, new FailCommand(1, "x", true)).Refusal);
        Assert.Equal(RequestRefusal.Held, RequestDecider.Decide(state, new ClaimCommand(LeaseExpired: false)).Refusal);
        Assert.IsType<SucceededEvent>(RequestDecider.Decide(state, new SucceedCommand(2)).Event);
    }

    [Fact]
    public void Only_what_trying_again_may_mend_is_tried_again_and_then_waits_for_a_replay()
    {
        var running = new RequestCommand[] { new QueueCommand(2), new ClaimCommand(false) }.Aggregate(RequestState.None, Happen);
        Assert.Equal(new FailedEvent(1, "model_unknown", Dead: false), RequestDecider.Decide(running, new FailCommand(1, "model_unknown", false)).Event);
        var again = Happen(Happen(running, new FailCommand(1, "provider_timeout", true)), new ClaimCommand(false));
        var dead = Happen(again, new FailCommand(2, "provider_timeout", true));
        Assert.Equal((RequestPhase.Failed, true), (dead.Phase, dead.Dead));
        var replayed = Happen(dead, new ReplayCommand(5));
        Assert.Equal((RequestPhase.Queued, 2L, 7L, false), (replayed.Phase, replayed.Attempt, replayed.AttemptsMax, replayed.Dead));
    }

    [Fact]
    public void A_request_that_takes_its_worker_down_ends_too()
    {
        var state = new RequestCommand[] { new QueueCommand(1), new ClaimCommand(false) }.Aggregate(RequestState.None, Happen);
        Assert.Equal(new FailedEvent(1, RequestDecider.WorkerLost, Dead: true), RequestDecider.Decide(state, new ClaimCommand(LeaseExpired: true)).Event);
    }

    [Fact]
    public void A_worker_that_stops_costs_the_request_no_attempt()
    {
        var state = new RequestCommand[] { new QueueCommand(1), new ClaimCommand(false), new InterruptCommand(1), new ClaimCommand(false) }.Aggregate(RequestState.None, Happen);
        Assert.Equal((RequestPhase.Running, 2L, 2L), (state.Phase, state.Attempt, state.AttemptsMax));
    }

    [Fact]
    public void The_pause_is_uniform_below_a_doubling_bound_and_never_less_than_the_provider_asks_for() =>
        Gen.Select(Gen.Long[1, 40], Gen.Double[0, 0.999999], Gen.Int[0, 2000]).Sample((attempt, random, asked) =>
        {
            var bound = Math.Min(Math.Pow(2, attempt - 1), 60);
            Assert.InRange(Backoff.After(attempt, random, null).TotalSeconds, bound * random - 1e-6, bound * random + 1e-6);
            var least = Math.Min(asked, 600);
            Assert.InRange(Backoff.After(attempt, random, TimeSpan.FromSeconds(asked)).TotalSeconds, least - 1e-6, Math.Max(least, bound) + 1e-6);
        });

    private static RequestState Happen(RequestState state, RequestCommand command) =>
        RequestDecider.Decide(state, command).Event is { } happened ? RequestDecider.Apply(state, happened) : state;
}
