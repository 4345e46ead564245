using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <param name="Reason">price_unknown, usage_missing, usage_unpriced, no_tokens, zero_cost or over_reservation.</param>
/// <param name="Cost">Null when it is unknown.</param>
/// <param name="Reserved">The most that it was to cost; null when that was unknown.</param>
internal sealed record AnomalyView(
    string ReservationId, string Reason, string Provider, string Model, string Purpose, string Principal, string? ApiKey, long? InputTokens, long? OutputTokens,
    decimal? Cost, decimal? Reserved, string Currency, DateTimeOffset OccurredAt);

/// <summary>Calls whose cost deserves a look, newest first.</summary>
internal sealed class ReadAnomalies(BillingReports reports)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/billing/anomalies", (RequestContext context, ReadAnomalies use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.RunAsync(context, cursor, limit, cancellationToken)).Requires(Capability.BillingRead);

    internal async Task<Page<AnomalyView>> RunAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var (before, id) = Place(Cursor.Decode(cursor));
        var rows = await reports.AnomaliesAsync(context.Tenant, before, id, size + 1, cancellationToken);
        return Cursor.Page(rows, size, static row => FormattableString.Invariant($"{row.OccurredAt.ToMicros()} {row.ReservationId}"));
    }

    private static (long Before, string Id) Place(string? key)
    {
        if (key is null) return (long.MaxValue, "");
        var space = key.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && long.TryParse(key.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
            ? (micros, key[(space + 1)..])
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
