using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace SomaStack.Client;

/// <summary>Server-sent events. A server ends a stream cleanly only when it is complete, so anything else is a break to mend.</summary>
internal static class EventStream
{
    public static async IAsyncEnumerable<SessionEvent> OnceAsync(Transport transport, Call call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await transport.SendAsync(call, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken)) yield return Event(item);
    }

    /// <summary>Opens the stream again after the last event seen, as often as the options allow without an event in between.</summary>
    public static async IAsyncEnumerable<SessionEvent> ResumingAsync(Transport transport, Func<long, string> path, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = transport.Options;
        for (var attempt = 1; ; attempt++)
        {
            var call = Call.Get(path(after)) with { Streams = true, LastEventId = after > 0 ? after : null };
            await using var events = OnceAsync(transport, call, cancellationToken).GetAsyncEnumerator(cancellationToken);
            TimeSpan? wait = null;
            while (wait is null)
            {
                try
                {
                    if (!await events.MoveNextAsync()) yield break;
                }
                catch (IOException) when (!cancellationToken.IsCancellationRequested)
                {
                    // A connection that could not even be opened is no IOException: the transport has repeated it and given up.
                    wait = RetryRule.Next(options, attempt, default, TimeSpan.Zero);
                    if (wait is null) throw;
                    break;
                }
                attempt = 1;
                after = Math.Max(after, events.Current.Id);
                yield return events.Current;
            }
            await Task.Delay(wait!.Value, options.Clock, cancellationToken);
        }
    }

    private static SessionEvent Event(SseItem<string> item) => new(
        long.TryParse(item.EventId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0, item.EventType, JsonSerializer.Deserialize(item.Data, ClientJson.Default.JsonElement));
}
