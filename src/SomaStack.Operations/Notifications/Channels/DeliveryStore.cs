using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// All SQL of the delivery ledger. A worker holds a row by its lease; the number of the attempt keeps out whoever has lost it meanwhile.
/// </summary>
internal sealed class DeliveryStore(Db db)
{
    /// <summary>How long a delivery is tried: three days, as Standard Webhooks advises.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromDays(3);

    /// <summary>How many of those that are due are looked at when some are taken.</summary>
    private const long Window = 1000;

    private const int ErrorMax = 500;

    /// <summary>
    /// Inside the planner's transaction. The same notification (or digest) for the same person, channel and target is there once, however
    /// often it is planned.
    /// </summary>
    /// <returns>False when it was there.</returns>
    public static async Task<bool> QueueAsync(DbWork work, NewDelivery asked, DateTimeOffset now) => await work.ExecuteAsync($"""
        INSERT INTO notification_deliveries (tenant, id, notification, digest, principal, channel, target, state, attempt, reason, created_at, due_at, give_up_at, lease_until)
        VALUES ({asked.Tenant}, {Ids.New()}, {asked.Notification}, {asked.Digest}, {asked.Principal}, {asked.Channel}, {asked.Target}, {DeliveryStates.Waiting}, 0, {asked.Reason},
            {now.ToMicros()}, {asked.DueAt.ToMicros()}, {(asked.DueAt + GiveUpAfter).ToMicros()}, 0)
        ON CONFLICT (tenant, notification, digest, principal, channel, target) DO NOTHING
        """) == 1;

