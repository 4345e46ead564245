using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// What one tenant's followers on this replica are told. New notifications are read once, encoded once and handed to all whom they are for.
/// A follower catches up from the store first and goes live under the same lock under which the rest is handed on, exactly where it has come to:
/// so it gets each sequence once.
/// </summary>
internal sealed class Feed(string tenant, LiveStore store, NotificationStore notifications, CountsOf counts, Recounts recounts, TimeProvider clock)
{
    /// <summary>Beyond this many single changes everybody just reads again.</summary>
    private const int ChangesMax = 1024;

    private static readonly List<Follower> Nobody = [];

    private readonly Lock _lock = new();
    private readonly List<Follower> _all = [];
    private readonly Dictionary<string, List<Follower>> _of = new(StringComparer.Ordinal);
    private readonly HashSet<(string Principal, string Notification)> _changes = [];

    /// <summary>Handed on up to here; negative until first read.</summary>
    private long _last = -1;
    private int _ring;

    public string Tenant => tenant;

    public long Last => Interlocked.Read(ref _last);

    public int Count
    {
        get { lock (_lock) return _all.Count; }
    }

    public void Join(Follower follower)
    {
        lock (_lock)
        {
            follower.Place = _all.Count;
            _all.Add(follower);
            if (!_of.TryGetValue(follower.Principal, out var mine)) _of[follower.Principal] = mine = new List<Follower>(1);
            mine.Add(follower);
        }
    }

    public void Leave(Follower follower)
    {
        lock (_lock)
        {
            var end = _all[^1];
            _all[follower.Place] = end;
            end.Place = follower.Place;
            _all.RemoveAt(_all.Count - 1);
            var mine = _of[follower.Principal];
            mine.Remove(follower);
            if (mine.Count == 0) _of.Remove(follower.Principal);
        }
    }

    public List<Follower> Followers()
    {
        lock (_lock) return [.. _all];
    }

    public void Check(DateTimeOffset now)
    {
        lock (_lock)
            foreach (var follower in _all) follower.Check(now);
    }

    /// <returns>True when nobody tells its followers yet: the caller sees to it that somebody does.</returns>
    public bool Ring() => Interlocked.Exchange(ref _ring, 2) == 0;

    public void Hush() => Volatile.Write(ref _ring, 0);

    public void Note(string principal, string notification)
    {
        lock (_changes)
        {
            if (_changes.Count < ChangesMax) _changes.Add((principal, notification));
            else if (!_changes.Contains(("", "")))
            {
                _changes.Clear();
                _changes.Add(("", ""));
            }
        }
    }

    /// <summary>Says hello, then everything from the cursor on, then lets it be told with the others.</summary>
    public async Task CatchUpAsync(Follower follower, LiveStart start, Func<long, InboxCounts, LiveHello> hello, CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        var newest = await notifications.LastSequenceAsync(tenant, cancellationToken);
        // What a restored database does not have yet will come under numbers that the client believes to have.
        var cursor = start.Cursor is { } asked ? Math.Min(asked, newest)
            : start.History == 0 ? newest : await store.CursorBeforeAsync(tenant, follower.Principal, start.History, cancellationToken);
        await follower.WriteAsync(Frames.Hello(hello(cursor, await counts(tenant, follower.Principal, cancellationToken))));
        while (!follower.Ended)
        {
            var head = Last;
            var items = await notifications.ReadAfterAsync(tenant, follower.Principal, cursor, LiveLimits.BatchMax, cancellationToken);
            foreach (var item in items)
            {
                if (follower.Ended) return;
                await follower.WriteAsync(Frames.Known(item, clock.GetUtcNow()));
                cursor = item.Notification.Sequence;
            }
            LiveMetrics.Framed("history", items.Count);
            if (items.Count == LiveLimits.BatchMax) continue;
            cursor = Math.Max(cursor, head);
            lock (_lock)
            {
                if (_last > cursor) continue;
                follower.GoLive(cursor);
                return;
            }
        }
    }

