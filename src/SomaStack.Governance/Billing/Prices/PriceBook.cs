using System.Globalization;
using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Prices of a long prompt, in US dollars per million tokens.</summary>
internal sealed record TierPrices(long AboveTokens, decimal Input, decimal Output, decimal? CachedInput = null, decimal? CacheWrite = null, decimal? CacheWriteHour = null);

/// <summary>One row of <c>prices.json</c>, or of a request: US dollars per million tokens, as the provider publishes them.</summary>
/// <param name="CacheWrite">Of a token that is written to the provider's prompt cache.</param>
/// <param name="CacheWriteHour">Of one that is kept there for an hour.</param>
/// <param name="AudioMinute">Per minute of audio that is heard.</param>
/// <param name="Characters">Per million characters that are spoken.</param>
/// <param name="Aliases">Other names of the model that cost the same, each written out: a name that is not listed has no known price.</param>
/// <param name="Source">Where the figures were read.</param>
internal sealed record SeedPrice(
    string Provider, string Model, decimal Input, decimal Output, decimal? CachedInput, string ValidFrom, string Source,
    decimal? CacheWrite = null, decimal? CacheWriteHour = null, decimal? AudioMinute = null, decimal? Characters = null, TierPrices? Tier = null, IReadOnlyList<string>? Aliases = null)
{
    /// <summary>One row for the model and one for each of its other names.</summary>
    public IEnumerable<PriceRow> Rows()
    {
        var since = DateTimeOffset.Parse(ValidFrom, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        var price = new ModelPrice(Provider, Model, "USD", Nanos(Input), Nanos(Output), Nanos(CachedInput), DateOnly.FromDateTime(since.UtcDateTime))
        {
            Since = since,
            CacheWriteNanosPerMillion = Nanos(CacheWrite),
            CacheWriteHourNanosPerMillion = Nanos(CacheWriteHour),
            AudioNanosPerMinute = Nanos(AudioMinute),
            CharacterNanosPerMillion = Nanos(Characters),
            Tier = Tier is { } tier ? new PriceTier(tier.AboveTokens, Nanos(tier.Input), Nanos(tier.Output), Nanos(tier.CachedInput), Nanos(tier.CacheWrite), Nanos(tier.CacheWriteHour)) : null,
        };
        return [new PriceRow(price, Source), .. (Aliases ?? []).Select(name => new PriceRow(price with { Model = name, AliasOf = Model }, Source))];
    }

    private static long Nanos(decimal dollars) => checked((long)(dollars * 1_000_000_000m));

    private static long? Nanos(decimal? dollars) => dollars is { } known ? Nanos(known) : null;
}

/// <summary>A price and where it comes from.</summary>
internal sealed record PriceRow(ModelPrice Price, string Source);

/// <summary>Prices in memory; the table is filled from the shipped list at the first start and with what a newer list adds at later ones.</summary>
internal sealed class PriceBook(PriceStore store, TimeProvider clock)
{
    private volatile Pages _pages = new([]);

    /// <summary>All rows, by provider, model and instant.</summary>
    public IReadOnlyList<PriceRow> All => _pages.All;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var known = await store.AllAsync(cancellationToken);
        var keys = known.Select(static row => (row.Price.Provider, row.Price.Model, row.Price.Since)).ToHashSet();
        var missing = Shipped().Where(row => !keys.Contains((row.Price.Provider, row.Price.Model, row.Price.Since))).ToList();
        if (missing.Count > 0) await store.AddAsync(missing, cancellationToken);
        await ReloadAsync(cancellationToken);
    }

    public async Task ReloadAsync(CancellationToken cancellationToken) => _pages = new Pages(await store.AllAsync(cancellationToken));

    /// <summary>Takes over what another replica has added.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (await store.CountAsync(cancellationToken) != _pages.All.Count) await ReloadAsync(cancellationToken);
    }

    /// <summary>The price that is valid now; null when the book does not know it.</summary>
    public ModelPrice? Find(string provider, string model)
    {
        if (!_pages.Rows.TryGetValue((provider, model), out var rows)) return null;
        var now = clock.GetUtcNow();
        for (var i = rows.Length - 1; i >= 0; i--)
            if (rows[i].Price.Since <= now) return rows[i].Price;
        return null;
    }

    internal static IEnumerable<PriceRow> Shipped()
    {
        using var stream = typeof(PriceBook).Assembly.GetManifestResourceStream("Billing/prices.json")!;
        return JsonSerializer.Deserialize(stream, BillingJson.Default.SeedPriceArray)!.SelectMany(static seed => seed.Rows());
    }

    /// <summary>One state of the book, replaced as a whole.</summary>
    private sealed class Pages(IReadOnlyList<PriceRow> all)
    {
        public IReadOnlyList<PriceRow> All => all;

        public Dictionary<(string Provider, string Model), PriceRow[]> Rows { get; } =
            all.GroupBy(static row => (row.Price.Provider, row.Price.Model)).ToDictionary(static group => group.Key, static group => group.OrderBy(static row => row.Price.Since).ToArray());
    }
}
