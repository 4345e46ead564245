namespace SomaStack.Agents.Workflows;

/// <summary>What a host does with what has come, whichever host it is: pure, so that the same inputs at the same time give the same events everywhere.</summary>
internal static class RunRound
{
    /// <param name="now">Unix microseconds; timers that have run out by then are among the inputs.</param>
    /// <param name="historyMost">A history that has grown beyond this many events goes on as a new one.</param>
    public static (RunState State, List<RunEvent> Events) Decide(RunState state, IReadOnlyList<RunInput> inputs, long now, long historyMost)
    {
        var events = new List<RunEvent>();
        foreach (var input in InOrder(state, inputs, now))
            foreach (var happened in RunDecider.Decide(state, input))
            {
                events.Add(happened);
                state = RunDecider.Apply(state, happened);
            }
        if (state.Events <= historyMost || state.Ended) return (state, events);
        var continued = RunDecider.Fold(state);
        events.Add(continued);
        return (RunDecider.Apply(state, continued), events);
    }

    /// <summary>Timers that have run out take their place among what has come: a signal that came in time is not late because nobody looked.</summary>
    private static IEnumerable<RunInput> InOrder(RunState state, IReadOnlyList<RunInput> inputs, long now)
    {
        var fired = RunDecider.Due(state).OfType<StartTimer>().Where(timer => timer.Due <= now).Select(timer => (At: timer.Due, Input: (RunInput)new TimerFired(now, timer.Path, timer.Timer))).ToList();
        return fired.Count == 0 ? inputs : inputs.Select(static input => (input.At, Input: input)).Concat(fired).OrderBy(static one => one.At).Select(static one => one.Input);
    }
}
