using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <param name="Amount">US dollars with at most 9 places, or a whole number of requests or tokens.</param>
/// <param name="Principal">A user or service; calls with any of its keys count too.</param>
/// <param name="ApiKey">The id of a key; the limits of its holder bind besides.</param>
internal sealed record LimitRequest(
    LimitMetric Metric, LimitWindow Window, decimal Amount, string? Principal = null, string? ApiKey = null, string? Provider = null, string? Model = null);

/// <param name="Amount">In <paramref name="Currency"/> for money.</param>
/// <param name="Bound">Held by calls under way, and by calls that never told what they used.</param>
/// <param name="Remaining">Below zero when providers used more than was reserved.</param>
internal sealed record LimitView(
    string Id, LimitMetric Metric, LimitWindow Window, decimal Amount, string? Currency, string? Principal, string? ApiKey, string? Provider, string? Model,
    decimal Bound, decimal Used, decimal Remaining, DateTimeOffset ResetsAt, long Version);

/// <summary>The limits of a tenant: kept by its administrators, with what they have left.</summary>
internal sealed class ChangeLimits(LimitStore store, ServedLimits served, IWindows windows, Db db, Journal journal, TimeProvider clock)
{
    /// <summary>Two billion dollars in nanos: a sum of a few of these stays inside 64 bits.</summary>
    internal const long AmountMax = 2_000_000_000_000_000_000;

    /// <summary>Requests and tokens: below 2⁵³, up to which Redis' Lua counts exactly.</summary>
    internal const long CountMax = 9_000_000_000_000_000;

    /// <summary>Every call looks at all of its tenant's limits.</summary>
    internal const int LimitsMax = 500;

    private const decimal Nano = 1_000_000_000m;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/billing/limits", (RequestContext context, ChangeLimits use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, cursor, limit, cancellationToken)).Requires(Capability.BillingRead);
        routes.MapPost("/v1/billing/limits", (LimitRequest request, RequestContext context, ChangeLimits use, HttpResponse response, CancellationToken cancellationToken) =>
            use.AddAsync(request, context, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPut("/v1/billing/limits/{id}", (string id, LimitRequest request, RequestContext context, ChangeLimits use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.ChangeAsync(id, request, context, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/billing/limits/{id}", (string id, RequestContext context, ChangeLimits use, HttpRequest http, CancellationToken cancellationToken) =>
            use.RemoveAsync(id, context, Routes.IfMatch(http), cancellationToken)).Requires(Capability.TenantAdmin);
    }

    internal async Task<Page<LimitView>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var (size, after) = (Cursor.Limit(limit), Cursor.Decode(cursor) ?? "");
        var limits = await store.AllAsync(context.Tenant, cancellationToken);
        var page = Cursor.Page([.. limits.Where(row => string.CompareOrdinal(row.Id, after) > 0).Take(size + 1)], size, static row => row.Id);
        return new Page<LimitView>(await ViewsAsync(context.Tenant, page.Data, cancellationToken), page.NextCursor);
    }

    private async Task<Created<LimitView>> AddAsync(LimitRequest request, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var limit = await AddAsync(request, context, cancellationToken);
        response.Headers.ETag = Routes.ETag(limit.Version);
        return TypedResults.Created("/v1/billing/limits/" + limit.Id, (await ViewsAsync(context.Tenant, [limit], cancellationToken))[0]);
    }

    internal async Task<Limit> AddAsync(LimitRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var amount = AmountOf(request);
        Check.That(amount is not null, "amount", AmountRule)
            .And(IsName(request.Principal), "principal", NameRule).And(IsName(request.ApiKey), "api_key", NameRule)
            .And(IsName(request.Provider), "provider", NameRule).And(IsName(request.Model), "model", NameRule).OrThrow();
        var now = clock.NowMicros();
        var limit = new Limit(
            Ids.For(context, "billing.limit"), request.Principal, request.ApiKey, request.Provider, request.Model, request.Metric, request.Window, amount!.Value, 1, now, now);
        return await db.WriteAsync(context.Tenant, async work =>
        {
            if (await LimitStore.CountAsync(work, context.Tenant) >= LimitsMax) throw BillingProblems.LimitsFull.Because($"The tenant has {LimitsMax} limits.");
            // A retry meets the row of the first try.
            if (!await LimitStore.TryAddAsync(work, context.Tenant, limit)) return (await LimitStore.FindAsync(work, context.Tenant, limit.Id))!;
            await TellAsync(work, context, limit, BillingEvents.LimitChanged);
            return limit;
        }, cancellationToken);
    }

    private async Task<LimitView> ChangeAsync(string id, LimitRequest request, RequestContext context, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var limit = await ChangeAsync(id, request, context, expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(limit.Version);
        return (await ViewsAsync(context.Tenant, [limit], cancellationToken))[0];
    }

    /// <summary>Only the amount can change: what a window has counted belongs to its scope.</summary>
    internal Task<Limit> ChangeAsync(string id, LimitRequest request, RequestContext context, long expected, CancellationToken cancellationToken)
    {
        var amount = AmountOf(request) ?? throw Problem.Invalid("amount", AmountRule);
        return db.WriteAsync(context.Tenant, async work =>
        {
            var known = await LimitStore.FindAsync(work, context.Tenant, id) ?? throw Unknown();
            if (LimitRequestOf(known) != LimitRequestOf(request)) throw Problem.Invalid("scope", "cannot change, nor can the metric or the window; make a new limit and remove this one");
            if (!await LimitStore.TryChangeAsync(work, context.Tenant, id, amount, expected, clock.NowMicros()))
                throw PlatformProblems.VersionMismatch.Because($"The limit is not at version {expected}.");
            var next = known with { Amount = amount, Version = expected + 1 };
            await TellAsync(work, context, next, BillingEvents.LimitChanged);
            return next;
        }, cancellationToken);
    }

    internal Task<NoContent> RemoveAsync(string id, RequestContext context, long expected, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        var known = await LimitStore.FindAsync(work, context.Tenant, id) ?? throw Unknown();
        if (!await LimitStore.TryRemoveAsync(work, context.Tenant, id, expected)) throw PlatformProblems.VersionMismatch.Because($"The limit is not at version {expected}.");
        await TellAsync(work, context, known with { Version = expected + 1 }, BillingEvents.LimitRemoved);
        return TypedResults.NoContent();
    }, cancellationToken);

    private const string AmountRule = "must be 0 to 2000000000 US dollars with at most 9 places, or a whole number of requests or tokens up to 9000000000000000";
    private const string NameRule = "must have 1 to 200 characters, no spaces and no control characters, or be absent";

    private static bool IsName(string? name) => name is null || (name.Length is >= 1 and <= 200 && !name.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c)));

