using Microsoft.Extensions.Logging;

namespace SomaStack.Platform;

/// <summary>The bus inside one installation: consumers read the journal itself, woken by local commits and once a second otherwise.</summary>
internal sealed partial class JournalBus(Db db, Journal journal, JournalReader reader, Delivery delivery, Lease lease, TimeProvider clock, ILogger<JournalBus> log) : IEventBus
{
    private const int BatchLimit = 256;

    /// <summary>A place that moved only over lines of other types is kept once it is this far on: re-reading fewer is cheap.</summary>
    private const int UnkeptLimit = 2000;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    public string Name => "journal";

    public async Task DeliverAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        Place? place = null;
        var committed = journal.CommittedOf(subscription.Types);
        // What came over Kafka, before it was switched off, is not done again.
        Dictionary<(string Tenant, string Topic), JournalPoint>? marks = null;
        for (var failures = 0; !cancellationToken.IsCancellationRequested;)
        {
            var next = committed.Next;
            try
            {
                await lease.WhenHeldAsync(cancellationToken);
                place ??= await Place.ReadAsync(db, subscription.Consumer, clock, cancellationToken);
                marks ??= await Mark.AllAsync(db, subscription.Consumer, cancellationToken);
                await CatchUpAsync(subscription, place, marks, cancellationToken);
                failures = 0;
                await JournalSignal.WaitAsync(next, Poll, clock, cancellationToken);
                if (subscription.Gather > TimeSpan.Zero) await Task.Delay(subscription.Gather, clock, cancellationToken);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                // Whatever failed while stopping was rolled back and comes again at the next start.
                return;
            }
            catch (LostPlaceException)
            {
                place = null;
            }
            catch (Exception exception)
            {
                place = null;
                Failed(exception, subscription.Consumer);
                var pause = TimeSpan.FromMilliseconds(Math.Min(200 * Math.Pow(2, failures++), LongestPause.TotalMilliseconds));
                await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task CatchUpAsync(
        Subscription subscription, Place place, Dictionary<(string Tenant, string Topic), JournalPoint> marks, CancellationToken cancellationToken)
    {
        var end = await reader.EndAsync(cancellationToken);
        while (place.Seen < end && lease.Held)
        {
            var lines = await reader.ReadAsync(place.Seen, end, subscription.Types, BatchLimit, cancellationToken);
            var upTo = lines.Count < BatchLimit ? end : new JournalPoint(lines[^1].Transaction, lines[^1].Position);
            if (marks.Count > 0) lines.RemoveAll(line => marks.TryGetValue((line.Tenant, KafkaTopics.Of(line.Type)), out var taken) && new JournalPoint(line.Transaction, line.Position) <= taken);
            if (lines.Count > 0)
            {
                var waiting = await reader.CountAsync(place.Seen, end, JournalMetrics.CountLimit, cancellationToken);
                JournalMetrics.ConsumerAt(subscription.Consumer, waiting, clock.GetUtcNow() - lines[0].OccurredAt);
                await delivery.HandleAsync(subscription, lines, place.ClaimAsync, cancellationToken);
            }
            await place.SkipToAsync(upTo, UnkeptLimit, cancellationToken);
        }
        if (place.Seen >= end) JournalMetrics.ConsumerAt(subscription.Consumer, 0, TimeSpan.Zero);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Consumer {Consumer} could not read the journal; it tries again.")]
    private partial void Failed(Exception exception, string consumer);
}
