using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// One live feed of one person. Frames are offered and never wait for it: while a write is under way a few queue up, and when those are too
/// many it ends as slow, to resume from the store. It begins as catching up: its handler alone writes then, and takes nothing that has a
/// sequence, until the feed says from where on it is told.
/// </summary>
internal sealed class Follower(string principal, Presented presented, IOutlet outlet, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private Frame[]? _queue;
    private int _first;
    private int _count;

    /// <summary>Somebody has the turn to write; at first its handler.</summary>
    private bool _writing = true;
    private long _writingSince;

    /// <summary>What has this sequence or a lower one is not taken, and what claims less than this neither.</summary>
    private long _from = long.MaxValue;
    private long _cursor;
    private Ending? _ending;
    private long _endedAt;
    private Task _pump = Task.CompletedTask;
    private Presented _presented = presented;

    public string Principal => principal;

    /// <summary>Where it stands in the feed's list.</summary>
    public int Place { get; set; }

    public Presented Presented => Volatile.Read(ref _presented);

    public bool Ended => Volatile.Read(ref _ending) is not null;

    /// <summary>Every notification up to here was written.</summary>
    public long Cursor => Interlocked.Read(ref _cursor);

    /// <summary>Completes when nothing is being written any more, once it has ended.</summary>
    public Task Done => Volatile.Read(ref _pump);

    public void Renew(Presented presented) => Volatile.Write(ref _presented, presented);

    /// <summary>Writes it, or lets it queue; never waits.</summary>
    public void Offer(Frame frame)
    {
        lock (_lock)
        {
            if (_ending is not null || (frame.Sequence > 0 ? frame.Sequence <= _from : frame.Cursor < _from)) return;
            if (_writing)
            {
                if (_count == LiveLimits.QueueMax) EndLocked(Ending.Slow);
                else Enqueue(frame);
                return;
            }
            _writing = true;
            Volatile.Write(ref _pump, PumpAsync(frame));
        }
    }

    /// <summary>For its handler, while it is catching up.</summary>
    public Task WriteAsync(Frame frame) => WriteOneAsync(frame).AsTask();

    /// <summary>From now on it is told what has a higher sequence; called under the lock of its feed.</summary>
    public void GoLive(long from)
    {
        lock (_lock) _from = from;
        Advance(from);
    }

    /// <summary>Its handler has caught up and gives the turn away, or it has ended meanwhile.</summary>
    public Task ReleaseAsync() => PumpAsync(null);

    /// <summary>Ends it once; a write under way is finished first. What was queued is read from the store when it resumes.</summary>
    public void End(Ending ending)
    {
        lock (_lock)
        {
            if (_ending is not null) return;
            EndLocked(ending);
            if (!_writing)
            {
                _writing = true;
                Volatile.Write(ref _pump, PumpAsync(null));
                return;
            }
        }
        // Whoever writes says farewell behind it, but nobody waits for a peer that is not there.
        if (ending.Code == 0) outlet.Abort();
    }

    /// <summary>Looked at about twice a second: has it expired, does its peer still take what is written, has it said farewell?</summary>
    public void Check(DateTimeOffset now)
    {
        if (Volatile.Read(ref _ending) is not null)
        {
            if (clock.GetElapsedTime(Volatile.Read(ref _endedAt)) > LiveLimits.Farewell) outlet.Abort();
        }
        else if (Volatile.Read(ref _writingSince) is var since and not 0 && clock.GetElapsedTime(since) > LiveLimits.Patience) End(Ending.Slow);
        else if (now >= Presented.ExpiresAt) End(Ending.Expired);
    }

    /// <summary>Writes until nothing is queued. Completes at once, and allocates nothing, while the connection takes what it gets.</summary>
    private async Task PumpAsync(Frame? frame)
    {
        try
        {
            while (true)
            {
                if (frame is not null) await WriteOneAsync(frame);
                lock (_lock)
                {
                    if (_ending is not null) break;
                    if (_count == 0)
                    {
                        _writing = false;
                        return;
                    }
                    frame = Dequeue();
                }
            }
            var ending = Volatile.Read(ref _ending)!;
            if (ending.Code == 0) outlet.Abort();
            else await outlet.CloseAsync(ending, Cursor);
        }
        catch (Exception)
        {
            // Whatever a broken connection throws: nobody is there any more, and its handler hears of it by the abort.
            lock (_lock)
                if (_ending is null) EndLocked(Ending.Gone);
            outlet.Abort();
        }
    }

    private async ValueTask WriteOneAsync(Frame frame)
    {
        Volatile.Write(ref _writingSince, clock.GetTimestamp());
        Advance(frame.Sequence);
        await outlet.WriteAsync(frame);
        Volatile.Write(ref _writingSince, 0);
    }

    private void Advance(long sequence)
    {
        if (sequence > Interlocked.Read(ref _cursor)) Interlocked.Exchange(ref _cursor, sequence);
    }

    private void EndLocked(Ending ending)
    {
        Volatile.Write(ref _endedAt, clock.GetTimestamp());
        Volatile.Write(ref _ending, ending);
        (_queue, _count) = (null, 0);
        if (ending != Ending.Closed) LiveMetrics.Drops.Add(1, new KeyValuePair<string, object?>("reason", ending.Name));
    }

    private void Enqueue(Frame frame)
    {
        _queue ??= new Frame[LiveLimits.QueueMax];
        _queue[(_first + _count++) % LiveLimits.QueueMax] = frame;
    }

    private Frame Dequeue()
    {
        var frame = _queue![_first];
        _first = (_first + 1) % LiveLimits.QueueMax;
        if (--_count == 0) (_queue, _first) = (null, 0);
        return frame;
    }
}
