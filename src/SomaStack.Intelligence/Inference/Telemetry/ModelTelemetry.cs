using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A share with Wilson's interval at 95 % (Wilson 1927). <paramref name="Of"/> is how many it is a share of.</summary>
internal sealed record Share(double Value, double Low, double High, long Of)
{
    private const double Z = 1.959964;

    /// <summary>Null without anything to be a share of.</summary>
    public static Share? From(long part, long of)
    {
        if (of == 0) return null;
        double p = (double)part / of, n = of;
        var centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
        var half = Z * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n);
        return new Share(Math.Round(p, 4), Math.Round(Math.Max(0, centre - half), 4), Math.Round(Math.Min(1, centre + half), 4), of);
    }
}

/// <summary>Milliseconds, to within 4.5 % (see <see cref="LatencyBuckets"/>). Null without a call that tells.</summary>
internal sealed record Times(double? P50, double? P95);

/// <param name="Calls">All that ended: answered, refused, failed, left by their reader, lost.</param>
/// <param name="InputTokens">Of the <paramref name="CallsCounted"/> calls whose provider said; null when none did.</param>
/// <param name="LatencyMs">From the request to the end of the answer, over complete answers.</param>
/// <param name="RefusalRate">Of the complete answers that could be judged.</param>
/// <param name="ErrorRate">Failed ones of all but those that their reader left.</param>
internal sealed record ModelTelemetryItem(
    string Provider, string Model, long Calls, long Completed, long Failed, long ClientClosed, long Lost, long CallsCounted, long? InputTokens, long? OutputTokens,
    Times LatencyMs, Times TimeToFirstTokenMs, Share? RefusalRate, Share? ErrorRate);

internal sealed record ModelTelemetryAnswer(string Window, string FirstDay, string LastDay, IReadOnlyList<ModelTelemetryItem> Data);

/// <summary><c>GET /v1/models/telemetry?window=7d</c>: how each model did in the last days (UTC, today included).</summary>
internal sealed class ModelTelemetry(DailyStore store, TimeProvider clock)
{
    private const int DaysMax = 366;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/models/telemetry", static async (string? window, RequestContext context, ModelTelemetry handler, CancellationToken cancellationToken) =>
                TypedResults.Ok(await handler.ReadAsync(context, window ?? "7d", cancellationToken)))
            .Requires(Capability.InferenceInvoke);

    private async Task<ModelTelemetryAnswer> ReadAsync(RequestContext context, string window, CancellationToken cancellationToken)
    {
        var isNumber = window.EndsWith('d') && int.TryParse(window.AsSpan(0, window.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
        var days = isNumber ? int.Parse(window.AsSpan(0, window.Length - 1), CultureInfo.InvariantCulture) : 0;
        Check.That(days is >= 1 and <= DaysMax, "window", $"must be a number of days from 1d to {DaysMax}d").OrThrow();
        var today = clock.GetUtcNow().UtcDateTime.Date;
        var first = Day(today.AddDays(1 - days));
        var rows = await store.SinceAsync(context.Tenant, first, cancellationToken);
        return new ModelTelemetryAnswer(window, first, Day(today), [.. rows.GroupBy(static row => (row.Provider, row.Model)).Select(static group => Sum(group.Key.Provider, group.Key.Model, [.. group]))]);
    }

    internal static ModelTelemetryItem Sum(string provider, string model, IReadOnlyList<DailyRow> rows)
    {
        long Calls(params ReadOnlySpan<string> outcomes)
        {
            var sum = 0L;
            foreach (var row in rows)
                if (outcomes.Contains(row.Outcome)) sum += row.Calls;
            return sum;
        }

        var complete = rows.Where(static row => row.Outcome is "answered" or "refused" or "unjudged").ToList();
        var (completed, refused, judged) = (Calls("answered", "refused", "unjudged"), Calls("refused"), Calls("answered", "refused"));
        var (failed, closed, lost, counted) = (Calls("failed"), Calls("client_closed"), Calls("lost"), rows.Sum(static row => row.Counted));
        return new ModelTelemetryItem(
            provider, model, rows.Sum(static row => row.Calls), completed, failed, closed, lost, counted,
            counted == 0 ? null : rows.Sum(static row => row.InputTokens), counted == 0 ? null : rows.Sum(static row => row.OutputTokens),
            TimesOf(complete, static row => row.DurationBucket), TimesOf(complete, static row => row.FirstBucket),
            Share.From(refused, judged), Share.From(failed + lost, completed + failed + lost));
    }

    private static Times TimesOf(IReadOnlyList<DailyRow> rows, Func<DailyRow, long> bucket)
    {
        var counts = rows.Where(row => bucket(row) != DailyStore.Unknown).Select(row => KeyValuePair.Create(bucket(row), row.Calls)).ToList();
        return new Times(LatencyBuckets.Quantile(counts, 0.5), LatencyBuckets.Quantile(counts, 0.95));
    }

    private static string Day(DateTime day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
