using System.Globalization;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>The feeds of one replica over a real database, without a server around them.</summary>
internal sealed class LiveHouse : IAsyncDisposable
{
    public const string Tenant = "t";

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task[] _tellers;

    public LiveHouse(Db db)
    {
        Db = db;
        Store = new LiveStore(db);
        Notifications = new NotificationStore(db);
        CountsOf counts = (tenant, principal, cancellationToken) => new InboxReader(db).CountsAsync(tenant, principal, TimeProvider.System.NowMicros(), cancellationToken);
        var recounts = new Recounts(counts, TimeProvider.System);
        Feeds = new LiveFeeds(Store, Notifications, counts, recounts, new SomaOptions(), TimeProvider.System);
        _tellers = [TellAsync(), TellAsync(), recounts.RunAsync(static exception => throw exception, _stop.Token)];
    }

    public Db Db { get; }

    public LiveStore Store { get; }

    public NotificationStore Notifications { get; }

    public LiveFeeds Feeds { get; }

    /// <summary>Commits one notification; nobody is told that it is there.</summary>
    /// <param name="principals">Null for everybody.</param>
    public Task<long> PublishAsync(IReadOnlyList<string>? principals = null, string body = "") => Db.WriteAsync(Tenant, async work =>
    {
        var sequence = await NotificationStore.NextSequenceAsync(work, Tenant);
        var id = "n" + sequence.ToString(CultureInfo.InvariantCulture);
        var now = TimeProvider.System.GetUtcNow();
        var row = new Notification(
            Tenant, id, sequence, NotificationKinds.Alert, "info", "Title", body, null, null, null, null, "api", null, false, new Dictionary<string, string>(),
            principals is null ? Audience.Tenant : Audience.Of(principals), false, "ada", now, null, 1, now, null, null, null, null);
        await NotificationStore.InsertAsync(work, row, DateTimeOffset.UnixEpoch);
        if (principals is not null) await InboxStore.AddressAsync(work, Tenant, id, sequence, principals);
        return sequence;
    }, TestContext.Current.CancellationToken);

    /// <summary>Follows until the outlet is closed.</summary>
    public async Task<Follower> FollowAsync(RecordingOutlet outlet, string principal, LiveStart start)
    {
        var follower = Follower(outlet, principal);
        await RunAsync(follower, outlet, start);
        return follower;
    }

    public static Follower Follower(RecordingOutlet outlet, string principal) => new(principal, new Presented("", DateTimeOffset.MaxValue), outlet, TimeProvider.System);

    public Task RunAsync(Follower follower, RecordingOutlet outlet, LiveStart start) =>
        new FollowNotifications(Feeds, new SomaOptions(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<FollowNotifications>.Instance)
            .RunAsync(Tenant, follower, start, () => outlet.Closed, _stop.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_tellers).ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
        await Db.DisposeAsync();
    }

    private async Task TellAsync()
    {
        await foreach (var feed in Feeds.Rung.ReadAllAsync(_stop.Token)) await feed.TellAsync(_stop.Token);
    }
}

/// <summary>A peer: takes frames, takes them late, or breaks.</summary>
internal sealed class RecordingOutlet(Func<Frame, ValueTask>? write = null) : IOutlet
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Frame> _frames = [];
    private int _writing;

    /// <summary>What it took, in order.</summary>
    public IReadOnlyList<Frame> Frames
    {
        get { lock (_frames) return [.. _frames]; }
    }

    public IReadOnlyList<long> Sequences => [.. Frames.Where(static frame => frame.Sequence > 0).Select(static frame => frame.Sequence)];

    public Task Closed => _closed.Task;

    public Ending? Ending { get; private set; }

    public long ClosedAt { get; private set; }

    public async ValueTask WriteAsync(Frame frame)
    {
        Assert.Equal(1, Interlocked.Increment(ref _writing));
        if (write is not null) await write(frame);
        lock (_frames) _frames.Add(frame);
        Interlocked.Decrement(ref _writing);
    }

    public ValueTask CloseAsync(Ending ending, long cursor)
    {
        (Ending, ClosedAt) = (ending, cursor);
        _closed.TrySetResult();
        return ValueTask.CompletedTask;
    }

    public void Abort() => _closed.TrySetResult();
}
