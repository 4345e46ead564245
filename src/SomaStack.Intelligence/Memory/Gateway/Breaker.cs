namespace SomaStack.Intelligence.Memory;

internal enum BreakerState
{
    Closed,
    HalfOpen,
    Open,
}

/// <summary>
/// Stops calls to a part that does not answer. Open after five failures in a row; after a pause one call at a time may probe, and two
/// probes that succeed close it. The pause doubles from one second to fifteen with every probe that fails.
/// </summary>
internal sealed class Breaker(TimeProvider clock)
{
    private const int FailuresMax = 5;
    private const int ProbesNeeded = 2;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private int _failures;
    private int _probesLeft;
    private bool _open;
    private bool _probing;
    private TimeSpan _pause = FirstPause;
    private long _openedAt;

    public BreakerState State
    {
        get
        {
            lock (_gate) return !_open ? BreakerState.Closed : clock.GetElapsedTime(_openedAt) < _pause ? BreakerState.Open : BreakerState.HalfOpen;
        }
    }

    /// <summary>True when a call may be made; it must be followed by <see cref="Succeeded"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (!_open) return true;
            if (_probing || clock.GetElapsedTime(_openedAt) < _pause) return false;
            _probing = true;
            return true;
        }
    }

    public void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
            if (!_open) return;
            _probing = false;
            if (--_probesLeft > 0) return;
            _open = false;
            _pause = FirstPause;
        }
    }

    public void Failed()
    {
        lock (_gate)
        {
            if (_open)
            {
                // A call that began before it opened says nothing new.
                if (!_probing) return;
                _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            }
            else if (++_failures < FailuresMax)
            {
                return;
            }
            _open = true;
            _probing = false;
            _probesLeft = ProbesNeeded;
            _openedAt = clock.GetTimestamp();
        }
    }

    /// <summary>The caller went away before there was an outcome.</summary>
    public void Abandoned()
    {
        lock (_gate) _probing = false;
    }
}
