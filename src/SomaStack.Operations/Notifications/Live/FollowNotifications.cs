using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>One person's feed from its first frame to its last, whatever carries it.</summary>
internal sealed partial class FollowNotifications(LiveFeeds feeds, SomaOptions options, TimeProvider clock, ILogger<FollowNotifications> log)
{
    /// <exception cref="Problem">422 when cursor or history is out of range.</exception>
    public static LiveStart StartOf(long? cursor, int? history)
    {
        Check.That(cursor is null or >= 0, "cursor", "must not be negative")
            .And(history is null or (>= 0 and <= LiveLimits.HistoryMax), "history", $"must be between 0 and {LiveLimits.HistoryMax}")
            .And(cursor is null || history is null, "history", "goes without a cursor: that brings everything after it").OrThrow();
        return new LiveStart(cursor, history ?? LiveLimits.HistoryDefault);
    }

    /// <exception cref="Problem">429 or 503, as long as it can be answered by HTTP.</exception>
    public LiveFeeds.Seat Take(RequestContext context, bool socket) => feeds.Take(context, socket);

    public Follower Follower(RequestContext context, HttpContext http, IOutlet outlet) => new(context.Principal.Id, http.Features.GetRequiredFeature<Presented>(), outlet, clock);

    /// <summary>Follows until it ends: by the peer, which <paramref name="listen"/> hears, or by us.</summary>
    /// <param name="listen">Returns when the connection is over.</param>
    public async Task RunAsync(string tenant, Follower follower, LiveStart start, Func<Task> listen, CancellationToken aborted)
    {
        var feed = feeds.Enter(tenant, follower);
        try
        {
            var telling = TellAsync(feed, follower, start, aborted);
            await listen();
            follower.End(Ending.Gone);
            await telling;
            await follower.Done;
        }
        finally
        {
            feeds.Leave(feed, follower);
        }
    }

    private async Task TellAsync(Feed feed, Follower follower, LiveStart start, CancellationToken aborted)
    {
        try
        {
            await feed.CatchUpAsync(follower, start, (cursor, counts) => Hello(feed.Tenant, follower, cursor, counts), aborted);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or System.Net.WebSockets.WebSocketException || follower.Ended)
        {
            follower.End(Ending.Gone);
        }
        catch (Exception exception)
        {
            Unread(exception);
            follower.End(Ending.Failed);
        }
        await follower.ReleaseAsync();
    }

    private LiveHello Hello(string tenant, Follower follower, long cursor, InboxCounts counts) =>
        new(tenant, follower.Principal, cursor, counts, (int)options.FeedHeartbeat.TotalSeconds, Ends(follower.Presented.ExpiresAt));

    public static DateTimeOffset? Ends(DateTimeOffset expiresAt) => expiresAt == DateTimeOffset.MaxValue ? null : expiresAt;

    [LoggerMessage(Level = LogLevel.Warning, Message = "A live feed could not catch up.")]
    private partial void Unread(Exception exception);
}
