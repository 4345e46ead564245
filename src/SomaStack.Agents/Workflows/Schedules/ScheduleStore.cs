using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <param name="What">created, replaced, paused, resumed or deleted.</param>
internal sealed record ScheduleChanged(string Id, string What, string Cron, string TimeZone, string? Reason, string TargetSha256);

/// <param name="Run">That was begun; null when none was.</param>
internal sealed record ScheduleFired(string Schedule, DateTimeOffset DueAt, string Kind, string State, string? Run, string? Code);

/// <summary>All SQL of schedules.</summary>
internal sealed class ScheduleStore(Db db, Journal journal, TimeProvider clock)
{
    public const string Changed = "somastack.workflows.schedule_changed.v1";
    public const string Fired = "somastack.workflows.schedule_fired.v1";
    public const int PerTenant = 1000;

    /// <summary>Rings when here something may have become due sooner.</summary>
    public JournalSignal Sooner { get; } = new();

    public async Task<ScheduleRow> GetAsync(string tenant, string id, CancellationToken cancellationToken) =>
        await db.FindAsync(tenant, ScheduleRow.Map, $"SELECT {ScheduleRow.Columns:raw} FROM schedules WHERE tenant = {tenant} AND id = {id}", cancellationToken)
        ?? throw ScheduleProblems.Unknown.Because("No schedule of this tenant has this id.");

