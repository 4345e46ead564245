using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="OpenedAt">Unix microseconds.</param>
internal sealed record OpenCallRow(string Tenant, string Id, string Provider, string Model, long OpenedAt, string TraceId);

/// <summary>All SQL of the room.</summary>
internal sealed class CallStore(Db db)
{
    public static Task OpenAsync(DbWork work, IReadOnlyList<OpenCallRow> calls, long leaseUntil)
    {
        Sql sql = $"INSERT INTO inference_open_calls (tenant, id, provider, model, opened_at, lease_until, trace_id) VALUES ";
        for (var i = 0; i < calls.Count; i++) sql.AppendRow(i, calls[i].Tenant, calls[i].Id, calls[i].Provider, calls[i].Model, calls[i].OpenedAt, leaseUntil, calls[i].TraceId);
        return work.ExecuteAsync(sql);
    }

    /// <returns>How many were still open: the others had been declared lost.</returns>
    public static Task<int> CloseAsync(DbWork work, string tenant, IReadOnlyCollection<string> ids) =>
        work.ExecuteAsync($"DELETE FROM inference_open_calls WHERE tenant = {tenant} AND id IN {ids:in}");

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
