using System.Data.Common;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace SomaStack.Platform;

/// <summary>
/// Consumers in Kafka consumer groups, one group each, so that replicas share the partitions. The broker's offsets only say where
/// to begin again; what has taken effect is known from the mark that moves in the handler's own transaction (decision 0002).
/// </summary>
internal sealed partial class KafkaBus(Db db, Delivery delivery, DeadLetters deadLetters, SomaOptions options, TimeProvider clock, ILogger<KafkaBus> log) : IEventBus
{
    private const int BatchLimit = 64;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public string Name => "kafka";

    /// <summary>After this silence the group gives a dead replica's partitions to the others.</summary>
    public int SessionTimeoutMs { get; init; } = 15_000;

    /// <summary>Polling blocks a thread, so each consumer has one of its own.</summary>
    public Task DeliverAsync(Subscription subscription, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => RunAsync(subscription, cancellationToken).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task RunAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        using var consumer = Build(subscription.Consumer);
        consumer.Subscribe(subscription.Types.Select(type => options.KafkaPrefix + KafkaTopics.Of(type)).Distinct(StringComparer.Ordinal));
        // Lines that were taken from the journal itself before Kafka was switched on.
        JournalPoint? floor = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                floor ??= await Place.FindAsync(db, subscription.Consumer, cancellationToken) ?? JournalPoint.Start;
                var batch = Gather(consumer, cancellationToken);
                foreach (var group in batch.GroupBy(static result => result.TopicPartition)) await HandleAsync(subscription, group.Key, [.. group], floor.Value, cancellationToken);
                if (batch.Count > 0) consumer.Commit(batch.GroupBy(static result => result.TopicPartition).Select(static group => new TopicPartitionOffset(group.Key, group.Last().Offset + 1)));
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // A topic that nothing has been published to yet is no failure.
                if (exception is not KafkaException { Error.Code: ErrorCode.UnknownTopicOrPart }) Failed(exception, subscription.Consumer);
                await Task.Delay(Pause, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        consumer.Close();
    }

    private static List<ConsumeResult<string, byte[]>> Gather(IConsumer<string, byte[]> consumer, CancellationToken cancellationToken)
    {
        var batch = new List<ConsumeResult<string, byte[]>>();
        var wait = TimeSpan.FromMilliseconds(200);
        try
        {
            while (batch.Count < BatchLimit && !cancellationToken.IsCancellationRequested && consumer.Consume(wait) is { } result)
            {
                batch.Add(result);
                wait = TimeSpan.Zero;
            }
        }
        catch (ConsumeException) when (batch.Count > 0)
        {
            // What was read before the error counts as read with the broker and must not be dropped; the error comes again if it lasts.
        }
        return batch;
    }

    /// <summary>Never gives the batch up: it comes back until it is done, since the next poll would go past it.</summary>
    private async Task HandleAsync(Subscription subscription, TopicPartition partition, List<ConsumeResult<string, byte[]>> results, JournalPoint floor, CancellationToken cancellationToken)
    {
        var lines = new List<JournalLine>();
        foreach (var result in results)
        {
            if (KafkaEvent.Read(result.Message) is not { } line) await TakeForeignAsync(subscription, result, cancellationToken);
            else if (subscription.Types.Contains(line.Type)) lines.Add(line);
        }
        if (lines.Count == 0) return;
        lines = Mark.Growing(lines);
        var mark = new Mark(subscription.Consumer, $"{TopicOf(partition)}/{partition.Partition.Value}", floor);
        while (true)
        {
            try
            {
                await delivery.HandleAsync(subscription, lines, mark.ClaimAsync, cancellationToken);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                if (exception is not LostPlaceException) Failed(exception, subscription.Consumer);
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    /// <summary>Until it is taken or refused; only a handler that is broken gives up, and trouble of the database is not its fault.</summary>
    private async Task TakeForeignAsync(Subscription subscription, ConsumeResult<string, byte[]> result, CancellationToken cancellationToken)
    {
        if (subscription.Foreign is not { } handler)
        {
            Foreign(result.Topic, result.Partition.Value, result.Offset.Value);
            return;
        }
        var topic = TopicOf(result.TopicPartition);
        var message = new ForeignMessage(topic, $"{topic}/{result.Partition.Value}@{result.Offset.Value}", KafkaEvent.ForeignId(result.Message), result.Message.Value ?? []);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await handler(message, cancellationToken) is not { } reason) return;
                await RefuseAsync(subscription, message, reason, attempt, cancellationToken);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                Failed(exception, subscription.Consumer);
                if (exception is Problem or DbException) attempt--;
                else if (attempt >= delivery.Attempts)
                {
                    await RefuseAsync(subscription, message, exception.GetType().Name, attempt, cancellationToken);
                    return;
                }
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    private async Task RefuseAsync(Subscription subscription, ForeignMessage message, string reason, int attempts, CancellationToken cancellationToken)
    {
        await db.WriteAsync(Db.AllTenants, work => deadLetters.AddForeignAsync(work, subscription.Consumer, message, reason, attempts), cancellationToken);
        Refused(subscription.Consumer, message.Place, reason);
    }

    /// <summary>The name by which the rest of the program knows it.</summary>
    private string TopicOf(TopicPartition partition) => partition.Topic[options.KafkaPrefix.Length..];

    private IConsumer<string, byte[]> Build(string consumer) => new ConsumerBuilder<string, byte[]>(new ConsumerConfig
    {
        BootstrapServers = options.Kafka,
        GroupId = $"{options.KafkaPrefix}somastack.{consumer}",
        ClientId = "soma",
        AutoOffsetReset = AutoOffsetReset.Earliest,
        EnableAutoCommit = false,
        SessionTimeoutMs = SessionTimeoutMs,
        TopicMetadataRefreshIntervalMs = 1000,
        AllowAutoCreateTopics = true,
    }).SetLogHandler(static (_, _) => { }).SetErrorHandler(static (_, _) => { }).Build();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Consumer {Consumer} could not read from Kafka; it tries again.")]
    private partial void Failed(Exception exception, string consumer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Consumer {Consumer} refused the message {Place}: {Reason}")]
    private partial void Refused(string consumer, string place, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The message {Topic}/{Partition}@{Offset} is no event of ours; it was passed over.")]
    private partial void Foreign(string topic, int partition, long offset);
}
