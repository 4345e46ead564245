using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Carries hints to the feeds of every replica: to those here with the commit, to others over Redis when it is configured and over the
/// database otherwise, which tells them with the commit as well.
/// </summary>
internal sealed partial class LiveHints(LiveFeeds feeds, Db db, IServiceProvider services, TimeProvider clock, ILogger<LiveHints> log) : BackgroundService
{
    private const string Channel = "soma_notifications";
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    /// <summary>Stands before each hint: what comes back to its sender says nothing new.</summary>
    private readonly string _self = Ids.New() + " ";

    private readonly SharedRedis? _redis = services.GetService<SharedRedis>();

    /// <summary>Something new is there when this transaction is committed.</summary>
    public Task PublishedAsync(DbWork work, string tenant, long sequence) => SendAsync(work, LiveHint.New(tenant, sequence));

    /// <summary>Something known changes with this transaction.</summary>
    /// <param name="principal">For whom alone; empty for everybody who sees it.</param>
    /// <param name="notification">Empty for more than one.</param>
    public Task ChangedAsync(DbWork work, string tenant, string principal, string notification) => SendAsync(work, LiveHint.Changed(tenant, principal, notification));

    private async Task SendAsync(DbWork work, LiveHint hint)
    {
        if (_redis is null) await work.NotifyAsync(Channel, _self + hint);
        work.OnCommit(() =>
        {
            feeds.Heard(hint);
            _redis?.Tell(Channel, _self + hint);
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (_redis is null) await db.ListenAsync(Channel, Listening, Heard, stoppingToken);
                else await ListenToAsync(_redis, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing) Failed(exception);
                failing = true;
                await Task.Delay(Again, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception)
            {
                // The server stops.
                return;
            }
        }

        void Listening()
        {
            failing = false;
            feeds.RingAll();
        }
    }

    private async Task ListenToAsync(SharedRedis redis, CancellationToken stoppingToken)
    {
        await redis.ListenAsync(Channel, Heard);
        feeds.RingAll();
        await Task.Delay(Timeout.Infinite, stoppingToken);
    }

    private void Heard(string text)
    {
        if (!text.StartsWith(_self, StringComparison.Ordinal) && LiveHint.Parse(text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..]) is { } hint) feeds.Heard(hint);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Hints of other replicas cannot be heard; until they can, live feeds look once a second.")]
    private partial void Failed(Exception exception);
}
