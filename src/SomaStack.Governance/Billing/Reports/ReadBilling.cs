using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <param name="UnknownCostCalls">Calls whose cost nobody knows: they are not in <paramref name="Cost"/>.</param>
/// <param name="InputTokens">Of the calls that told.</param>
internal sealed record ModelUsageView(string Provider, string Model, long Calls, long UnknownCostCalls, long InputTokens, long OutputTokens, decimal Cost);

/// <param name="Limit">Null when the tenant has no daily budget; then <paramref name="Ratio"/> is null too.</param>
/// <param name="Bound">Reserved for calls under way, and for calls that never told their cost.</param>
internal sealed record BudgetView(decimal? Limit, decimal Bound, decimal Spent, double? Ratio);

/// <param name="Name">The principal, or the id of the API key.</param>
internal sealed record GroupUsageView(string Name, long Calls, long UnknownCostCalls, long InputTokens, long OutputTokens, decimal Cost);

/// <param name="GroupBy">model, principal or key.</param>
/// <param name="Models">Empty but for model.</param>
/// <param name="Groups">Empty for model.</param>
internal sealed record UsageView(string Day, string Currency, BudgetView Budget, IReadOnlyList<ModelUsageView> Models, string GroupBy, IReadOnlyList<GroupUsageView> Groups);

/// <summary>One line of the ledger with the tokens and unit prices (per million) that explain its amount; null where unknown.</summary>
internal sealed record LedgerEntryView(
    string TransactionId, long Line, string Kind, string Account, decimal Amount, string Currency, DateTimeOffset OccurredAt, string ReservationId,
    string Provider, string Model, string Purpose, long? InputTokens, long? OutputTokens, long? CachedInputTokens,
    decimal? InputPrice, decimal? OutputPrice, decimal? CachedInputPrice);

/// <summary>Per million tokens or characters, and per minute of audio; null where unknown or where it plays no part.</summary>
/// <param name="AliasOf">The model whose price this name has.</param>
/// <param name="Tier">Prices of all tokens of a call whose prompt is longer.</param>
internal sealed record PriceView(
    string Provider, string Model, string Currency, decimal Input, decimal Output, decimal? CachedInput, string ValidFrom, string Source,
    decimal? CacheWrite = null, decimal? CacheWriteHour = null, decimal? AudioMinute = null, decimal? Characters = null, TierPrices? Tier = null, string? AliasOf = null)
{
    private const decimal Nano = 1_000_000_000m;

    public static PriceView Of(PriceRow row)
    {
        var (price, tier) = (row.Price, row.Price.Tier);
        return new PriceView(
            price.Provider, price.Model, price.Currency, price.InputNanosPerMillion / Nano, price.OutputNanosPerMillion / Nano, price.CachedInputNanosPerMillion / Nano,
            PriceStore.Text(price.Since), row.Source, price.CacheWriteNanosPerMillion / Nano, price.CacheWriteHourNanosPerMillion / Nano, price.AudioNanosPerMinute / Nano, price.CharacterNanosPerMillion / Nano,
            tier is null ? null : new TierPrices(tier.AboveTokens, tier.InputNanos / Nano, tier.OutputNanos / Nano, tier.CachedInputNanos / Nano, tier.CacheWriteNanos / Nano, tier.CacheWriteHourNanos / Nano),
            price.AliasOf);
    }
}

internal sealed class ReadBilling(PriceBook prices, LedgerStore ledger, BillingReports reports, ISettings settings, TimeProvider clock)
{
    private const decimal Nano = 1_000_000_000m;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/billing/usage", (RequestContext context, ReadBilling use, string? day, [FromQuery(Name = "group_by")] string? groupBy, CancellationToken cancellationToken) =>
            use.UsageAsync(context, day, cancellationToken, groupBy ?? "model")).Requires(Capability.BillingRead);
        routes.MapGet("/v1/billing/ledger", (RequestContext context, ReadBilling use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.LedgerAsync(context, cursor, limit, cancellationToken)).Requires(Capability.BillingRead);
        routes.MapGet("/v1/billing/prices", (ReadBilling use, string? cursor, int? limit) => use.Prices(cursor, limit)).Requires(Capability.BillingRead);
    }

    /// <param name="day">A UTC day as yyyy-MM-dd; today by default.</param>
    internal async Task<UsageView> UsageAsync(RequestContext context, string? day, CancellationToken cancellationToken, string groupBy = "model")
    {
        if (groupBy is not ("model" or "principal" or "key")) throw Problem.Invalid("group_by", "must be model, principal or key");
        var date = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if (day is not null && !DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date))
            throw Problem.Invalid("day", "must be a date as 2026-01-31");
        var number = LedgerBilling.DayOf(new DateTimeOffset(date, TimeOnly.MinValue, TimeSpan.Zero));
        var (bound, spent) = await ledger.DayAsync(context.Tenant, number, "USD", cancellationToken) ?? (0, 0);
        var limit = (await settings.OfTenantAsync(context.Tenant, cancellationToken)).DailyBudgetNanos;
        double? ratio = limit is null ? null : limit == 0 ? 0 : Math.Clamp((limit.Value - bound - spent) / (double)limit.Value, 0, 1);
        var models = groupBy == "model" ? await reports.ByModelAsync(context.Tenant, number, cancellationToken) : [];
        var groups = groupBy switch
        {
            "principal" => await reports.ByPrincipalAsync(context.Tenant, number, cancellationToken),
            "key" => await reports.ByKeyAsync(context.Tenant, number, cancellationToken),
            _ => [],
        };
        return new UsageView(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), "USD", new BudgetView(limit / Nano, bound / Nano, spent / Nano, ratio), models, groupBy, groups);
    }

    internal async Task<Page<LedgerEntryView>> LedgerAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var (transaction, line) = Place(Cursor.Decode(cursor));
        var rows = await reports.EntriesAsync(context.Tenant, transaction, line, size + 1, cancellationToken);
        return Cursor.Page(rows, size, static entry => $"{entry.TransactionId} {entry.Line.ToString(CultureInfo.InvariantCulture)}");
    }

    private Page<PriceView> Prices(string? cursor, int? limit)
    {
        var size = Cursor.Limit(limit);
        var after = Cursor.Decode(cursor) ?? "";
        var rows = prices.All.Where(row => string.CompareOrdinal(Key(row.Price), after) > 0).OrderBy(row => Key(row.Price), StringComparer.Ordinal).Take(size + 1).ToList();
        var page = Cursor.Page(rows, size, static row => Key(row.Price));
        return new Page<PriceView>([.. page.Data.Select(PriceView.Of)], page.NextCursor);
    }

    private static string Key(ModelPrice price) => $"{price.Provider} {price.Model} {PriceStore.Text(price.Since)}";

    /// <summary>Newest first: everything is before this on the first page.</summary>
    private static (string Transaction, long Line) Place(string? key)
    {
        if (key is null) return ("~", 0);
        var parts = key.Split(' ');
        return parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var line)
            ? (parts[0], line)
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