    /// <summary>
    /// Takes what is due on one channel, of every tenant, oldest first, but of tenants that have nothing running before the others; also what
    /// was left behind by a worker whose lease ran out. Each is taken by one worker, and its attempt stands in the ledger before anything is sent.
    /// </summary>
    /// <param name="ask">What may be taken; none of a busy target or tenant.</param>
    public Task<List<LedgerRow>> ClaimAsync(ClaimAsk ask, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var at = now.ToMicros();
        var due = await work.QueryAsync(LedgerRow.Map, $"""
            SELECT {LedgerRow.Columns:raw} FROM notification_deliveries
            WHERE tenant <> '' AND state IN ('waiting', 'running') AND due_at <= {at} AND lease_until <= {at} AND id IN (
                SELECT p.id FROM (
                    SELECT t.id, t.due_at, t.served, ROW_NUMBER() OVER (PARTITION BY t.tenant ORDER BY t.due_at, t.id) AS in_tenant
                    FROM (
                        SELECT w.tenant, w.id, w.due_at, w.served, ROW_NUMBER() OVER (PARTITION BY w.tenant, w.target ORDER BY w.due_at, w.id) AS in_target
                        FROM (
                            SELECT tenant, id, target, due_at, CASE WHEN tenant IN {ask.ServedTenants:in} THEN 1 ELSE 0 END AS served FROM notification_deliveries
                            WHERE tenant <> '' AND channel = {ask.Channel} AND state IN ('waiting', 'running') AND due_at <= {at} AND lease_until <= {at}
                                AND target NOT IN {ask.BusyTargets:in} AND tenant NOT IN {ask.BusyTenants:in}
                            ORDER BY served, due_at LIMIT {Window}) w) t
                    WHERE t.in_target <= {(long)ask.PerTarget}) p
                WHERE p.in_tenant <= {(long)ask.PerTenant} ORDER BY p.served, p.due_at LIMIT {(long)ask.Limit})
            ORDER BY due_at, id{db.SkipLocked:raw}
            """);
        if (due.Count == 0) return due;
        await work.ExecuteAsync($"""
            UPDATE notification_deliveries SET state = {DeliveryStates.Running}, attempt = attempt + 1, owner = {ask.Owner}, lease_until = {leaseUntil.ToMicros()}
            WHERE tenant <> '' AND id IN {due.ConvertAll(static row => row.Id):in}
            """);
        foreach (var row in due)
        {
            if (row.State == DeliveryStates.Running) await work.ExecuteAsync(
                $"UPDATE notification_attempts SET outcome = 'lost' WHERE tenant = {row.Tenant} AND delivery = {row.Id} AND outcome = 'running'");
            await work.ExecuteAsync($"""
                INSERT INTO notification_attempts (tenant, delivery, attempt, started_at, took, outcome, reason) VALUES ({row.Tenant}, {row.Id}, {row.Attempt + 1}, {at}, 0, 'running', '')
                """);
        }
        return due.ConvertAll(static row => row with { State = DeliveryStates.Running, Attempt = row.Attempt + 1 });
    }, cancellationToken);

    /// <summary>What an earlier life of this worker held is free at once: it cannot come back.</summary>
    public Task<int> AbandonAsync(string owner, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync(
        $"UPDATE notification_deliveries SET lease_until = 0 WHERE tenant <> '' AND state = 'running' AND owner = {owner}"), cancellationToken);

    /// <summary>Writes how an attempt went, and where the delivery stands then.</summary>
    /// <returns>False when the attempt is no longer the current one: then nothing is written.</returns>
    public static async Task<bool> EndAsync(DbWork work, LedgerRow row, AttemptEnd end, DateTimeOffset now)
    {
        var ended = end.State is DeliveryStates.Waiting ? (long?)null : now.ToMicros();
        var error = end.Reason.Length > ErrorMax ? end.Reason[..ErrorMax] : end.Reason;
        var mine = await work.ExecuteAsync($"""
            UPDATE notification_deliveries SET state = {end.State}, due_at = {(end.DueAt ?? row.DueAt).ToMicros()}, owner = NULL, lease_until = 0,
                last_error = {(error.Length == 0 ? null : error)}, ended_at = {ended}
            WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = 'running' AND attempt = {row.Attempt}
            """);
        if (mine == 0) return false;
        await work.ExecuteAsync($"""
            UPDATE notification_attempts SET took = {(long)end.Took.TotalMicroseconds}, outcome = {end.Outcome}, reason = {error}, status = {end.Status}
            WHERE tenant = {row.Tenant} AND delivery = {row.Id} AND attempt = {row.Attempt}
            """);
        return true;
    }

    /// <summary>Puts what was given up or refused back in line, with a new span to be tried in.</summary>
    /// <returns>Null when there is none that can be.</returns>
    public static Task<LedgerRow?> ReplayAsync(DbWork work, string tenant, string id, DateTimeOffset now) => work.FindAsync(LedgerRow.Map, $"""
        UPDATE notification_deliveries SET state = {DeliveryStates.Waiting}, due_at = {now.ToMicros()}, give_up_at = {(now + GiveUpAfter).ToMicros()}, ended_at = NULL
        WHERE tenant = {tenant} AND id = {id} AND state IN ('dead', 'refused') RETURNING {LedgerRow.Columns:raw}
        """);

    /// <summary>The ids of what was given up for a target, oldest first.</summary>
    public Task<List<string>> DeadOfAsync(string tenant, string target, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, static reader => reader.GetString(0), $"""
        SELECT id FROM notification_deliveries WHERE tenant = {tenant} AND state = 'dead' AND target = {target} ORDER BY id LIMIT {(long)limit}
        """, cancellationToken);

    public Task<LedgerRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, LedgerRow.Map, $"SELECT {LedgerRow.Columns:raw} FROM notification_deliveries WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="principal">Only this one's; null for all of the tenant.</param>
    /// <param name="before">An id; null for the newest.</param>
    public Task<List<LedgerRow>> ListAsync(string tenant, string? principal, DeliveryFilter filter, string? before, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, LedgerRow.Map, $"""
            SELECT {LedgerRow.Columns:raw} FROM notification_deliveries
            WHERE tenant = {tenant} AND ({principal is null} OR principal = {principal ?? ""}) AND ({filter.State ?? ""} = '' OR state = {filter.State ?? ""})
                AND ({filter.Channel ?? ""} = '' OR channel = {filter.Channel ?? ""}) AND ({filter.Target ?? ""} = '' OR target = {filter.Target ?? ""})
                AND ({filter.Notification ?? ""} = '' OR notification = {filter.Notification ?? ""}) AND ({before is null} OR id < {before ?? ""})
            ORDER BY id DESC LIMIT {(long)limit}
            """, cancellationToken);

    public Task<List<AttemptRow>> AttemptsAsync(string tenant, string id, CancellationToken cancellationToken) => db.QueryAsync(tenant, AttemptRow.Map, $"""
        SELECT attempt, started_at, took, outcome, reason, status FROM notification_attempts WHERE tenant = {tenant} AND delivery = {id} ORDER BY attempt
        """, cancellationToken);
}

/// <summary>What a worker has room for.</summary>
/// <param name="Owner">Who takes; the same after a restart.</param>
/// <param name="PerTarget">At most so many of one target at once.</param>
/// <param name="BusyTargets">Have as much as they may; never empty: an empty text stands for none. The same for the others.</param>
/// <param name="ServedTenants">Have something running.</param>
internal sealed record ClaimAsk(
    string Channel, string Owner, int Limit, int PerTarget, int PerTenant, IReadOnlyCollection<string> BusyTargets, IReadOnlyCollection<string> BusyTenants, IReadOnlyCollection<string> ServedTenants);

/// <param name="State">Of the delivery then.</param>
/// <param name="DueAt">With waiting: when again.</param>
internal sealed record AttemptEnd(string State, string Outcome, string Reason, long? Status, DateTimeOffset? DueAt, TimeSpan Took);

/// <summary>Each null for any.</summary>
internal sealed record DeliveryFilter(string? State = null, string? Channel = null, string? Target = null, string? Notification = null);

/// <summary>waiting → running → delivered | waiting | refused | dead; cancelled when it was over before it was sent.</summary>
internal static class DeliveryStates
{
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Delivered = "delivered";
    public const string Refused = "refused";
    public const string Dead = "dead";
    public const string Cancelled = "cancelled";

    public static readonly IReadOnlyList<string> All = [Waiting, Running, Delivered, Refused, Dead, Cancelled];
}
