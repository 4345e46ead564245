using System.Runtime.InteropServices;

namespace SomaStack.Agents.Workflows;

/// <param name="Told">Inputs of other origin have been kept; they are to be read.</param>
internal sealed record Came(IReadOnlyList<RunInput> Inputs, bool Told);

/// <summary>One run that this process drives: its state, what has come for it, and what it does now. One thread at a time drives it.</summary>
internal sealed class HotRun : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source;
    private readonly Dictionary<string, Underway> _underway = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly HashSet<string> _handedOver = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<RunInput> _came = [];
    private ITimer? _timer;
    private bool _told;
    private bool _driving;
    private bool _left;
    private bool _draining;

    public HotRun(RunRow row, RunState state, CancellationToken life)
    {
        (Row, State) = (row, state);
        _source = CancellationTokenSource.CreateLinkedTokenSource(life);
        Token = _source.Token;
    }

    /// <summary>As it was last committed.</summary>
    public RunRow Row { get; private set; }

    public RunState State { get; private set; }

    /// <summary>Cancelled when the run is driven here no more.</summary>
    public CancellationToken Token { get; }


    /// <summary>Completes when it drains and nothing of it is under way any more.</summary>
    public Task Idle => _idle.Task;

    public bool HasMore
    {
        get
        {
            lock (_gate) return _told || _came.Count > 0;
        }
    }

    /// <param name="input">Null when inputs are to be read.</param>
    /// <returns>True when the caller must drive it.</returns>
    public bool Add(RunInput? input)
    {
        lock (_gate)
        {
            if (_left) return false;
            if (input is null) _told = true;
            else _came.Add(input);
            if (_driving) return false;
            return _driving = true;
        }
    }

    /// <returns>False when it is being driven.</returns>
    public bool TryDrive()
    {
        lock (_gate) return !_left && !_driving && (_driving = true);
    }

    /// <returns>Null when there is nothing more; then nobody drives it.</returns>
    public Came? Take()
    {
        lock (_gate)
        {
            if (!_left && (_told || _came.Count > 0))
            {
                var came = new Came(_came, _told);
                (_came, _told) = ([], false);
                return came;
            }
            _driving = false;
            Settle();
            return null;
        }
    }

    public void Became(RunState state, RunRow row) => (State, Row) = (state, row);

    /// <returns>Null when it is under way already, or nothing begins here any more.</returns>
    public Underway? Begin(RunEffect effect)
    {
        lock (_gate)
        {
            var key = RunProgress.KeyOf(effect);
            if (_left || _draining || _underway.ContainsKey(key) || _handedOver.Contains(key)) return null;
            return _underway[key] = new Underway(effect, CancellationTokenSource.CreateLinkedTokenSource(Token));
        }
    }

    public void Ended(Underway one)
    {
        lock (_gate)
        {
            if (_underway.Remove(RunProgress.KeyOf(one.Effect))) one.Dispose();
            Settle();
        }
    }

    /// <returns>How often the effect has ended here and nobody knows how.</returns>
    public int Fault(RunEffect effect)
    {
        lock (_gate) return CollectionsMarshal.GetValueRefOrAddDefault(_faults, RunProgress.KeyOf(effect), out _) += 1;
    }

    /// <summary>It waits from now on for something outside and needs this process no more.</summary>
    public void HandOver(RunEffect effect)
    {
        lock (_gate) _handedOver.Add(RunProgress.KeyOf(effect));
    }

    public bool IsHandedOver(RunEffect effect)
    {
        lock (_gate) return _handedOver.Contains(RunProgress.KeyOf(effect));
    }

    /// <summary>Ends those that are not wanted any more; what they would say is not heard.</summary>
    public void KeepOnly(IReadOnlySet<string> keys)
    {
        lock (_gate)
        {
            foreach (var one in _underway.Values)
                if (!keys.Contains(RunProgress.KeyOf(one.Effect))) one.Stop();
        }
    }

    /// <summary>Rings the run when its next timer has run out.</summary>
    public void Alarm(long? due, TimeProvider clock, Action ring)
    {
        lock (_gate)
        {
            if (_left) return;
            _timer?.Dispose();
            _timer = null;
            if (due is not { } at) return;
            var left = Math.Max(0, at - Platform.Micros.NowMicros(clock));
            // A timer takes at most 49 days; the look that follows sets the next one.
            _timer = clock.CreateTimer(static ring => ((Action)ring!)(), ring, TimeSpan.FromMicroseconds(Math.Min(left + 999, TimeSpan.FromDays(30).TotalMicroseconds)), Timeout.InfiniteTimeSpan);
        }
    }

    public void Drain()
    {
        lock (_gate)
        {
            _draining = true;
            Settle();
        }
    }

    /// <summary>It is driven here no more; whatever it does is to end.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (_left) return;
            _left = true;
            _timer?.Dispose();
            foreach (var one in _underway.Values) one.Stop();
        }
        _source.Cancel();
        _idle.TrySetResult();
    }

    public void Dispose() => _source.Dispose();

    private void Settle()
    {
        if (_draining && !_driving && _underway.Count == 0) _idle.TrySetResult();
    }
}

/// <summary>An effect that is being done.</summary>
internal sealed class Underway(RunEffect effect, CancellationTokenSource source) : IDisposable
{
    public RunEffect Effect => effect;

    public CancellationToken Token { get; } = source.Token;

    /// <summary>True when nobody wants its result any more.</summary>
    public bool IsStopped { get; private set; }

    public void Stop()
    {
        IsStopped = true;
        source.Cancel();
    }

    public void Dispose() => source.Dispose();
}
