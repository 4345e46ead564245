namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Keeps calls from a model that fails. Closed, it counts the calls of the last <see cref="Window"/>; at
/// <see cref="FailureRatio"/> of at least <see cref="MinimumCalls"/> it opens and refuses for <see cref="OpenFor"/>, twice as long after
/// each probe that failed, at most <see cref="OpenForMax"/>. Half-open it lets one call through, whose outcome closes or opens it.
/// Safe for concurrent use; no I/O.
/// </summary>
internal sealed class CircuitBreaker(TimeProvider clock)
{
    public const int MinimumCalls = 20;
    public const double FailureRatio = 0.5;
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan OpenForMax = TimeSpan.FromSeconds(60);

    private const int Slots = 6;

    private readonly Lock _lock = new();
    private readonly int[] _calls = new int[Slots];
    private readonly int[] _failures = new int[Slots];
    private readonly long _begun = clock.GetTimestamp();
    private long _slot;
    private State _state = State.Closed;
    private long _openedAt;
    private TimeSpan _openFor = OpenFor;

    /// <summary>Grows with each change of state: an outcome of before says nothing of after.</summary>
    private long _era;

    private enum State
    {
        Closed,
        Open,
        HalfOpen,
    }

    public bool IsClosed => _state == State.Closed;

    /// <param name="ticket">To be given back exactly once, by <see cref="Succeed"/>, <see cref="Fail"/> or <see cref="Abandon"/>.</param>
    /// <param name="wait">When refused: until when it will be.</param>
    public bool TryEnter(out long ticket, out TimeSpan wait)
    {
        lock (_lock)
        {
            wait = TimeSpan.Zero;
            if (_state == State.Open)
            {
                wait = _openFor - clock.GetElapsedTime(_openedAt);
                if (wait <= TimeSpan.Zero) Enter(State.HalfOpen);
            }
            else if (_state == State.HalfOpen)
            {
                // Its probe is under way.
                wait = OpenFor;
            }
            ticket = _era;
            return wait <= TimeSpan.Zero;
        }
    }

    public void Succeed(long ticket)
    {
        lock (_lock)
        {
            if (ticket != _era) return;
            if (_state == State.Closed) Count(failed: false);
            else if (_state == State.HalfOpen)
            {
                Array.Clear(_calls);
                Array.Clear(_failures);
                _openFor = OpenFor;
                Enter(State.Closed);
            }
        }
    }

    /// <returns>True when this failure opened it.</returns>
    public bool Fail(long ticket)
    {
        lock (_lock)
        {
            if (ticket != _era) return false;
            if (_state == State.HalfOpen)
            {
                _openFor = _openFor * 2 < OpenForMax ? _openFor * 2 : OpenForMax;
                Open();
                return true;
            }
            if (_state != State.Closed) return false;
            Count(failed: true);
            var (calls, failures) = (0, 0);
            for (var i = 0; i < Slots; i++) (calls, failures) = (calls + _calls[i], failures + _failures[i]);
            if (calls < MinimumCalls || failures < FailureRatio * calls) return false;
            _openFor = OpenFor;
            Open();
            return true;
        }
    }

    /// <summary>The outcome says nothing of the model, as when the caller left.</summary>
    public void Abandon(long ticket)
    {
        lock (_lock)
        {
            // The next one may probe at once.
            if (ticket == _era && _state == State.HalfOpen) Enter(State.Open);
        }
    }

    /// <summary>An answer that had begun, and counted as a success, was cut. It counts as a failure too.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            Fail(_state == State.Closed ? _era : -1);
        }
    }

    private void Open()
    {
        _openedAt = clock.GetTimestamp();
        Enter(State.Open);
    }

    private void Enter(State state) => (_state, _era) = (state, _era + 1);

    private void Count(bool failed)
    {
        var slot = (long)(clock.GetElapsedTime(_begun) / (Window / Slots));
        // What lies a window back is forgotten slot by slot.
        for (var stale = Math.Max(_slot + 1, slot - Slots + 1); stale <= slot; stale++) (_calls[stale % Slots], _failures[stale % Slots]) = (0, 0);
        _slot = slot;
        _calls[slot % Slots]++;
        if (failed) _failures[slot % Slots]++;
    }
}
