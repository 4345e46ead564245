using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SomaStack.Platform;

/// <summary>
/// Publishes every final line to Kafka in reading order, at least once: its place moves only after the broker has acknowledged the
/// whole batch. The producer is idempotent and gapless, so no line overtakes an earlier one of its tenant; after any failure a new
/// producer starts again from the stored place.
/// </summary>
internal sealed partial class KafkaRelay(Db db, Journal journal, JournalReader reader, Lease lease, SomaOptions options, TimeProvider clock, ILogger<KafkaRelay> log) : BackgroundService
{
    internal const string Consumer = "kafka.relay";
    private const int BatchLimit = 500;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>What went wrong last, or null while lines flow.</summary>
    public string? Trouble { get; private set; }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var producer = Build(options.Kafka!);
                var place = await Place.ReadAsync(db, Consumer, clock, cancellationToken);
                await PublishAsync(producer, place, cancellationToken);
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Trouble = exception is KafkaException kafka ? kafka.Error.Reason : exception.GetType().Name;
                if (exception is not LostPlaceException) Failed(exception);
                await Task.Delay(Poll, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    private async Task PublishAsync(IProducer<string, byte[]> producer, Place place, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = journal.Committed.Next;
            await lease.WhenHeldAsync(cancellationToken);
            var end = await reader.EndAsync(cancellationToken);
            while (place.Seen < end && lease.Held)
            {
                var lines = await reader.ReadAsync(place.Seen, end, BatchLimit, cancellationToken);
                JournalMetrics.ConsumerAt(Consumer, await reader.CountAsync(place.Seen, end, JournalMetrics.CountLimit, cancellationToken), clock.GetUtcNow() - lines[0].OccurredAt);
                await Task.WhenAll(lines.Select(line => producer.ProduceAsync(options.KafkaPrefix + KafkaTopics.Of(line.Type), KafkaEvent.Of(line), cancellationToken)));
                await db.WriteAsync(Db.AllTenants, work => place.ClaimAsync(work, lines), cancellationToken);
                JournalMetrics.Published(lines.Count);
                Trouble = null;
            }
            if (place.Seen >= end) JournalMetrics.ConsumerAt(Consumer, 0, TimeSpan.Zero);
            await JournalSignal.WaitAsync(next, Poll, clock, cancellationToken);
        }
    }

    private IProducer<string, byte[]> Build(string servers) => new ProducerBuilder<string, byte[]>(new ProducerConfig
    {
        BootstrapServers = servers,
        ClientId = "soma-relay",
        EnableIdempotence = true,
        EnableGaplessGuarantee = true,
        Acks = Acks.All,
        LingerMs = 5,
        MessageTimeoutMs = 30_000,
        CompressionType = CompressionType.Lz4,
    }).SetLogHandler(static (_, _) => { }).SetErrorHandler((_, error) => Trouble = error.Reason).Build();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay could not publish to Kafka; it goes on from its stored place.")]
    private partial void Failed(Exception exception);
}
