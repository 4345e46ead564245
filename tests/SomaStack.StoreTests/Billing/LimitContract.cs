using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;
using SomaStack.StoreTests.Identity;
using SomaStack.StoreTests.Memory;

namespace SomaStack.StoreTests.Billing;

/// <summary>Limits hold exactly, wherever they are counted: in either database, and with requests and tokens in Redis.</summary>
public sealed class LimitContract(Databases databases, RedisServer redis)
{
    private const string Mini = "gpt-4o-mini";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static RequestContext Ada => Databases.Context("demo", "ada");

    public static TheoryData<string, string> Places => new TheoryData<string, string> { { "sqlite", "database" }, { "postgres", "database" }, { "sqlite", "redis" }, { "postgres", "redis" } }.Marked();

    public static TheoryData<string, string, string> PlacesAndMetrics
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var place in Places)
                foreach (var metric in (string[])["money", "requests", "tokens"]) all.Add(place.Data.Item1, place.Data.Item2, metric);
            return all.Marked();
        }
    }

    [Theory, MemberData(nameof(PlacesAndMetrics))]
    public async Task However_many_ask_at_once_exactly_as_many_pass_as_the_limit_holds(string name, string counters, string counted)
    {
        var metric = Limit.Metrics(counted);
        await using var house = await StartAsync(name, counters);
        // Each may cost 0.035 dollars and use 11,000 tokens: 28 fit.
        var amount = metric switch { LimitMetric.Money => 1m, LimitMetric.Requests => 28m, _ => 28 * 11_000m + 10_999 };
        var limit = await AddAsync(house, new LimitRequest(metric, LimitWindow.Day, amount));
        var (run, refused) = (NewRun(), 0);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            try { await ReserveAsync(house, $"{run}{i}", Ada); }
            catch (Problem problem) when (problem.Code.Code == (metric == LimitMetric.Money ? "budget_exhausted" : "rate_limited"))
            {
                Assert.Equal(TimeSpan.FromHours(12), problem.RetryAfter);
                Assert.Equal(limit.Id, Assert.Single(problem.Reasons).Rule);
                Interlocked.Increment(ref refused);
            }
        }));
        Assert.Equal(72, refused);
        var view = await ViewAsync(house, limit.Id);
        Assert.Equal(metric switch { LimitMetric.Money => 28 * 0.035m, LimitMetric.Requests => 28m, _ => 28 * 11_000m }, view.Bound + view.Used);
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero), view.ResetsAt);

        // What they did not use is free again: all 28 end with a tenth, and what is left holds more calls, again exactly.
        foreach (var id in await HeldAsync(house)) await SettleAsync(house, id, new TokenUsage(1_000, 100));
        view = await ViewAsync(house, limit.Id);
        Assert.Equal((0m, metric switch { LimitMetric.Money => 28 * 0.0035m, LimitMetric.Requests => 28m, _ => 28 * 1_100m }), (view.Bound, view.Used));
        var more = metric switch { LimitMetric.Money => 25, LimitMetric.Requests => 0, _ => 26 };
        for (var i = 0; i < more; i++) await ReserveAsync(house, $"{run}more{i}", Ada);
        await RefusedAsync(metric == LimitMetric.Money ? "budget_exhausted" : "rate_limited", () => ReserveAsync(house, run + "last", Ada));
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_key_is_held_to_its_own_limit_and_to_its_holders(string name, string counters)
    {
        await using var house = await StartAsync(name, counters);
        var ofAda = await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 3, Principal: "ada"));
        var ofKey = await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Hour, 2, ApiKey: "k1"));
        var ofModel = await AddAsync(house, new LimitRequest(LimitMetric.Tokens, LimitWindow.Minute, 22_000, Provider: "openai", Model: Mini));
        var (first, second, run) = (Ada with { Principal = new Principal("ada", "key", "k1") }, Ada with { Principal = new Principal("ada", "key", "k2") }, NewRun());
        await ReserveAsync(house, run + 1, first);
        await ReserveAsync(house, run + 2, first);
        var refused = await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 3, first));
        Assert.Equal(ofKey.Id, Assert.Single(refused.Reasons).Rule);
        Assert.Contains("2 requests a hour for key k1", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromHours(1), refused.RetryAfter);
        // Another key is another limit, but the same user's.
        await ReserveAsync(house, run + 4, second);
        Assert.Equal(ofAda.Id, Assert.Single((await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 5, second))).Reasons).Rule);
        // And so is no key at all.
        await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 6, Ada));
        // Both full: the one that frees up last says when.
        refused = await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 7, first));
        Assert.Equal((2, TimeSpan.FromHours(12)), (refused.Reasons.Count, refused.RetryAfter!.Value));
        var bob = Databases.Context("demo", "bob");
        await ReserveAsync(house, run + 8, bob, Mini);
        await ReserveAsync(house, run + 9, bob, Mini);
        Assert.Equal(ofModel.Id, Assert.Single((await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 10, bob, Mini))).Reasons).Rule);
        await ReserveAsync(house, run + 11, bob);
        await ReserveAsync(house, run + 12, Databases.Context("other", "bob"), Mini);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_refusal_by_one_limit_takes_nothing_from_the_others(string name, string counters)
    {
        await using var house = await StartAsync(name, counters);
        var tokens = await AddAsync(house, new LimitRequest(LimitMetric.Tokens, LimitWindow.Day, 1_000_000));
        var money = await AddAsync(house, new LimitRequest(LimitMetric.Money, LimitWindow.Day, 1));
        await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 1));
        var run = NewRun();
        await ReserveAsync(house, run + 1, Ada);
        await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 2, Ada));
        Assert.Equal((11_000m, 0.035m), ((await ViewAsync(house, tokens.Id)).Bound, (await ViewAsync(house, money.Id)).Bound));
        Assert.Equal(1, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM reservations WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Places))]
    public async Task The_end_of_a_call_puts_its_window_right_even_in_the_next_one(string name, string counters)
    {
        await using var house = await StartAsync(name, counters);
        var limit = await AddAsync(house, new LimitRequest(LimitMetric.Tokens, LimitWindow.Minute, 22_000));
        var run = NewRun();
        await ReserveAsync(house, run + 1, Ada);
        await ReserveAsync(house, run + 2, Ada);
        await RefusedAsync("rate_limited", () => ReserveAsync(house, run + 3, Ada));
        await house.Db.WriteAsync("demo", work => house.Get<IBilling>().ReleaseAsync(work, Ada, run + 2, "test"), Stop);
        await ReserveAsync(house, run + 4, Ada);
        // A provider that does not say what it used: at most what was bound, so that stays.
        await SettleAsync(house, run + 4, new TokenUsage(null, null));
        Assert.Equal((22_000m, 0m), Both(await ViewAsync(house, limit.Id)));
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0m, 0m), Both(await ViewAsync(house, limit.Id)));
        await ReserveAsync(house, run + 5, Ada);
        // The call of the last minute ends in this one: it is the last one's.
        await SettleAsync(house, run + 1, new TokenUsage(5_000, 5));
        await SettleAsync(house, run + 1, new TokenUsage(5_000, 5));
        Assert.Equal((11_000m, 0m), Both(await ViewAsync(house, limit.Id)));
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_change_binds_at_once_where_it_was_made_and_within_a_second_elsewhere(string name, string counters)
    {
        var (database, address) = (await databases.CreateAsync(name), counters == "redis" ? await redis.AddressAsync() : null);
        await using var here = await Governed.StartAsync(database, null, null, address);
        await using var there = await Governed.StartAsync(database, null, here.Clock, address);
        var run = NewRun();
        await ReserveAsync(here, run + 1, Ada);
        await ReserveAsync(there, run + 2, Ada);
        var limit = await AddAsync(here, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 0));
        await RefusedAsync("rate_limited", () => ReserveAsync(here, run + 3, Ada));
        here.Clock.Advance(ServedLimits.Freshness);
        await RefusedAsync("rate_limited", () => ReserveAsync(there, run + 4, Ada));
        limit = await there.Get<ChangeLimits>().ChangeAsync(limit.Id, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 1), Ada, limit.Version, Stop);
        await ReserveAsync(there, run + 5, Ada);
        await RefusedAsync("rate_limited", () => ReserveAsync(there, run + 6, Ada));
        await here.Get<ChangeLimits>().RemoveAsync(limit.Id, Ada, limit.Version, Stop);
        await ReserveAsync(here, run + 7, Ada);
        Assert.Equal(["limit_changed", "limit_changed", "limit_removed"],
            (await here.JournalAsync("demo")).Where(line => line.Contains("billing.limit", StringComparison.Ordinal)).Select(line => line.Split('.')[2]));
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_call_that_is_repeated_or_run_again_is_counted_once(string name, string counters)
    {
        await using var house = await StartAsync(name, counters);
        var limit = await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 5));
        var run = NewRun();
        await ReserveAsync(house, run + 1, Ada);
        await ReserveAsync(house, run + 1, Ada);
        // A unit of work that fails with others in its commit is run again by itself.
        var attempts = 0;
        await house.Db.WriteAsync("demo", async work =>
        {
            await house.Get<IBilling>().ReserveAsync(work, Ada, Request(run + 2));
            attempts++;
        }, Stop);
        Assert.True(attempts >= 1);
        Assert.Equal(2, (await ViewAsync(house, limit.Id)).Used);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task A_limit_that_money_cannot_be_held_to_lets_nothing_pass(string name, string counters)
    {
        await using var house = await StartAsync(name, counters);
        await AddAsync(house, new LimitRequest(LimitMetric.Money, LimitWindow.Month, 5, Principal: "ada"));
        var run = NewRun();
        await RefusedAsync("price_unknown", () => ReserveAsync(house, run + 1, Ada, "a-model-of-tomorrow"));
        await ReserveAsync(house, run + 2, Databases.Context("demo", "bob"), "a-model-of-tomorrow");
        await ReserveAsync(house, run + 3, Ada);
        var refused = await RefusedAsync("budget_exhausted", () => house.Db.WriteAsync("demo", work => house.Get<IBilling>().ReserveAsync(work, Ada, Request(run + 4) with { InputTokensMax = 10_000_000 }), Stop));
        Assert.Equal(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero) - house.Clock.GetUtcNow(), refused.RetryAfter);
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task A_limit_is_changed_by_its_version_and_keeps_its_scope(string name)
    {
        await using var house = await StartAsync(name, "database");
        var use = house.Get<ChangeLimits>();
        await RefusedAsync("invalid_request", () => AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 1.5m)));
        await RefusedAsync("invalid_request", () => AddAsync(house, new LimitRequest(LimitMetric.Money, LimitWindow.Day, 0.0000000001m)));
        await RefusedAsync("invalid_request", () => AddAsync(house, new LimitRequest(LimitMetric.Money, LimitWindow.Day, -1)));
        await RefusedAsync("invalid_request", () => AddAsync(house, new LimitRequest(LimitMetric.Tokens, LimitWindow.Day, 1, Principal: "a b")));
        var request = new LimitRequest(LimitMetric.Tokens, LimitWindow.Day, 7, Principal: "ada");
        var limit = await AddAsync(house, request);
        await RefusedAsync("version_mismatch", () => use.ChangeAsync(limit.Id, request, Ada, 2, Stop));
        await RefusedAsync("invalid_request", () => use.ChangeAsync(limit.Id, request with { Principal = "bob" }, Ada, 1, Stop));
        await RefusedAsync("invalid_request", () => use.ChangeAsync(limit.Id, request with { Window = LimitWindow.Hour }, Ada, 1, Stop));
        await RefusedAsync("limit_unknown", () => use.ChangeAsync(limit.Id, request, Databases.Context("other"), 1, Stop));
        await RefusedAsync("limit_unknown", () => use.RemoveAsync(limit.Id, Databases.Context("other"), 1, Stop));
        Assert.Equal(2, (await use.ChangeAsync(limit.Id, request with { Amount = 9 }, Ada, 1, Stop)).Version);
        await RefusedAsync("version_mismatch", () => use.RemoveAsync(limit.Id, Ada, 1, Stop));
        for (var i = 0; i < 4; i++) await AddAsync(house, request);
        var first = await use.ListAsync(Ada, null, 3, Stop);
        var second = await use.ListAsync(Ada, first.NextCursor, 3, Stop);
        Assert.Equal(5, first.Data.Concat(second.Data).Select(view => view.Id).Distinct().Count());
        Assert.Null(second.NextCursor);
        Assert.Empty((await use.ListAsync(Databases.Context("other"), null, null, Stop)).Data);
    }

    [Fact]
    public async Task While_redis_is_away_nothing_passes_uncounted_and_nothing_is_booked()
    {
        await using var house = await Governed.StartAsync(await databases.CreateAsync("sqlite"), null, null, "127.0.0.1:1");
        // Without a limit that counts in it, it is not asked.
        await ReserveAsync(house, "free", Ada);
        await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Day, 5, Principal: "ada"));
        await RefusedAsync("counters_unavailable", () => ReserveAsync(house, "refused", Ada));
        await ReserveAsync(house, "bob", Databases.Context("demo", "bob"));
        Assert.Equal(2, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM reservations WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Windows_that_ended_days_ago_are_forgotten(string name)
    {
        await using var house = await StartAsync(name, "database");
        await AddAsync(house, new LimitRequest(LimitMetric.Requests, LimitWindow.Minute, 5));
        await ReserveAsync(house, "r1", Ada);
        house.Clock.Advance(TimeSpan.FromMinutes(5));
        await ReserveAsync(house, "r2", Ada);
        Assert.Equal(1, await house.Get<LimitStore>().PurgeAsync((house.Clock.GetUtcNow() - TimeSpan.FromMinutes(1)).ToMicros(), Stop));
    }

    private async Task<Governed> StartAsync(string name, string counters) =>
        await Governed.StartAsync(await databases.CreateAsync(name), null, null, counters == "redis" ? await redis.AddressAsync() : null);

    /// <summary>Reservations of all tests share one Redis.</summary>
    private static string NewRun() => Guid.CreateVersion7().ToString("N") + "-";

    private static (decimal, decimal) Both(LimitView view) => (view.Bound, view.Used);

    private static Task<Limit> AddAsync(Governed house, LimitRequest request) => house.Get<ChangeLimits>().AddAsync(request, Ada, Stop);

    private static async Task<LimitView> ViewAsync(Governed house, string id) => (await house.Get<ChangeLimits>().ListAsync(Ada, null, null, Stop)).Data.Single(view => view.Id == id);

    private static ReservationRequest Request(string id, string model = "gpt-4o") => new(id, "openai", model, 10_000, 1_000, "test");

    private static Task ReserveAsync(Governed house, string id, RequestContext context, string model = "gpt-4o") =>
        house.Db.WriteAsync(context.Tenant, work => house.Get<IBilling>().ReserveAsync(work, context, Request(id, model)), Stop);

    private static Task<Settlement> SettleAsync(Governed house, string id, TokenUsage usage) =>
        house.Db.WriteAsync("demo", work => house.Get<IBilling>().SettleAsync(work, Ada, id, usage), Stop);

    private static Task<List<string>> HeldAsync(Governed house) =>
        house.Db.QueryAsync("demo", reader => reader.GetString(0), $"SELECT id FROM reservations WHERE tenant = {"demo"} AND state = 'held' ORDER BY id", Stop);

    private static async Task<Problem> RefusedAsync(string code, Func<Task> action)
    {
        var problem = await Assert.ThrowsAsync<Problem>(action);
        Assert.Equal(code, problem.Code.Code);
        return problem;
    }
}
