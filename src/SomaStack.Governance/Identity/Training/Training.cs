using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="TenantId">Your own tenant; a different one is not there for you.</param>
/// <param name="Minutes">1 to 1440; 60 by default.</param>
internal sealed record StartTrainingRequest(string Reason, string? TenantId = null, int? Minutes = null);

/// <param name="Reason">Needed from whoever stops what another holds.</param>
internal sealed record StopTrainingRequest(string? TenantId = null, string? Reason = null);

/// <param name="Blocks">The capabilities whose acting routes are refused to everybody but the holder.</param>
internal sealed record TrainingView(string TenantId, bool Locked, string? LockedBy, string? Reason, DateTimeOffset? LockedAt, DateTimeOffset? EndsAt, IReadOnlyList<string> Blocks);

/// <summary>All SQL of training locks.</summary>
internal sealed class TrainingStore(Db db)
{
    public Task<List<TrainingHold>> HeldAsync(long now, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, Map,
        $"SELECT tenant, principal, reason, started_at, ends_at FROM training_locks WHERE tenant <> '' AND ends_at > {now}", cancellationToken);

    public Task<TrainingHold?> FindAsync(string tenant, long now, CancellationToken cancellationToken) => db.FindAsync(tenant, Map,
        $"SELECT tenant, principal, reason, started_at, ends_at FROM training_locks WHERE tenant = {tenant} AND ends_at > {now}", cancellationToken);

    /// <returns>The version of the row; null when somebody holds the tenant.</returns>
    public static Task<long?> TryTakeAsync(DbWork work, TrainingHold hold) => work.NumberAsync($"""
        INSERT INTO training_locks (tenant, principal, reason, started_at, ends_at, version)
        VALUES ({hold.Tenant}, {hold.Principal}, {hold.Reason}, {hold.StartedAt.ToMicros()}, {hold.EndsAt.ToMicros()}, 1)
        ON CONFLICT (tenant) DO UPDATE SET principal = excluded.principal, reason = excluded.reason, started_at = excluded.started_at,
            ends_at = excluded.ends_at, version = training_locks.version + 1
        WHERE training_locks.ends_at <= excluded.started_at
        RETURNING version
        """);

    /// <returns>The version of the row; null when nobody, or another than <paramref name="holder"/>, holds the tenant.</returns>
    public static Task<long?> TryEndAsync(DbWork work, string tenant, string holder, long now) => work.NumberAsync($"""
        UPDATE training_locks SET ends_at = {now}, version = version + 1 WHERE tenant = {tenant} AND principal = {holder} AND ends_at > {now} RETURNING version
        """);

    private static TrainingHold Map(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.Instant(3), reader.Instant(4));
}

/// <summary>
/// The holds in memory, as <see cref="IdentityWatch"/> saw them less than two seconds ago; when it could not look, each question asks the database.
/// </summary>
internal sealed class TrainingHolds(TrainingStore store, TimeProvider clock) : ITraining
{
    private readonly ConcurrentDictionary<string, TrainingHold> _held = new(StringComparer.Ordinal);
    private long _lookedAt = long.MinValue;
    private long _changes;

    public async ValueTask<TrainingHold?> HoldAsync(string tenant, CancellationToken cancellationToken)
    {
        var at = Volatile.Read(ref _lookedAt);
        if (at == long.MinValue || clock.GetElapsedTime(at) >= CredentialCache.Trust) return await store.FindAsync(tenant, clock.NowMicros(), cancellationToken);
        return _held.TryGetValue(tenant, out var hold) && hold.EndsAt > clock.GetUtcNow() ? hold : null;
    }

    public async ValueTask ThrowIfLockedAsync(RequestContext context, CancellationToken cancellationToken)
    {
        if (await HoldAsync(context.Tenant, cancellationToken) is not { } hold || hold.Principal == context.Principal.Id) return;
        throw new Problem(IdentityProblems.TrainingLocked, $"'{hold.Principal}' trains in this tenant until {hold.EndsAt.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}: {hold.Reason}")
        {
            RetryAfter = hold.EndsAt - clock.GetUtcNow(),
        };
    }

    /// <summary>Grows with every change here; read before a look, so that an older look undoes nothing.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    public void Looked(long began, long changes, IReadOnlyList<TrainingHold> holds)
    {
        if (changes != Changes) return;
        foreach (var tenant in _held.Keys)
            if (!holds.Any(hold => hold.Tenant == tenant)) _held.TryRemove(tenant, out _);
        foreach (var hold in holds) _held[hold.Tenant] = hold;
        Volatile.Write(ref _lookedAt, began);
    }