    /// <summary>Tells what is new and what changed, until nobody has rung meanwhile. One caller at a time: whoever got true from <see cref="Ring"/>.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        try
        {
            do
            {
                Volatile.Write(ref _ring, 1);
                await TellNewAsync(cancellationToken);
                await TellChangesAsync(cancellationToken);
            }
            while (Interlocked.CompareExchange(ref _ring, 0, 1) != 1);
        }
        catch
        {
            Volatile.Write(ref _ring, 0);
            throw;
        }
    }

    public void Beat(int bucket, int buckets)
    {
        lock (_lock)
        {
            if (_last < 0) return;
            Frame? frame = null;
            for (var i = bucket; i < _all.Count; i += buckets) _all[i].Offer(frame ??= Frames.Heartbeat(_last));
        }
    }

    public int OfferTo(string principal, Frame frame)
    {
        lock (_lock)
        {
            var mine = _of.GetValueOrDefault(principal, Nobody);
            foreach (var follower in mine) follower.Offer(frame);
            return mine.Count;
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        if (Last < 0) Interlocked.CompareExchange(ref _last, await notifications.LastSequenceAsync(tenant, cancellationToken), -1);
    }

    private async Task TellNewAsync(CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        while (true)
        {
            var rows = await store.SinceAsync(tenant, Last, LiveLimits.BatchMax, cancellationToken);
            List<string> named = [.. rows.Where(static row => !row.Everybody).Select(static row => row.Id)];
            var addressees = named.Count == 0 ? null : (await store.AddresseesAsync(tenant, named, cancellationToken)).ToLookup(static one => one.Notification, static one => one.Principal);
            foreach (var row in rows)
            {
                var frame = Frames.New(row, clock.GetUtcNow());
                LiveMetrics.Framed(Frames.Notification, Hand(frame, row.Everybody ? null : addressees![row.Id], row.Sequence));
                LiveMetrics.Lag.Record((clock.GetUtcNow() - row.CreatedAt).TotalSeconds);
            }
            if (rows.Count < LiveLimits.BatchMax) return;
        }
    }

    private async Task TellChangesAsync(CancellationToken cancellationToken)
    {
        List<(string Principal, string Notification)> changes;
        lock (_changes)
        {
            if (_changes.Count == 0) return;
            changes = [.. _changes];
            _changes.Clear();
        }
        try
        {
            foreach (var (principal, notification) in changes)
            {
                if (principal.Length == 0) LiveMetrics.Framed(Frames.Update, await TellEverybodyAsync(notification, cancellationToken));
                else if (IsThere(principal)) LiveMetrics.Framed(Frames.Update, await TellOneAsync(principal, notification, cancellationToken));
            }
        }
        catch
        {
            // An update that is told twice says the same twice.
            foreach (var (principal, notification) in changes) Note(principal, notification);
            throw;
        }
    }

    private async Task<int> TellOneAsync(string principal, string notification, CancellationToken cancellationToken)
    {
        recounts.Want(this, principal);
        if (notification.Length == 0) return OfferTo(principal, Frames.ChangedMany);
        return await notifications.FindAsync(tenant, principal, notification, cancellationToken) is { } item ? OfferTo(principal, Frames.Changed(item, clock.GetUtcNow())) : 0;
    }

    private async Task<int> TellEverybodyAsync(string notification, CancellationToken cancellationToken)
    {
        if (notification.Length == 0) return Hand(Frames.ChangedMany, null, 0);
        if (await notifications.FindAsync(tenant, notification, cancellationToken) is not { } row) return 0;
        var addressees = row.Everybody ? null : (await store.AddresseesAsync(tenant, [row.Id], cancellationToken)).Select(static one => one.Principal);
        return Hand(Frames.Changed(row), addressees, 0);
    }

    /// <param name="principals">Null for everybody.</param>
    /// <param name="last">Up to where the feed is told with this; 0 when it is nothing new.</param>
    private int Hand(Frame frame, IEnumerable<string>? principals, long last)
    {
        var told = 0;
        lock (_lock)
        {
            if (principals is null)
            {
                foreach (var follower in _all) follower.Offer(frame);
                told = _all.Count;
            }
            else
            {
                foreach (var principal in principals)
                    foreach (var follower in _of.GetValueOrDefault(principal, Nobody))
                    {
                        follower.Offer(frame);
                        told++;
                    }
            }
            if (last > 0) Interlocked.Exchange(ref _last, last);
            if (told > 0) Recount(principals);
        }
        return told;
    }

    private void Recount(IEnumerable<string>? principals)
    {
        if (principals is null && _of.Count > LiveLimits.RecountMost) return;
        List<string> concerned = [.. (principals ?? _of.Keys).Where(_of.ContainsKey).Take(LiveLimits.RecountMost + 1)];
        if (concerned.Count > LiveLimits.RecountMost) return;
        foreach (var principal in concerned) recounts.Want(this, principal);
    }

    private bool IsThere(string principal)
    {
        lock (_lock) return _of.ContainsKey(principal);
    }
}

/// <summary>Where a feed begins.</summary>
/// <param name="Cursor">Everything after it; null for the newest <paramref name="History"/> and what comes.</param>
internal sealed record LiveStart(long? Cursor, int History);

/// <summary>How the counts of a person are found.</summary>
internal delegate Task<InboxCounts> CountsOf(string tenant, string principal, CancellationToken cancellationToken);
