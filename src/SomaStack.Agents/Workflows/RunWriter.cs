using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Steps forward of many runs share a transaction of their tenant: the first goes at once, those that come while it is being committed go
/// together after it. When one is refused (its run was taken over) the others are written again without it.
/// </summary>
internal sealed class RunWriter(Db db, RunStore store, RunApprovalDesk desk)
{
    private const int Most = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<Waiting>> _waiting = new(StringComparer.Ordinal);

    /// <returns>Completes when it is durable or refused. Where it begins to wait for an approval, the outcome of that may have been kept for the run with it.</returns>
    public Task<WriteOutcome> WriteAsync(RunWrite write)
    {
        var one = new Waiting(write);
        lock (_gate)
        {
            if (_waiting.TryGetValue(write.Tenant, out var queue))
            {
                queue.Enqueue(one);
                return one.Done.Task;
            }
            _waiting[write.Tenant] = queue = new Queue<Waiting>();
            queue.Enqueue(one);
        }
        _ = DrainAsync(write.Tenant);
        return one.Done.Task;
    }

    private async Task DrainAsync(string tenant)
    {
        var group = new List<Waiting>(Most);
        while (true)
        {
            group.Clear();
            lock (_gate)
            {
                var queue = _waiting[tenant];
                while (group.Count < Most && queue.TryDequeue(out var one)) group.Add(one);
                if (group.Count == 0)
                {
                    _waiting.Remove(tenant);
                    return;
                }
            }
            await TogetherAsync(tenant, group);
        }
    }

    private async Task TogetherAsync(string tenant, List<Waiting> group)
    {
        // In one order everywhere, so that two replicas never wait for each other's rows.
        group.Sort(static (one, other) => string.CompareOrdinal(one.Write.After.Id, other.Write.After.Id));
        while (group.Count > 0)
        {
            WriteOutcome[] outcomes = [];
            try
            {
                await db.WriteAsync(tenant, async work =>
                {
                    var ended = await desk.HoldAsync(work, tenant, group.SelectMany(static one => one.Write.Approvals));
                    outcomes = await store.WriteAsync(work, [.. group.Select(static one => one.Write)]);
                    if (outcomes.Contains(WriteOutcome.Refused)) throw new RefusedException();
                    foreach (var one in ended) await desk.TellAsync(work, tenant, one, static (_, _) => { });
                }, CancellationToken.None);
                foreach (var one in group) one.Done.TrySetResult(WriteOutcome.Done);
                return;
            }
            catch (RefusedException)
            {
                for (var i = outcomes.Length - 1; i >= 0; i--)
                {
                    if (outcomes[i] != WriteOutcome.Refused) continue;
                    group[i].Done.TrySetResult(WriteOutcome.Refused);
                    group.RemoveAt(i);
                }
            }
            catch (Exception exception)
            {
                if (group.Count == 1)
                {
                    group[0].Done.TrySetException(exception);
                    return;
                }
                // One of them may be at fault: now each by itself.
                foreach (var one in group) await TogetherAsync(tenant, [one]);
                return;
            }
        }
    }

    private sealed class Waiting(RunWrite write)
    {
        public RunWrite Write => write;

        public TaskCompletionSource<WriteOutcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class RefusedException : Exception;
}
