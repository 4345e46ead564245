using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>All SQL of tool calls.</summary>
internal sealed class CallStore(Db db)
{
    private const string Columns =
        "tenant, id, call_key, adapter, action, version, manifest_digest, request_digest, arguments, principal, state, repeatable, owner, lease_until, events, created_at, "
        + "session, run, approval, reservation, code, text, structured, taints, cost_nanos, currency, took_micros, ended_at";

    public Task<CallRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM tool_calls WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public Task<CallRow?> ByKeyAsync(string tenant, string key, CancellationToken cancellationToken) => db.FindAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM tool_calls WHERE tenant = {tenant} AND call_key = {key}", cancellationToken);

    /// <summary>The call that waits for this approval, of the principal that asked.</summary>
    public Task<CallRow?> ByApprovalAsync(string tenant, string principal, string approval, CancellationToken cancellationToken) => db.FindAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM tool_calls WHERE tenant = {tenant} AND approval = {approval} AND principal = {principal}", cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="principal">Null for everybody's.</param>
    public Task<List<CallRow>> ListAsync(string tenant, string adapter, string? principal, string? before, int limit, CancellationToken cancellationToken)
    {
        var end = before ?? "~";
        return principal is null
            ? db.QueryAsync(tenant, Map, $"SELECT {Columns:raw} FROM tool_calls WHERE tenant = {tenant} AND adapter = {adapter} AND id < {end} ORDER BY id DESC LIMIT {limit}", cancellationToken)
            : db.QueryAsync(tenant, Map, $"""
                SELECT {Columns:raw} FROM tool_calls WHERE tenant = {tenant} AND adapter = {adapter} AND principal = {principal} AND id < {end} ORDER BY id DESC LIMIT {limit}
                """, cancellationToken);
    }

    public static Task InsertAsync(DbWork work, CallRow row) => work.ExecuteAsync($"""
        INSERT INTO tool_calls (tenant, id, call_key, adapter, action, version, manifest_digest, request_digest, arguments, principal, state, repeatable, owner, lease_until, events, created_at,
            session, run, approval, reservation, text, taints, currency)
        VALUES ({row.Tenant}, {row.Id}, {row.Key}, {row.Adapter}, {row.Action}, {row.Version}, {row.ManifestDigest}, {row.RequestDigest}, {row.Arguments}, {row.Principal}, {row.State},
            {row.Repeatable}, {row.Owner}, {row.LeaseUntil}, {row.Events}, {row.CreatedAt.ToMicros()}, {row.Session}, {row.Run}, {row.Approval}, {row.Reservation}, {""}, {"[]"}, {row.Currency})
        """);

    /// <summary>Takes a call that waits, or one that its owner left behind.</summary>
    /// <param name="before">As it was read; whoever changed it since has won.</param>
    public static async Task<bool> TakeAsync(DbWork work, CallRow row, CallRow before) => await work.ExecuteAsync($"""
        UPDATE tool_calls SET state = {CallRow.Open}, version = {row.Version}, manifest_digest = {row.ManifestDigest}, arguments = {row.Arguments}, repeatable = {row.Repeatable}, owner = {row.Owner},
            lease_until = {row.LeaseUntil}, events = {row.Events}, approval = {row.Approval}, reservation = {row.Reservation}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = {before.State} AND owner = {before.Owner} AND lease_until = {before.LeaseUntil}
        """) == 1;

    /// <returns>False when its owner is another one by now; then nothing is written.</returns>
    public static async Task<bool> EndAsync(DbWork work, CallRow row) => await work.ExecuteAsync($"""
        UPDATE tool_calls SET state = {row.State}, code = {row.Code}, text = {row.Text}, structured = {row.Structured}, taints = {Write(row.Taints)}, cost_nanos = {row.CostNanos},
            took_micros = {row.TookMicros}, events = {row.Events}, ended_at = {row.EndedAt!.Value.ToMicros()}, lease_until = {0L}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = {CallRow.Open} AND owner = {row.Owner}
        """) == 1;

    /// <summary>Calls of all tenants whose owner is gone and which may not be repeated by themselves, or which nobody came back for.</summary>
    /// <param name="repeatableBefore">Repeatable ones only when their lease ended before this.</param>
    public Task<List<CallRow>> AbandonedAsync(long leasesBefore, long repeatableBefore, int limit, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, Map, $"""
        SELECT {Columns:raw} FROM tool_calls WHERE state = {CallRow.Open} AND lease_until < {leasesBefore} AND (repeatable = {false} OR lease_until < {repeatableBefore}) AND tenant <> {""}
        ORDER BY lease_until LIMIT {limit}
        """, cancellationToken);

    /// <summary>The one process of this database has just started: what is open has no owner any more.</summary>
    public Task OrphanAsync(long expired, CancellationToken cancellationToken) => db.WriteAsync(
        Db.AllTenants, work => work.ExecuteAsync($"UPDATE tool_calls SET lease_until = {expired} WHERE state = {CallRow.Open} AND tenant <> {""}"), cancellationToken);

    public Task<int> DeleteAsync(long before, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        DELETE FROM tool_calls WHERE (tenant, id) IN (SELECT tenant, id FROM tool_calls WHERE created_at < {before} AND state <> {CallRow.Open} ORDER BY created_at LIMIT {limit})
        """), cancellationToken);

    private static string Write(IReadOnlyList<string> texts) => JsonSerializer.Serialize(texts, ToolsJson.Default.IReadOnlyListString);

    private static CallRow Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7), row.GetString(8), row.GetString(9), row.GetString(10),
        row.GetBoolean(11), row.GetString(12), row.GetInt64(13), row.GetInt64(14), row.Instant(15))
    {
        Session = row.Text(16), Run = row.Text(17), Approval = row.Text(18), Reservation = row.Text(19), Code = row.Text(20), Text = row.GetString(21), Structured = row.Text(22),
        Taints = JsonSerializer.Deserialize(row.GetString(23), ToolsJson.Default.IReadOnlyListString)!, CostNanos = row.Number(24), Currency = row.GetString(25), TookMicros = row.Number(26),
        EndedAt = row.MaybeInstant(27),
    };
}
