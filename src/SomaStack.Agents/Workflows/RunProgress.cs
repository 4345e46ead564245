using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <param name="State">As it is once the write holds.</param>
/// <param name="Due">What is to be seen to then.</param>
internal sealed record Step(RunState State, RunWrite Write, IReadOnlyList<RunEffect> Due);

/// <summary>Turns inputs into the one transaction that takes a run forward: what the decider says, the lines of the journal, who drives the run on.</summary>
internal sealed class RunProgress(RunStore store, RunLines lines, TimeProvider clock)
{
    /// <summary>A history that has grown beyond this goes on as a new one.</summary>
    public long HistoryMost { get; init; } = RunDecider.EventsMax;

    private static readonly byte[] FirstChain = new byte[SHA256.HashSizeInBytes];

    /// <param name="replica">Who drives it on; empty when somebody else is to.</param>
    public Step Begin(RunBeginning beginning, string replica)
    {
        var (identity, events) = (beginning.Identity, beginning.Events);
        var before = new RunRow(identity, "", 1, 0, FirstChain, 0, replica, 1, null, 0, 0, null, null, null, 0, 0, 0, identity.CreatedAt, null);
        var state = RunDecider.Apply(RunState.None, events);
        var step = Make(before, RunState.None, state, events, 0, static _ => false, begins: true);
        return beginning.Also is { } also ? step with { Write = step.Write with { Also = also } } : step;
    }

    public Step Next(HotRun run, IReadOnlyList<RunInput> inputs, long taken)
    {
        var (state, events) = RunRound.Decide(run.State, inputs, clock.NowMicros(), HistoryMost);
        return Make(run.Row, run.State, state, events, taken, run.IsHandedOver, begins: false);
    }

    /// <summary>Writes down what was decided elsewhere, by <see cref="RunRound"/>.</summary>
    public Step Of(RunRow before, RunState was, IReadOnlyList<RunEvent> events, long taken) =>
        Make(before, was, RunDecider.Apply(was, events), events, taken, static _ => false, begins: false);

    /// <summary>The state that a run's history gives.</summary>
    public async Task<RunState> ReadAsync(RunRow row, CancellationToken cancellationToken)
    {
        var state = RunState.None;
        for (var after = row.Base - 1; ;)
        {
            var some = await store.EventsAsync(row.Tenant, row.Id, after, RunStore.Batch, cancellationToken);
            foreach (var one in some) state = RunDecider.Apply(state, JsonSerializer.Deserialize(one.Data, RunHistoryJson.Default.RunEvent)!);
            if (some.Count < RunStore.Batch) return state;
            after = some[^1].Seq;
        }
    }

    /// <summary>Stopping an effect is another thing than the effect, although it has its key.</summary>
    public static string KeyOf(RunEffect effect) => effect is StopEffect ? "stop/" + effect.Key : effect.Key;

    /// <returns>When the first of the timers runs out; null when there is none.</returns>
    public static long? NextTimer(IReadOnlyList<RunEffect> due)
    {
        long? next = null;
        foreach (var effect in due)
            if (effect is StartTimer timer && !(timer.Due >= next)) next = timer.Due;
        return next;
    }

    /// <summary>The newest link: SHA-256 of the link before it and the event's bytes.</summary>
    public static byte[] Chain(byte[] before, string data)
    {
        var bytes = new byte[before.Length + Encoding.UTF8.GetByteCount(data)];
        before.CopyTo(bytes, 0);
        Encoding.UTF8.GetBytes(data, bytes.AsSpan(before.Length));
        return SHA256.HashData(bytes);
    }

    private Step Make(RunRow before, RunState was, RunState state, IReadOnlyList<RunEvent> events, long taken, Func<RunEffect, bool> handedOver, bool begins)
    {
        var (seq, chain, continues, start) = (before.Seq, before.Chain, false, before.Base);
        var rows = new List<RunEventRow>(events.Count);
        foreach (var happened in events)
        {
            var data = JsonSerializer.Serialize(happened, RunHistoryJson.Default.RunEvent);
            chain = Chain(chain, data);
            rows.Add(new RunEventRow(++seq, RunLines.TypeOf(happened), data));
            if (happened is RunContinued) (continues, start) = (true, seq);
        }
        var due = RunDecider.Due(state);
        // Whoever has nothing to do for it gives it back: it costs a row until its time or something from outside comes.
        var busy = due.Any(effect => effect is not (StartTimer or AskPerson) && !handedOver(effect));
        var now = clock.NowMicros();
        var owner = busy ? before.Owner : "";
        long? wakeAt = owner.Length > 0 ? null : busy ? now : state.Ended ? null : NextTimer(due);
        var failure = state.Ended && state.Phase != RunPhase.Completed ? state.Failure : null;
        var after = before with
        {
            Status = state.Status.Name(), Base = start, Seq = seq, Chain = chain, Owner = owner, WakeAt = wakeAt, Taken = taken, Paused = null, Code = failure?.Code, Detail = failure?.Detail,
            Steps = state.Used.Steps, Tokens = state.Used.Tokens, CostNanos = state.Used.CostNanos, UpdatedAt = now, EndedAt = state.Ended ? before.EndedAt ?? now : null,
        };
        var written = lines.Of(after, was, state, events);
        after = after with { Lines = before.Lines + written.Count };
        return new Step(state, new RunWrite(after, begins, rows, written)
        {
            Approvals = [.. events.OfType<StepSuspended>().Select(one => new RunApproval(one.Approval, RunPath.Key(after.Id, one.Path, one.Attempt)))],
            Report = state.Ended && !was.Ended && after.Identity.Parent is { } parent ? new RunReport(parent.Run, ReportOf(parent, state, now)) : null,
            Continues = continues,
            Ends = state.Ended && !was.Ended,
        }, due);
    }

    private static NestedEnded ReportOf(RunParent parent, RunState state, long now) => new(
        now, parent.Path, parent.Attempt, state.Status, state.Outputs ?? "{}", state.Phase == RunPhase.Completed ? null : state.Failure ?? new StepFailure("run_cancelled", state.CancelReason ?? "It was cancelled."), state.Used)
    {
        Taints = state.Taints,
    };
}
