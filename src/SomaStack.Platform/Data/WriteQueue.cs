namespace SomaStack.Platform;

/// <summary>
/// Hands what many threads add to one thread that sleeps in between. A channel would wake that thread by way of the thread pool, and a
/// task that is waited for spins before it sleeps; both are paid at every commit.
/// </summary>
internal sealed class WriteQueue<T>(int limit) : IDisposable
{
    private readonly object _gate = new();
    private readonly Queue<T> _items = new();
    private readonly SemaphoreSlim _room = new(limit);
    private bool _asleep;
    private bool _completed;

    /// <summary>Waits for room when the queue is full.</summary>
    /// <exception cref="ObjectDisposedException">The queue was completed.</exception>
    public ValueTask AddAsync(T item, CancellationToken cancellationToken)
    {
        if (!_room.Wait(0, CancellationToken.None)) return WaitAsync(item, cancellationToken);
        Add(item);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sleeps until there is something, and takes all of it, at most <paramref name="most"/>. Called by one thread only.</summary>
    /// <returns>False when the queue is completed and empty.</returns>
    public bool Take(List<T> taken, int most)
    {
        taken.Clear();
        lock (_gate)
        {
            while (_items.Count == 0)
            {
                if (_completed) return false;
                _asleep = true;
                Monitor.Wait(_gate);
                _asleep = false;
            }
            while (taken.Count < most && _items.TryDequeue(out var item)) taken.Add(item);
        }
        _room.Release(taken.Count);
        return true;
    }

    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose() => _room.Dispose();

    private async ValueTask WaitAsync(T item, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        Add(item);
    }

    private void Add(T item)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_completed, this);
            _items.Enqueue(item);
            if (_asleep) Monitor.Pulse(_gate);
        }
    }
}