    public void Took(TrainingHold hold)
    {
        Interlocked.Increment(ref _changes);
        _held[hold.Tenant] = hold;
    }

    public void Ended(string tenant)
    {
        Interlocked.Increment(ref _changes);
        _held.TryRemove(tenant, out _);
    }
}

/// <summary>Takes a tenant for training, and gives it back.</summary>
internal sealed class Training(TrainingStore store, TrainingHolds holds, Db db, Journal journal, TimeProvider clock)
{
    public static readonly string[] Blocks = [Capability.SessionStart, Capability.MemoryWrite, Capability.CapsuleInstall];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/training/start", (StartTrainingRequest request, RequestContext context, Training use, CancellationToken cancellationToken) =>
            use.StartAsync(request, context, cancellationToken)).Requires(Capability.TrainingManage);
        routes.MapPost("/v1/training/stop", (StopTrainingRequest request, RequestContext context, Training use, CancellationToken cancellationToken) =>
            use.StopAsync(request, context, cancellationToken)).ForAnyPrincipal();
        routes.MapGet("/v1/training/{tenant}", (string tenant, RequestContext context, Training use, CancellationToken cancellationToken) =>
            use.ReadAsync(tenant, context, cancellationToken)).ForAnyPrincipal();
    }

    internal async Task<TrainingView> StartAsync(StartTrainingRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var minutes = request.Minutes ?? 60;
        Check.That(Rules.IsName(request.Reason), "reason", Rules.NameRule)
            .And(minutes is >= 1 and <= 24 * 60, "minutes", "must be between 1 and 1440").OrThrow();
        OwnTenant(context, request.TenantId);
        var now = clock.GetUtcNow();
        var hold = new TrainingHold(context.Tenant, context.Principal.Id, request.Reason, now, now.AddMinutes(minutes));
        await db.WriteAsync(context.Tenant, async work =>
        {
            var version = await TrainingStore.TryTakeAsync(work, hold) ?? throw IdentityProblems.TrainingRunning.Because("Somebody trains in this tenant already; GET /v1/training/{tenant} says who.");
            await journal.AppendAsync(work, context, "training", version, IdentityEvents.TrainingStarted, new TrainingStarted(hold.Principal, hold.Reason, hold.EndsAt), IdentityJson.Default.TrainingStarted);
            work.OnCommit(() => holds.Took(hold));
        }, cancellationToken);
        return View(context.Tenant, hold);
    }

    internal async Task<TrainingView> StopAsync(StopTrainingRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Reason is null || Rules.IsName(request.Reason), "reason", Rules.NameRule).OrThrow();
        OwnTenant(context, request.TenantId);
        var now = clock.NowMicros();
        var hold = await store.FindAsync(context.Tenant, now, cancellationToken) ?? throw IdentityProblems.TrainingIdle.Because("Nobody trains in this tenant now.");
        if (hold.Principal != context.Principal.Id)
        {
            context.Require(Capability.TenantAdmin);
            if (request.Reason is null) throw Problem.Invalid("reason", "is needed to stop what another holds");
        }
        await db.WriteAsync(context.Tenant, async work =>
        {
            var version = await TrainingStore.TryEndAsync(work, context.Tenant, hold.Principal, now) ?? throw IdentityProblems.TrainingIdle.Because("The training has ended meanwhile.");
            await journal.AppendAsync(work, context, "training", version, IdentityEvents.TrainingStopped, new TrainingStopped(hold.Principal, request.Reason), IdentityJson.Default.TrainingStopped);
            work.OnCommit(() => holds.Ended(context.Tenant));
        }, cancellationToken);
        return View(context.Tenant, null);
    }

    private async Task<TrainingView> ReadAsync(string tenant, RequestContext context, CancellationToken cancellationToken)
    {
        OwnTenant(context, tenant);
        return View(tenant, await store.FindAsync(tenant, clock.NowMicros(), cancellationToken));
    }

    private static void OwnTenant(RequestContext context, string? tenant)
    {
        if (tenant is not null && tenant != context.Tenant) throw PlatformProblems.NotFound.Because("There is no such tenant here.");
    }

    private static TrainingView View(string tenant, TrainingHold? hold) => new(tenant, hold is not null, hold?.Principal, hold?.Reason, hold?.StartedAt, hold?.EndsAt, Blocks);
}