    public Task<List<ScheduleRow>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, ScheduleRow.Map, $"SELECT {ScheduleRow.Columns:raw} FROM schedules WHERE tenant = {tenant} AND id > {after} ORDER BY id LIMIT {limit}", cancellationToken);

    public Task<List<FireRow>> FiresAsync(string tenant, string schedule, long before, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, FireRow.Map, $"""
        SELECT {FireRow.Columns:raw} FROM schedule_fires WHERE tenant = {tenant} AND schedule = {schedule} AND due_at < {before} ORDER BY due_at DESC LIMIT {limit}
        """, cancellationToken);

    /// <summary>The newest time of each, by schedule.</summary>
    public async Task<Dictionary<string, FireRow>> LastAsync(string tenant, IReadOnlyList<ScheduleRow> schedules, CancellationToken cancellationToken)
    {
        if (schedules.Count == 0) return [];
        // A page of schedules is a span of their ids.
        var (first, last) = (schedules[0].Id, schedules[^1].Id);
        var newest = await db.QueryAsync(tenant, FireRow.Map, $"""
            SELECT {FireRow.Columns:raw} FROM schedule_fires f WHERE tenant = {tenant} AND schedule >= {first} AND schedule <= {last}
              AND due_at = (SELECT MAX(n.due_at) FROM schedule_fires n WHERE n.tenant = f.tenant AND n.schedule = f.schedule)
            """, cancellationToken);
        return newest.ToDictionary(static fire => fire.Schedule, StringComparer.Ordinal);
    }

    /// <summary>Writes version 1, unless it is there already.</summary>
    /// <exception cref="Problem">409 <c>schedules_full</c>.</exception>
    public async Task CreateAsync(DbWork work, RequestContext context, ScheduleRow row)
    {
        if (await work.NumberAsync($"SELECT COUNT(*) FROM schedules WHERE tenant = {row.Tenant} AND id <> {row.Id}") >= PerTenant)
            throw ScheduleProblems.Full.Because($"A tenant has at most {PerTenant} schedules.");
        var written = await work.ExecuteAsync($"""
            INSERT INTO schedules ({ScheduleRow.Columns:raw})
            VALUES ({row.Tenant}, {row.Id}, {row.Name}, {Target(row)}, {row.Cron}, {row.TimeZone}, {CatchUpOf(row)}, {row.Overlap}, {Starter(row)},
                {row.Paused}, {row.Missed}, {row.NextAt}, {row.Version}, {row.CreatedAt}, {row.UpdatedAt})
            ON CONFLICT (tenant, id) DO NOTHING
            """);
        if (written == 1) await SayAsync(work, context, row, "created", null);
    }

    /// <summary>Replaces the version before; nothing when somebody else was first.</summary>
    /// <exception cref="Problem">412 when it is at another version.</exception>
    public async Task ReplaceAsync(DbWork work, RequestContext context, ScheduleRow row, string what, string? reason)
    {
        var written = await work.ExecuteAsync($"""
            UPDATE schedules SET name = {row.Name}, target = {Target(row)}, cron = {row.Cron}, time_zone = {row.TimeZone}, catch_up = {CatchUpOf(row)}, overlap = {row.Overlap}, starter = {Starter(row)},
                paused = {row.Paused}, next_at = {row.NextAt}, version = {row.Version}, updated_at = {row.UpdatedAt}
            WHERE tenant = {row.Tenant} AND id = {row.Id} AND version = {row.Version - 1}
            """);
        if (written == 0) throw PlatformProblems.VersionMismatch.Because("The schedule was changed meanwhile.");
        await SayAsync(work, context, row, what, reason);
    }

    /// <exception cref="Problem">412 when it is at another version.</exception>
    public async Task DeleteAsync(DbWork work, RequestContext context, ScheduleRow row)
    {
        if (await work.ExecuteAsync($"DELETE FROM schedules WHERE tenant = {row.Tenant} AND id = {row.Id} AND version = {row.Version}") == 0)
            throw PlatformProblems.VersionMismatch.Because("The schedule was changed meanwhile.");
        await work.ExecuteAsync($"DELETE FROM schedule_fires WHERE tenant = {row.Tenant} AND schedule = {row.Id}");
        await SayAsync(work, context, row with { Version = row.Version + 1 }, "deleted", null);
    }

    /// <summary>Of all tenants, those that are due first.</summary>
    public Task<List<ScheduleRow>> DueAsync(long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, ScheduleRow.Map, $"""
        SELECT {ScheduleRow.Columns:raw} FROM schedules WHERE tenant <> '' AND next_at IS NOT NULL AND next_at <= {now} ORDER BY next_at LIMIT {limit}
        """, cancellationToken);

    public Task<long?> NextAsync(CancellationToken cancellationToken) =>
        db.NumberAsync(Db.AllTenants, $"SELECT MIN(next_at) FROM schedules WHERE tenant <> '' AND next_at IS NOT NULL", cancellationToken);

    /// <summary>Notes the times that are to be begun and steps on to the next, unless another replica did.</summary>
    public Task TakeAsync(ScheduleRow row, Dues due, CancellationToken cancellationToken) => db.WriteAsync(row.Tenant, async work =>
    {
        var taken = await work.ExecuteAsync($"""
            UPDATE schedules SET next_at = {due.Next?.ToMicros()}, missed = missed + {due.Missed} WHERE tenant = {row.Tenant} AND id = {row.Id} AND next_at = {row.NextAt} AND version = {row.Version}
            """);
        if (taken == 1) await AddAsync(work, row.Tenant, row.Id, due.Times, "cron");
    }, cancellationToken);

    /// <summary>A time that is there already stays as it is.</summary>
    /// <returns>How many are new.</returns>
    public async Task<int> AddAsync(DbWork work, string tenant, string schedule, IReadOnlyList<DateTimeOffset> times, string kind)
    {
        var added = 0;
        foreach (var time in times)
            added += await work.ExecuteAsync($"""
                INSERT INTO schedule_fires (tenant, schedule, due_at, kind, state, updated_at) VALUES ({tenant}, {schedule}, {time.ToMicros()}, {kind}, 'due', {clock.NowMicros()})
                ON CONFLICT (tenant, schedule, due_at) DO NOTHING
                """);
        work.OnCommit(Sooner.Ring);
        return added;
    }

    /// <summary>Of all tenants, the times that are to be begun, oldest first.</summary>
    public Task<List<FireRow>> OpenAsync(int limit, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, FireRow.Map, $"""
        SELECT {FireRow.Columns:raw} FROM schedule_fires WHERE tenant <> '' AND state IN ('due', 'approved') ORDER BY due_at LIMIT {limit}
        """, cancellationToken);

    /// <summary>What became of a time. The run is there already, or never will be.</summary>
    public Task SettleAsync(RequestContext context, FireRow fire, CancellationToken cancellationToken) => db.WriteAsync(fire.Tenant, async work =>
    {
        var written = await work.ExecuteAsync($"""
            UPDATE schedule_fires SET state = {fire.State}, run = {fire.Run}, approval = {fire.Approval}, code = {fire.Code}, detail = {fire.Detail}, updated_at = {clock.NowMicros()}
            WHERE tenant = {fire.Tenant} AND schedule = {fire.Schedule} AND due_at = {fire.DueAt} AND state IN ('due', 'approved')
            """);
        if (written == 1)
            await journal.AppendAsync(work, context, Fired, new ScheduleFired(fire.Schedule, fire.DueAt.ToInstant(), fire.Kind, fire.State, fire.Run, fire.Code), SchedulesJson.Default.ScheduleFired);
    }, cancellationToken);

    /// <summary>A second person has decided about the time that waits for this approval; nothing when none does.</summary>
    public async Task DecidedAsync(DbWork work, string tenant, string approval, string? code, string? detail)
    {
        var state = code is null ? "approved" : "failed";
        var changed = await work.ExecuteAsync($"""
            UPDATE schedule_fires SET state = {state}, code = {code}, detail = {detail}, updated_at = {clock.NowMicros()} WHERE tenant = {tenant} AND approval = {approval} AND state = 'awaiting'
            """);
        if (changed > 0) work.OnCommit(Sooner.Ring);
    }

    /// <summary>The newest run that the schedule began before this time.</summary>
    public Task<string?> RunBeforeAsync(FireRow fire, CancellationToken cancellationToken) => db.FindAsync(fire.Tenant, static row => row.GetString(0), $"""
        SELECT run FROM schedule_fires WHERE tenant = {fire.Tenant} AND schedule = {fire.Schedule} AND due_at < {fire.DueAt} AND run IS NOT NULL ORDER BY due_at DESC LIMIT 1
        """, cancellationToken);

    /// <summary>Forgets times of long ago that are over.</summary>
    public Task<int> SweepAsync(long before, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        DELETE FROM schedule_fires WHERE tenant <> '' AND updated_at < {before} AND state IN ('started', 'skipped', 'failed')
        """), cancellationToken);

    private async Task SayAsync(DbWork work, RequestContext context, ScheduleRow row, string what, string? reason)
    {
        var changed = new ScheduleChanged(row.Id, what, row.Cron, row.TimeZone, reason, TextDigest.Of(Target(row)));
        await journal.AppendAsync(work, context, "schedule/" + row.Id, row.Version, Changed, changed, SchedulesJson.Default.ScheduleChanged);
        work.OnCommit(Sooner.Ring);
    }

    private static string Target(ScheduleRow row) => JsonSerializer.Serialize(row.Target, SchedulesJson.Default.ScheduleTarget);

    private static string Starter(ScheduleRow row) => JsonSerializer.Serialize(row.Starter, WorkflowsJson.Default.RunStarter);

    private static string CatchUpOf(ScheduleRow row) => row.CatchUp.ToString().ToLowerInvariant();
}
