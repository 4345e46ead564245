namespace SomaStack.Agents.Workflows;

/// <summary>
/// Places for effects under way. When all are taken, those who wait are served by tenant in turn, so that a tenant with ten thousand steps
/// waits no less for its next place than one with a single step.
/// </summary>
internal sealed class FairSlots(int places)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private int _free = places;

    public Task EnterAsync(string tenant, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }
            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_waiting.TryGetValue(tenant, out var queue))
            {
                _waiting[tenant] = queue = new LinkedList<TaskCompletionSource>();
                _turns.Enqueue(tenant);
            }
            queue.AddLast(place);
            return WaitAsync(place, cancellationToken);
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            while (_turns.TryDequeue(out var tenant))
            {
                var queue = _waiting[tenant];
                var served = false;
                while (!served && queue.First is { } first)
                {
                    queue.RemoveFirst();
                    served = first.Value.TrySetResult();
                }
                if (queue.Count > 0) _turns.Enqueue(tenant);
                else _waiting.Remove(tenant);
                if (served) return;
            }
            _free++;
        }
    }

    private static async Task WaitAsync(TaskCompletionSource place, CancellationToken cancellationToken)
    {
        await using var cancelled = cancellationToken.UnsafeRegister(static (place, token) => ((TaskCompletionSource)place!).TrySetCanceled(token), place);
        await place.Task;
    }
}
