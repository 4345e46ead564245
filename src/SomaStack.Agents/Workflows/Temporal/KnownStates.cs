using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace SomaStack.Agents.Workflows;

/// <summary>States of runs as the tables hold them, remembered so that only events that have come since are read. Forgetting costs reading.</summary>
internal sealed class KnownStates(RunStore store)
{
    private const int Most = 1024;

    private readonly ConcurrentDictionary<(string Tenant, string Run), Known> _known = new();

    /// <summary>The state at the row's newest event.</summary>
    public async Task<RunState> OfAsync(RunRow row, CancellationToken cancellationToken)
    {
        var (state, seq) = (RunState.None, row.Base - 1);
        if (_known.TryGetValue((row.Tenant, row.Id), out var known) && known.Base == row.Base && known.Seq <= row.Seq) (state, seq) = (known.State, known.Seq);
        if (seq == row.Seq) return state;
        await foreach (var happened in HistoryAsync(row, seq, cancellationToken)) state = RunDecider.Apply(state, happened);
        Keep(row, state);
        return state;
    }

    public void Keep(RunRow row, RunState state)
    {
        if (_known.Count >= Most) _known.Clear();
        _known[(row.Tenant, row.Id)] = new Known(row.Base, row.Seq, state);
    }

    /// <summary>Events after a number, up to the row's newest one.</summary>
    public async IAsyncEnumerable<RunEvent> HistoryAsync(RunRow row, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (after < row.Seq)
        {
            var some = await store.EventsAsync(row.Tenant, row.Id, after, (int)Math.Min(RunStore.Batch, row.Seq - after), cancellationToken);
            if (some.Count == 0) throw new InvalidOperationException($"The history of run {row.Id} ends at {after}, before {row.Seq}.");
            foreach (var one in some) yield return JsonSerializer.Deserialize(one.Data, RunHistoryJson.Default.RunEvent)!;
            after = some[^1].Seq;
        }
    }

    private sealed record Known(long Base, long Seq, RunState State);
}