    private static long? AmountOf(LimitRequest request)
    {
        if (request.Amount < 0) return null;
        if (request.Metric != LimitMetric.Money) return request.Amount <= CountMax && request.Amount == decimal.Truncate(request.Amount) ? (long)request.Amount : null;
        return request.Amount <= AmountMax / Nano && request.Amount * Nano is var nanos && nanos == decimal.Truncate(nanos) ? (long)nanos : null;
    }

    private static LimitRequest LimitRequestOf(Limit limit) => new(limit.Metric, limit.Window, 0, limit.Principal, limit.ApiKey, limit.Provider, limit.Model);

    private static LimitRequest LimitRequestOf(LimitRequest request) => request with { Amount = 0 };

    private static Problem Unknown() => BillingProblems.LimitUnknown.Because("The tenant has no such limit.");

    private async Task TellAsync(DbWork work, RequestContext context, Limit limit, string type)
    {
        await journal.AppendAsync(work, context, "billing_limit/" + limit.Id, limit.Version, type,
            new LimitChanged(limit.Id, Limit.Name(limit.Metric), Limit.Name(limit.Window), limit.Amount, limit.Principal, limit.ApiKey, limit.Provider, limit.Model, limit.Version),
            BillingJson.Default.LimitChanged);
        work.OnCommit(() => served.Forget(context.Tenant));
    }

    private async Task<IReadOnlyList<LimitView>> ViewsAsync(string tenant, IReadOnlyList<Limit> limits, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var open = await windows.OpenAsync(tenant, limits, now, cancellationToken);
        return [.. limits.Select(limit =>
        {
            var (bound, used) = open.GetValueOrDefault(limit.Id);
            var (unit, isMoney) = (limit.Metric == LimitMetric.Money ? Nano : 1m, limit.Metric == LimitMetric.Money);
            return new LimitView(
                limit.Id, limit.Metric, limit.Window, limit.Amount / unit, isMoney ? "USD" : null, limit.Principal, limit.ApiKey, limit.Provider, limit.Model,
                bound / unit, used / unit, (limit.Amount - bound - used) / unit, Limit.WindowOf(limit.Window, now).End.ToInstant(), limit.Version);
        })];
    }
}
