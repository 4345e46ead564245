using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;

namespace SomaStack.StoreTests.Billing;

/// <summary>What is said about money afterwards: odd costs, who used what, and what next week will take.</summary>
public sealed class ReportTests(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static RequestContext Ada => Databases.Context("demo", "ada");

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Every_odd_cost_is_listed_and_the_first_of_an_hour_is_told(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        foreach (var (id, model, usage) in ((string, string, TokenUsage)[])
            [("a", "gpt-4o", new TokenUsage(10, 1)), ("b", "gpt-4o", new TokenUsage(null, null)), ("c", "gpt-4o", new TokenUsage(0, 0)), ("d", "a-model-of-tomorrow", new TokenUsage(5, 5)),
             ("e", "a-model-of-tomorrow", new TokenUsage(5, 5)), ("f", "gpt-4o", new TokenUsage(20_000, 5_000))])
        {
            await CallAsync(house, id, Ada, "openai", model, usage);
            house.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        await CallAsync(house, "free", Ada, "somastack", "soma-extract", new TokenUsage(5, 5));
        Assert.Equal(["usage_missing", "no_tokens", "price_unknown", "over_reservation"], await ToldAsync(house));
        house.Clock.Advance(TimeSpan.FromHours(1));
        await CallAsync(house, "g", Ada, "openai", "a-model-of-tomorrow", new TokenUsage(5, 5));
        Assert.Equal(5, (await ToldAsync(house)).Count);

        var use = house.Get<ReadAnomalies>();
        var first = await use.RunAsync(Ada, null, 4, Stop);
        var second = await use.RunAsync(Ada, first.NextCursor, 4, Stop);
        Assert.Equal(["g price_unknown", "f over_reservation", "e price_unknown", "d price_unknown", "c no_tokens", "b usage_missing"],
            first.Data.Concat(second.Data).Select(view => $"{view.ReservationId} {view.Reason}"));
        Assert.Null(second.NextCursor);
        Assert.Equal((0.1m, 0.035m), (first.Data[1].Cost, first.Data[1].Reserved));
        Assert.Empty((await use.RunAsync(Databases.Context("other"), null, null, Stop)).Data);
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Usage_is_told_by_principal_and_by_key(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        await CallAsync(house, "a", Ada with { Principal = new Principal("ada", "key", "k1") }, "openai", "gpt-4o", new TokenUsage(1_000, 0));
        await CallAsync(house, "b", Ada, "openai", "gpt-4o", new TokenUsage(2_000, 0));
        await CallAsync(house, "c", Databases.Context("demo", "bob"), "openai", "gpt-4o", new TokenUsage(null, null));
        var use = house.Get<ReadBilling>();
        Assert.Equal([new GroupUsageView("ada", 2, 0, 3_000, 0, 0.0075m), new GroupUsageView("bob", 1, 1, 0, 0, 0)], (await use.UsageAsync(Ada, null, Stop, "principal")).Groups);
        Assert.Equal([new GroupUsageView("k1", 1, 0, 1_000, 0, 0.0025m)], (await use.UsageAsync(Ada, null, Stop, "key")).Groups);
        Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => use.UsageAsync(Ada, null, Stop, "colour"))).Code.Code);
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task A_forecast_comes_from_the_tenants_own_days_and_says_how_far_off_it_was(string name)
    {
        await using var house = await Governed.StartAsync(databases, name);
        for (var day = 0; day < 21; day++)
        {
            if (day == 13) Assert.Null((await house.Get<ReadForecast>().RunAsync(Ada, Stop)).Tokens.Days);
            // Nobody works on the sixth and seventh day; the tenth day's cost is unknown.
            if (day % 7 < 5) await CallAsync(house, $"r{day}", Ada, "openai", "gpt-4o", day == 10 ? new TokenUsage(null, 5) : new TokenUsage(1_000 * (day % 7 + 1), 0));
            house.Clock.Advance(TimeSpan.FromDays(1));
        }
        // Today is not over, so it is no day yet.
        await CallAsync(house, "today", Ada, "openai", "gpt-4o", new TokenUsage(9_000, 0));
        var forecast = await house.Get<ReadForecast>().RunAsync(Ada, Stop);
        Assert.Equal((21, 1L), (forecast.HistoryDays, forecast.UnknownCostCalls));
        Assert.Equal(7, forecast.Tokens.Days!.Count);
        Assert.Equal("2026-12-13", forecast.Tokens.Days[0].Day);
        Assert.Equal((0m, 0m), (forecast.Tokens.Days[5].Value, forecast.Tokens.Days[6].Value));
        Assert.True(forecast.Tokens.Mape >= 0 && forecast.Tokens.Points > 0);
        Assert.Null((await house.Get<ReadForecast>().RunAsync(Databases.Context("other"), Stop)).Money.Mape);
    }

    private static async Task<List<string>> ToldAsync(Governed house) =>
        [.. (await house.JournalAsync("demo")).Where(line => line.StartsWith(BillingEvents.CostAnomaly, StringComparison.Ordinal))
            .Select(line => System.Text.Json.JsonDocument.Parse(line[(BillingEvents.CostAnomaly.Length + 1)..]).RootElement.GetProperty("reason").GetString()!)];

    private static async Task CallAsync(Governed house, string id, RequestContext context, string provider, string model, TokenUsage usage)
    {
        await house.Db.WriteAsync("demo", work => house.Get<IBilling>().ReserveAsync(work, context, new ReservationRequest(id, provider, model, 10_000, 1_000, "test")), Stop);
        await house.Db.WriteAsync("demo", work => house.Get<IBilling>().SettleAsync(work, context, id, usage), Stop);
    }
}
