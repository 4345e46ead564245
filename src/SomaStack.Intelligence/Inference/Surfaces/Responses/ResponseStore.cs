using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Whose the answers are that a provider keeps.</summary>
internal sealed class ResponseStore(Db db)
{
    /// <summary>Not cancellable: the provider has the answer whatever its reader does. An id stays with the tenant that came first.</summary>
    public Task AddAsync(string tenant, string id, string provider, long createdAt) => db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        INSERT INTO inference_kept_responses (tenant, id, provider, created_at) VALUES ({tenant}, {id}, {provider}, {createdAt})
        ON CONFLICT (tenant, id) DO NOTHING
        """), CancellationToken.None);

    /// <returns>Null when it is no answer of this tenant.</returns>
    public async Task<string?> ProviderOfAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(tenant, static reader => reader.GetString(0), $"SELECT provider FROM inference_kept_responses WHERE tenant = {tenant} AND id = {id}", cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    public Task RemoveAsync(string tenant, string id) =>
        db.WriteAsync(tenant, work => work.ExecuteAsync($"DELETE FROM inference_kept_responses WHERE tenant = {tenant} AND id = {id}"), CancellationToken.None);
}
