using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="OpenedAt">Unix microseconds.</param>
internal sealed record OpenCallRow(string Tenant, string Id, string Provider, string Model, long OpenedAt, string TraceId);

/// <summary>All SQL of the room.</summary>
internal sealed class CallStore(Db db)
{
    public static Task OpenAsync(DbWork work, OpenCallRow call, long leaseUntil) => work.ExecuteAsync($"""
        INSERT INTO inference_open_calls (tenant, id, provider, model, opened_at, lease_until, trace_id)
        VALUES ({call.Tenant}, {call.Id}, {call.Provider}, {call.Model}, {call.OpenedAt}, {leaseUntil}, {call.TraceId})
        """);

    /// <returns>False when the call had been declared lost.</returns>
    public static async Task<bool> CloseAsync(DbWork work, string tenant, string id) =>
        await work.ExecuteAsync($"DELETE FROM inference_open_calls WHERE tenant = {tenant} AND id = {id}") == 1;

    /// <summary>Closes it only if its lease is still run out, so that two replicas do not both declare it lost.</summary>
    public static async Task<bool> CloseLostAsync(DbWork work, string tenant, string id, long now) =>
        await work.ExecuteAsync($"DELETE FROM inference_open_calls WHERE tenant = {tenant} AND id = {id} AND lease_until < {now}") == 1;

    public static Task RenewAsync(DbWork work, string tenant, IReadOnlyCollection<string> ids, long leaseUntil) =>
        work.ExecuteAsync($"UPDATE inference_open_calls SET lease_until = {leaseUntil} WHERE tenant = {tenant} AND id IN {ids:in}");

    /// <summary>Calls of every tenant whose owner has stopped renewing them; at most 200 at once.</summary>
    public Task<List<OpenCallRow>> ExpiredAsync(long now, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants,
        static reader => new OpenCallRow(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4), reader.GetString(5)),
        $"SELECT tenant, id, provider, model, opened_at, trace_id FROM inference_open_calls WHERE lease_until < {now} ORDER BY lease_until, tenant, id LIMIT 200",
        cancellationToken);
}
