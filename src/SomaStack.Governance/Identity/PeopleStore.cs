using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL that finds people to tell something.</summary>
internal sealed class PeopleStore(Db db) : IPeople
{
    public Task<List<string>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => reader.GetString(0),
            $"SELECT id FROM principals WHERE tenant = {tenant} AND kind = 'user' AND active AND id > {after} ORDER BY id LIMIT {(long)limit}", cancellationToken);

    public Task<List<string>> HoldersAsync(DbWork work, string tenant, string capability, int limit) => work.QueryAsync(static reader => reader.GetString(0), $"""
        SELECT id FROM principals WHERE tenant = {tenant} AND kind = 'user' AND active AND capabilities LIKE {"%\"" + capability + "\"%"} ORDER BY id LIMIT {(long)limit}
        """);

    public async Task<List<string>> ActiveAsync(DbWork work, string tenant, IReadOnlyCollection<string> ids) => ids.Count == 0 ? [] : await work.QueryAsync(
        static reader => reader.GetString(0), $"SELECT id FROM principals WHERE tenant = {tenant} AND kind = 'user' AND active AND id IN {ids:in} ORDER BY id");

    public Task<List<string>> TenantsAsync(DbWork work, string? capability)
    {
        var held = capability is null ? "%" : $"%\"{capability}\"%";
        return work.QueryAsync(static reader => reader.GetString(0), $"""
            SELECT t.tenant FROM tenants t WHERE t.active AND EXISTS (
              SELECT 1 FROM principals p WHERE p.tenant = t.tenant AND p.kind = 'user' AND p.active AND p.capabilities LIKE {held})
            ORDER BY t.tenant
            """);
    }
}
