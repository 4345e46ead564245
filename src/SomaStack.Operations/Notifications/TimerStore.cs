using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class TimerKinds
{
    /// <summary>Work out the deliveries of a notification, some people at a time.</summary>
    public const string Plan = "plan";

    /// <summary>Nobody acknowledged it yet.</summary>
    public const string Escalate = "escalate";

    /// <summary>Somebody's snooze is over.</summary>
    public const string Wake = "wake";

    /// <summary>Somebody's digest is due.</summary>
    public const string Digest = "digest";
}

/// <summary>Something that is done once at or after its time, by whichever replica takes it.</summary>
/// <param name="Notification">Empty where it is about none.</param>
/// <param name="Principal">Empty where it is about nobody in particular.</param>
/// <param name="AfterPrincipal">How far a plan has come.</param>
/// <param name="Step">How often it was escalated.</param>
internal sealed record TimerRow(string Tenant, string Id, string Kind, string Notification, string Principal, string AfterPrincipal, long Step, DateTimeOffset DueAt)
{
    public const string Columns = "tenant, id, kind, notification, principal, after_principal, step, due_at";

    public static TimerRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetInt64(6), reader.Instant(7));
}

/// <summary>All SQL of the room's timers.</summary>
internal sealed class TimerStore(Db db)
{
    /// <summary>There is one for each kind, notification and person: the first stays.</summary>
    public static Task AddAsync(DbWork work, TimerRow timer) => work.ExecuteAsync($"""
        INSERT INTO notification_timers (tenant, id, kind, notification, principal, after_principal, step, due_at, lease_until)
        VALUES ({timer.Tenant}, {timer.Id}, {timer.Kind}, {timer.Notification}, {timer.Principal}, {timer.AfterPrincipal}, {timer.Step}, {timer.DueAt.ToMicros()}, 0)
        ON CONFLICT (tenant, kind, notification, principal) DO NOTHING
        """);

    /// <summary>Takes what is due of every tenant, oldest first, until the lease ends.</summary>
    public Task<List<TimerRow>> ClaimAsync(string owner, long now, long leaseUntil, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.QueryAsync(TimerRow.Map, $"""
        UPDATE notification_timers SET owner = {owner}, lease_until = {leaseUntil}
        WHERE (tenant, id) IN (
            SELECT t.tenant, t.id FROM notification_timers t WHERE t.due_at <= {now} AND t.lease_until <= {now} ORDER BY t.due_at LIMIT {(long)limit} {db.SkipLocked:raw})
        RETURNING {TimerRow.Columns:raw}
        """), cancellationToken);

    /// <summary>As <see cref="AddAsync"/>, but one that is there begins anew: a second snooze replaces the first.</summary>
    public static Task PutAsync(DbWork work, TimerRow timer) => work.ExecuteAsync($"""
        INSERT INTO notification_timers (tenant, id, kind, notification, principal, after_principal, step, due_at, lease_until)
        VALUES ({timer.Tenant}, {timer.Id}, {timer.Kind}, {timer.Notification}, {timer.Principal}, {timer.AfterPrincipal}, {timer.Step}, {timer.DueAt.ToMicros()}, 0)
        ON CONFLICT (tenant, kind, notification, principal) DO UPDATE SET id = excluded.id, after_principal = excluded.after_principal, step = excluded.step, due_at = excluded.due_at, owner = NULL, lease_until = 0
        """);

    /// <summary>The fence: the caller's transaction counts only while this replica still has the timer. It is gone with it.</summary>
    /// <returns>False when another replica took it, or it was removed.</returns>
    public static async Task<bool> EndAsync(DbWork work, TimerRow timer, string owner) => await work.ExecuteAsync($"""
        DELETE FROM notification_timers WHERE tenant = {timer.Tenant} AND id = {timer.Id} AND owner = {owner}
        """) == 1;

    /// <summary>As <see cref="EndAsync"/>, but it goes on: from another person, at another step or later.</summary>
    public static async Task<bool> GoOnAsync(DbWork work, TimerRow next, string owner) => await work.ExecuteAsync($"""
        UPDATE notification_timers SET after_principal = {next.AfterPrincipal}, step = {next.Step}, due_at = {next.DueAt.ToMicros()}, owner = NULL, lease_until = 0
        WHERE tenant = {next.Tenant} AND id = {next.Id} AND owner = {owner}
        """) == 1;

    /// <summary>After a failure: again later, by whoever comes first.</summary>
    public Task ReleaseAsync(TimerRow timer, string owner, DateTimeOffset again, CancellationToken cancellationToken) => db.WriteAsync(timer.Tenant, work => work.ExecuteAsync($"""
        UPDATE notification_timers SET due_at = {again.ToMicros()}, owner = NULL, lease_until = 0 WHERE tenant = {timer.Tenant} AND id = {timer.Id} AND owner = {owner}
        """), cancellationToken);

    /// <summary>What waited for it is over.</summary>
    public static Task RemoveAsync(DbWork work, string tenant, string kind, string notification) =>
        work.ExecuteAsync($"DELETE FROM notification_timers WHERE tenant = {tenant} AND kind = {kind} AND notification = {notification}");

    public static Task RemoveAsync(DbWork work, string tenant, string kind, string notification, string principal) =>
        work.ExecuteAsync($"DELETE FROM notification_timers WHERE tenant = {tenant} AND kind = {kind} AND notification = {notification} AND principal = {principal}");
}
