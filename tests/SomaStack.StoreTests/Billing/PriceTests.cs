using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Billing;

/// <summary>The price book grows and never changes; what a call was promised it pays.</summary>
public sealed class PriceTests(Databases databases)
{
    private const string Source = "A list that this test wrote";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static RequestContext Owner => Databases.Context("demo", "owner");

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task A_new_price_holds_from_its_instant_and_a_call_under_way_keeps_the_old_one(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var shipped = house.Get<PriceBook>().Find("openai", "gpt-4o")!;
        await ReserveAsync(house, "before", "openai", "gpt-4o");
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        await AddAsync(house, new PriceRequest("openai", "gpt-4o", 1, 4, Source));
        await AddAsync(house, new PriceRequest("openai", "gpt-4o", 0.5m, 2, Source, ValidFrom: "2026-11-23"));
        await ReserveAsync(house, "after", "openai", "gpt-4o");
        Assert.Equal(2_500_000, (await SettleAsync(house, "before", new TokenUsage(1_000, 0))).CostNanos);
        Assert.Equal(1_000_000, (await SettleAsync(house, "after", new TokenUsage(1_000, 0))).CostNanos);
        house.Clock.Advance(TimeSpan.FromHours(12));
        await ReserveAsync(house, "tomorrow", "openai", "gpt-4o");
        Assert.Equal(500_000, (await SettleAsync(house, "tomorrow", new TokenUsage(1_000, 0))).CostNanos);
        Assert.Contains(house.Get<PriceBook>().All, row => row.Price == shipped);
        Assert.Equal(2, await house.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM journal WHERE tenant = {Db.AllTenants} AND type = {BillingEvents.PriceAdded}", Stop));
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Another_replica_sees_it_and_a_restart_changes_nothing(string name)
    {
        var database = await databases.CreateAsync(name);
        await using var here = await Governed.StartAsync(database, null, null);
        await using var there = await Governed.StartAsync(database, null, here.Clock);
        await AddAsync(here, new PriceRequest("local", "llama", 0, 0, "Our own machine: electricity is not billed", Aliases: ["llama-2026", "llama-latest"]));
        Assert.Null(there.Get<PriceBook>().Find("local", "llama"));
        await there.Get<PriceBook>().RefreshAsync(Stop);
        Assert.Equal("llama", there.Get<PriceBook>().Find("local", "llama-latest")!.AliasOf);
        Assert.Null(there.Get<PriceBook>().Find("local", "llama-2027"));
        var count = here.Get<PriceBook>().All.Count;
        await using var again = await Governed.StartAsync(database, null, here.Clock);
        Assert.Equal(count, again.Get<PriceBook>().All.Count);
        Assert.Equal(here.Get<PriceBook>().Find("local", "llama"), again.Get<PriceBook>().Find("local", "llama"));
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task What_would_change_the_past_or_says_nothing_of_its_source_is_refused(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        var good = new PriceRequest("openai", "gpt-9", 1, 2, Source, ValidFrom: "2026-11-22");
        await AddAsync(house, good);
        await RefusedAsync(house, "price_exists", good with { Input = 3 });
        await RefusedAsync(house, "price_exists", good with { Model = "gpt-10", Aliases = ["gpt-9"] });
        Assert.Null(house.Get<PriceBook>().Find("openai", "gpt-10"));
        foreach (var bad in (PriceRequest[])
            [good with { ValidFrom = "2026-11-21" }, good with { ValidFrom = "soon" }, good with { Source = "x" }, good with { Input = -1 }, good with { Output = 0.0000000001m },
             good with { CacheWriteHour = 2 }, good with { Tier = new TierPrices(0, 1, 1) }, good with { Aliases = ["gpt-9"] }, good with { Model = "a b" }, good with { Input = 1_000_001 }])
            await RefusedAsync(house, "invalid_request", bad);
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task A_long_prompt_is_booked_at_its_own_prices_and_the_row_shows_which_applied(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await ReserveAsync(house, "long", "anthropic", "claude-sonnet-4-5", 400_000);
        // Every token may be a cache write that is kept for an hour: 12 dollars a million above 200,000.
        Assert.Equal(400_000 * 12_000L + 1_000 * 22_500, await NumberAsync(house, "SELECT reserved_nanos FROM reservations WHERE tenant = 'demo' AND id = 'long'"));
        var usage = new TokenUsage(300_000, 10, 100_000, null, 50_000) { CacheWriteHourTokens = 20_000 };
        var cost = 150_000 * 6_000L + 100_000 * 600 + 30_000 * 7_500 + 20_000 * 12_000 + 10 * 22_500;
        Assert.Equal(cost, (await SettleAsync(house, "long", usage)).CostNanos);
        var row = (await house.Db.QueryAsync("demo", ReservationRow.Map, $"SELECT {ReservationRow.Columns:raw} FROM reservations WHERE tenant = {"demo"} AND id = {"long"}", Stop)).Single();
        Assert.Equal(usage, row.Usage);
        Assert.Equal(6_000_000_000, row.InputNanos);
        Assert.Equal(cost, Pricing.CostNanos(row.Prices!.Value, row.Usage));

        await ReserveAsync(house, "short", "anthropic", "claude-sonnet-4-5", 400_000);
        Assert.Equal(1_000 * 3_000L, (await SettleAsync(house, "short", new TokenUsage(1_000, 0))).CostNanos);
        Assert.Equal(3_000_000_000, await NumberAsync(house, "SELECT input_nanos FROM reservations WHERE tenant = 'demo' AND id = 'short'"));
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Sound_is_reserved_and_booked_by_its_length(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await house.Db.WriteAsync("demo", work => house.Get<IBilling>().ReserveAsync(work, Owner, new ReservationRequest("heard", "openai", "whisper-1", 0, 0, "test") { AudioMillisecondsMax = 60_000 }), Stop);
        Assert.Equal(6_000_000, await NumberAsync(house, "SELECT reserved_nanos FROM reservations WHERE tenant = 'demo' AND id = 'heard'"));
        Assert.Equal(1_000_000, (await SettleAsync(house, "heard", new TokenUsage(null, null) { AudioMilliseconds = 10_000 })).CostNanos);
        Assert.Equal(0, await NumberAsync(house, "SELECT COUNT(*) FROM reservations WHERE tenant = 'demo' AND anomaly IS NOT NULL"));
    }

    private static Task<IReadOnlyList<PriceRow>> AddAsync(Governed house, PriceRequest request) => house.Get<AddPrice>().RunAsync(request, Owner, Stop);

    private static async Task RefusedAsync(Governed house, string code, PriceRequest request) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(() => AddAsync(house, request))).Code.Code);

    private static Task<long?> NumberAsync(Governed house, string constant) => house.Db.NumberAsync("demo", $"{constant:raw}", Stop);

    private static Task ReserveAsync(Governed house, string id, string provider, string model, long input = 10_000) =>
        house.Db.WriteAsync("demo", work => house.Get<IBilling>().ReserveAsync(work, Owner, new ReservationRequest(id, provider, model, input, 1_000, "test")), Stop);

    private static Task<Settlement> SettleAsync(Governed house, string id, TokenUsage usage) =>
        house.Db.WriteAsync("demo", work => house.Get<IBilling>().SettleAsync(work, Owner, id, usage), Stop);
}
