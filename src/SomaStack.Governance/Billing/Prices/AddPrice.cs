using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>US dollars per million tokens but where a name says otherwise; what is absent is unknown, and zero is free.</summary>
/// <param name="AudioMinute">Per minute of audio that is heard.</param>
/// <param name="Characters">Per million characters that are spoken.</param>
/// <param name="ValidFrom">An instant, or a UTC day as 2026-01-31; now by default, and never in an earlier day: what was charged stays.</param>
/// <param name="Source">Where the figures were read.</param>
internal sealed record PriceRequest(
    string Provider, string Model, decimal Input, decimal Output, string Source, decimal? CachedInput = null, decimal? CacheWrite = null, decimal? CacheWriteHour = null,
    decimal? AudioMinute = null, decimal? Characters = null, TierPrices? Tier = null, IReadOnlyList<string>? Aliases = null, string? ValidFrom = null);

internal sealed record PriceAnswer(IReadOnlyList<PriceView> Prices);

/// <summary>Adds a row to the installation's price book. Calls under way keep the price of their reservation.</summary>
internal sealed class AddPrice(PriceBook prices, Db db, Journal journal, TimeProvider clock)
{
    /// <summary>A dollar a token.</summary>
    private const decimal Highest = 1_000_000m;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/billing/prices", (PriceRequest request, RequestContext context, AddPrice use, CancellationToken cancellationToken) =>
            use.AnswerAsync(request, context, cancellationToken)).Requires(Capability.PlatformAdmin);

    internal async Task<IReadOnlyList<PriceRow>> RunAsync(PriceRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var since = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        if (request.ValidFrom is { } text && !TryInstant(text, out since)) throw Problem.Invalid("valid_from", "must be a day as 2026-01-31 or an instant as 2026-01-31T12:00:00Z");
        Refuse(request, since, now);
        var seed = new SeedPrice(
            request.Provider, request.Model, request.Input, request.Output, request.CachedInput, PriceStore.Text(since), request.Source.Trim(),
            request.CacheWrite, request.CacheWriteHour, request.AudioMinute, request.Characters, request.Tier, request.Aliases);
        var rows = seed.Rows().ToList();
        // The book belongs to no tenant, so its lines in the journal do not either.
        var platform = context with { Tenant = Db.AllTenants };
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            foreach (var row in rows)
            {
                if (!await PriceStore.TryAddAsync(work, row)) throw BillingProblems.PriceExists.Because($"'{row.Price.Model}' of '{row.Price.Provider}' has a price from {PriceStore.Text(since)} already.");
                await journal.AppendAsync(work, platform, BillingEvents.PriceAdded,
                    new PriceAdded(
                        row.Price.Provider, row.Price.Model, row.Price.AliasOf, row.Price.Since, row.Price.Currency, row.Price.InputNanosPerMillion, row.Price.OutputNanosPerMillion,
                        row.Source, context.Principal.Id),
                    BillingJson.Default.PriceAdded);
            }
        }, cancellationToken);
        await prices.ReloadAsync(CancellationToken.None);
        return rows;
    }

    private async Task<Created<PriceAnswer>> AnswerAsync(PriceRequest request, RequestContext context, CancellationToken cancellationToken) =>
        TypedResults.Created("/v1/billing/prices", new PriceAnswer([.. (await RunAsync(request, context, cancellationToken)).Select(PriceView.Of)]));

    private static void Refuse(PriceRequest request, DateTimeOffset since, DateTimeOffset now)
    {
        var aliases = request.Aliases ?? [];
        var tier = request.Tier;
        Check.That(IsName(request.Provider), "provider", NameRule).And(IsName(request.Model), "model", NameRule)
            .And(request.Source.Trim().Length is >= 10 and <= 500 && !request.Source.Any(char.IsControl), "source", "must say in 10 to 500 characters where the figures were read")
            .And(IsPrice(request.Input), "input", PriceRule).And(IsPrice(request.Output), "output", PriceRule).And(IsPrice(request.CachedInput), "cached_input", PriceRule)
            .And(IsPrice(request.CacheWrite), "cache_write", PriceRule).And(IsPrice(request.CacheWriteHour), "cache_write_hour", PriceRule)
            .And(request.CacheWriteHour is null || request.CacheWrite is not null, "cache_write", "is needed when cache_write_hour is given")
            .And(IsPrice(request.AudioMinute), "audio_minute", PriceRule).And(IsPrice(request.Characters), "characters", PriceRule)
            .And(tier is null || (tier.AboveTokens is >= 1 and <= 1_000_000_000 && IsPrice(tier.Input) && IsPrice(tier.Output) && IsPrice(tier.CachedInput) && IsPrice(tier.CacheWrite) && IsPrice(tier.CacheWriteHour)),
                "tier", "needs above_tokens of 1 to 1000000000 and prices as above")
            .And(aliases.Count <= 50 && aliases.All(static name => name is not null && IsName(name)) && aliases.Append(request.Model).Distinct(StringComparer.Ordinal).Count() == aliases.Count + 1,
                "aliases", "must be at most 50 further names, each once")
            .And(since.UtcDateTime >= now.UtcDateTime.Date && since.UtcDateTime <= now.UtcDateTime.AddYears(5), "valid_from", "must not lie before today (UTC): what was charged stays; nor five years ahead")
            .OrThrow();
    }

    private const string NameRule = "must have 1 to 200 characters, no spaces and no control characters";
    private const string PriceRule = "must be between 0 and 1000000 US dollars with at most 9 places";

    private static bool IsName(string name) => name.Length is >= 1 and <= 200 && !name.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c));

    private static bool IsPrice(decimal? price) => price is null || (price is >= 0 and <= Highest && price * 1_000_000_000m is var nanos && nanos == decimal.Truncate(nanos.Value));

    private static bool TryInstant(string text, out DateTimeOffset instant) => DateTimeOffset.TryParseExact(
        text, ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mm:ss.FFFFFFZ", "yyyy-MM-ddTHH:mm:sszzz"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out instant);
}
