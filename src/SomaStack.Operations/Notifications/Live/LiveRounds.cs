using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// The work behind all feeds: telling those that were rung for, one look around twice a second instead of a timer for each connection, and
/// asking again whether credentials hold when some changed.
/// </summary>
internal sealed partial class LiveRounds(
    LiveFeeds feeds, LiveStore store, Recounts recounts, IIdentity identity, SomaOptions options, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<LiveRounds> log) : BackgroundService
{
    /// <summary>So that one tenant's reading does not hold up another's.</summary>
    private const int Tellers = 2;

    private const int TenantsAtOnce = 500;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(250);

    private int _round;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var stopping = lifetime.ApplicationStopping.Register(feeds.Stop);
        try
        {
            await Task.WhenAll([
                .. Enumerable.Range(0, Tellers).Select(_ => TellAsync(stoppingToken)),
                RepeatAsync(Tick, RoundAsync, stoppingToken), RecheckAsync(stoppingToken), recounts.RunAsync(Unread, stoppingToken)]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task TellAsync(CancellationToken stoppingToken)
    {
        await foreach (var feed in feeds.Rung.ReadAllAsync(stoppingToken))
        {
            try
            {
                await feed.TellAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The next look rings again.
                Unread(exception);
            }
        }
    }

    private async Task RoundAsync(CancellationToken stoppingToken)
    {
        var now = clock.GetUtcNow();
        var beats = Math.Max(1, (int)(options.FeedHeartbeat / Tick));
        foreach (var feed in feeds.All)
        {
            feed.Check(now);
            feed.Beat(_round % beats, beats);
        }
        if (_round++ % (int)(LiveLimits.Look / Tick) == 0) await LookAsync(stoppingToken);
    }

    /// <summary>Finds what a lost hint would have told.</summary>
    private async Task LookAsync(CancellationToken stoppingToken)
    {
        foreach (var some in feeds.All.Chunk(TenantsAtOnce))
        {
            var newest = await store.NewestAsync([.. some.Select(static feed => feed.Tenant)], stoppingToken);
            var known = some.ToDictionary(static feed => feed.Tenant, StringComparer.Ordinal);
            foreach (var (tenant, last) in newest)
                if (known[tenant] is var feed && feed.Last < last) feeds.Ring(feed);
        }
    }

    /// <summary>All of them when something changed, and whoever came since the last time: between his verification and his entering it may have.</summary>
    private Task RecheckAsync(CancellationToken stoppingToken)
    {
        var seen = identity.Changes;
        return RepeatAsync(Recheck, async token =>
        {
            var changes = identity.Changes;
            while (feeds.Entered.TryDequeue(out var entered)) await VerifyAsync(entered.Feed, entered.Follower, token);
            if (changes == seen) return;
            foreach (var feed in feeds.All)
                foreach (var follower in feed.Followers()) await VerifyAsync(feed, follower, token);
            seen = changes;
        }, stoppingToken);
    }

    private async Task VerifyAsync(Feed feed, Follower follower, CancellationToken stoppingToken)
    {
        if (follower.Ended) return;
        var holder = await identity.AuthenticateAsync(follower.Presented.Credential, stoppingToken);
        if (holder is null || holder.Tenant != feed.Tenant || holder.Principal.Id != follower.Principal) follower.End(Ending.Revoked);
    }

    private async Task RepeatAsync(TimeSpan period, Func<CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, clock);
        var failing = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await work(stoppingToken);
                failing = false;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing) Unread(exception);
                failing = true;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What live feeds are told could not be read; it is tried again.")]
    private partial void Unread(Exception exception);
}
