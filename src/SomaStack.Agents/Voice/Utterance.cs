namespace SomaStack.Agents.Voice;

/// <summary>What is said between two silences: its sound while it grows, and what the speaker wants of its answer. The sound lives here and nowhere else.</summary>
internal sealed class Utterance(int number, CancellationToken connection) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MemoryStream _sound = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _dropped = CancellationTokenSource.CreateLinkedTokenSource(connection);
    private readonly CancellationTokenSource _silenced = CancellationTokenSource.CreateLinkedTokenSource(connection);
    private TaskCompletionSource<bool>? _grown;
    private int _wanted;
    private bool _disposed;

    public int Number => number;

    /// <summary>Completes with its end of speech.</summary>
    public Task Over => _over.Task;

    /// <summary>When its end of speech came.</summary>
    public long OverAt { get; private set; }

    /// <summary>Completes when the speaker wants no answer any more.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>Its sound is to be forgotten, or the connection has ended.</summary>
    public CancellationToken Dropped => _dropped.Token;

    /// <summary>Nothing more is to be said, or the connection has ended.</summary>
    public CancellationToken Silenced => _silenced.Token;

    public void Append(ReadOnlySpan<byte> pcm)
    {
        lock (_lock)
        {
            _sound.Write(pcm);
            if (_sound.Length >= _wanted) _grown?.TrySetResult(true);
        }
    }

    public byte[] Sound()
    {
        lock (_lock) return _sound.ToArray();
    }

    /// <summary>True when it has so many bytes, false when it is over before. For one waiter.</summary>
    public Task<bool> GrownAsync(int bytes)
    {
        lock (_lock)
        {
            if (_over.Task.IsCompleted) return Task.FromResult(false);
            if (_sound.Length >= bytes) return Task.FromResult(true);
            _wanted = bytes;
            _grown = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _grown.Task;
        }
    }

    public void End(long at)
    {
        lock (_lock)
        {
            OverAt = at;
            _over.TrySetResult();
            _grown?.TrySetResult(false);
        }
    }

    public void Drop(long at) => Act(_dropped, at);

    public void Silence(long at) => Act(_silenced, at);

    public void Cancel(long at)
    {
        _cancelled.TrySetResult();
        Act(_silenced, at);
        Act(_dropped, at);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _sound.SetLength(0);
        }
        _dropped.Dispose();
        _silenced.Dispose();
    }

    /// <summary>What has ended meanwhile needs no telling.</summary>
    private void Act(CancellationTokenSource source, long at)
    {
        End(at);
        lock (_lock)
            if (_disposed) return;
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this moment.
        }
    }
}
