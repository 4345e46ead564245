using System.Collections.Concurrent;
using System.Threading.Channels;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The feeds of this replica, one for each tenant that somebody follows, and how many may follow.</summary>
internal sealed class LiveFeeds(LiveStore store, NotificationStore notifications, CountsOf counts, Recounts recounts, SomaOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, Feed> _feeds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _seats = new(StringComparer.Ordinal);
    private int _taken;
    private bool _stopping;

    /// <summary>Each feed is in it once at most, and each has a follower.</summary>
    private readonly Channel<Feed> _rung = Channel.CreateBounded<Feed>(Math.Max(1, options.MaxFeeds));

    public ChannelReader<Feed> Rung => _rung.Reader;

    /// <summary>Followers whose credential is verified once more, since they are here now.</summary>
    public ConcurrentQueue<(Feed Feed, Follower Follower)> Entered { get; } = new();

    public ICollection<Feed> All => _feeds.Values;

    /// <exception cref="Problem">429 when the installation, the tenant or the principal has as many as it may; 503 when the server stops.</exception>
    public Seat Take(RequestContext context, bool socket)
    {
        var (tenant, principal) = (context.Tenant, context.Tenant + "\n" + context.Principal.Id);
        lock (_lock)
        {
            if (_stopping) throw PlatformProblems.Unavailable.Because("The server stops; another replica or the next start takes over.");
            var (ofTenant, ofPrincipal) = (_seats.GetValueOrDefault(tenant), _seats.GetValueOrDefault(principal));
            if (ofPrincipal >= LiveLimits.FeedsOfPrincipal) throw TooMany($"One principal may have {LiveLimits.FeedsOfPrincipal} live feeds on a replica.");
            if (ofTenant >= LiveLimits.FeedsOfTenant(options)) throw TooMany($"One tenant may have {LiveLimits.FeedsOfTenant(options)} live feeds on a replica.");
            if (_taken >= options.MaxFeeds) throw TooMany($"This replica has {options.MaxFeeds} live feeds.");
            (_seats[tenant], _seats[principal]) = (ofTenant + 1, ofPrincipal + 1);
            _taken++;
        }
        LiveMetrics.Opened(socket, 1);
        return new Seat(this, tenant, principal, socket);
    }

    public Feed Enter(string tenant, Follower follower)
    {
        lock (_lock)
        {
            if (!_feeds.TryGetValue(tenant, out var feed)) _feeds[tenant] = feed = new Feed(tenant, store, notifications, counts, recounts, clock);
            feed.Join(follower);
            Entered.Enqueue((feed, follower));
            if (_stopping) follower.End(Ending.Stopping);
            return feed;
        }
    }

    public void Leave(Feed feed, Follower follower)
    {
        lock (_lock)
        {
            feed.Leave(follower);
            if (feed.Count == 0) _feeds.TryRemove(feed.Tenant, out _);
        }
    }

    /// <summary>A hint, from here or from elsewhere; never waits.</summary>
    public void Heard(LiveHint hint)
    {
        if (!_feeds.TryGetValue(hint.Tenant, out var feed)) return;
        if (hint.Sequence == 0) feed.Note(hint.Principal, hint.Notification);
        else if (hint.Sequence <= feed.Last) return;
        Ring(feed);
    }

    public void Ring(Feed feed)
    {
        // Full of feeds that nobody follows any more: the next look rings again.
        if (feed.Ring() && !_rung.Writer.TryWrite(feed)) feed.Hush();
    }

    public void RingAll()
    {
        foreach (var feed in All) Ring(feed);
    }

    /// <summary>Ends every feed with its cursor and lets nobody in any more.</summary>
    public void Stop()
    {
        lock (_lock) _stopping = true;
        foreach (var feed in All)
            foreach (var follower in feed.Followers()) follower.End(Ending.Stopping);
    }

    private static Problem TooMany(string detail) => new(LiveProblems.TooMany, detail) { RetryAfter = TimeSpan.FromSeconds(5) };

    private void Free(Seat seat)
    {
        lock (_lock)
        {
            foreach (var key in (ReadOnlySpan<string>)[seat.Tenant, seat.Principal])
                if (--_seats[key] == 0) _seats.Remove(key);
            _taken--;
        }
        LiveMetrics.Opened(seat.Socket, -1);
    }

    /// <summary>The right to follow, until disposed.</summary>
    internal sealed class Seat(LiveFeeds feeds, string tenant, string principal, bool socket) : IDisposable
    {
        public string Tenant => tenant;

        public string Principal => principal;

        public bool Socket => socket;

        public void Dispose() => feeds.Free(this);
    }
}
