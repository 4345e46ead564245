using System.Globalization;
using System.Text.Json;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Counts each call's end once into the day on which it ended.</summary>
internal static class CountDaily
{
    public const string Consumer = "inference.daily";

    /// <summary>A day's counts may be this late; each delivery is a commit that calls wait behind.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    public static void Handle(Subscriptions subscriptions) =>
        subscriptions.On(Consumer, [InferenceEvents.CallSettled, InferenceEvents.CallFailed, InferenceEvents.CallLost], static (line, work, _) => HearAsync(line, work), gather: Gather);

    internal static Task HearAsync(JournalLine line, DbWork work) => Read(line) is { } call ? DailyStore.AddAsync(work, line.Tenant, call) : Task.CompletedTask;

    /// <summary>Null for a line that it does not count.</summary>
    internal static DailyCall? Read(JournalLine line)
    {
        var day = line.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        switch (line.Type)
        {
            case InferenceEvents.CallSettled:
                var settled = JsonSerializer.Deserialize(line.Data, InferenceJson.Default.CallSettled)!;
                var outcome = settled.Refused switch { true => "refused", false => "answered", null => "unjudged" };
                return new DailyCall(
                    day, settled.Provider, settled.Model, settled.Purpose ?? "unknown", outcome, LatencyBuckets.Of(settled.DurationMs), Bucket(settled.FirstByteMs), settled.InputTokens, settled.OutputTokens);
            case InferenceEvents.CallFailed:
                var failed = JsonSerializer.Deserialize(line.Data, InferenceJson.Default.CallFailed)!;
                return new DailyCall(
                    day, failed.Provider, failed.Model, failed.Purpose ?? "unknown", failed.Code == "client_closed" ? "client_closed" : "failed",
                    LatencyBuckets.Of(failed.DurationMs), Bucket(failed.FirstByteMs), failed.InputTokens, failed.OutputTokens);
            case InferenceEvents.CallLost:
                var lost = JsonSerializer.Deserialize(line.Data, InferenceJson.Default.CallLost)!;
                return new DailyCall(day, lost.Provider, lost.Model, "unknown", "lost", DailyStore.Unknown, DailyStore.Unknown, null, null);
            default:
                return null;
        }
    }

    private static long Bucket(double? milliseconds) => milliseconds is { } time ? LatencyBuckets.Of(time) : DailyStore.Unknown;
}
