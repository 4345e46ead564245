using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>All SQL of what workflows and activities hand each other, kept here under its digest and not in Temporal's store.</summary>
internal sealed class ClaimStore(Db db)
{
    public Task KeepAsync(string tenant, string run, IReadOnlyList<(byte[] Digest, byte[] Data)> claims) => db.WriteAsync(tenant, async work =>
    {
        foreach (var (digest, data) in claims)
            await work.ExecuteAsync($"INSERT INTO run_claims (tenant, run, digest, data) VALUES ({tenant}, {run}, {digest}, {data}) ON CONFLICT (tenant, run, digest) DO NOTHING");
    }, CancellationToken.None);

    public Task<byte[]?> FindAsync(string tenant, string run, byte[] digest) => db.FindAsync(
        tenant, static reader => reader.Bytes(0), $"SELECT data FROM run_claims WHERE tenant = {tenant} AND run = {run} AND digest = {digest}", CancellationToken.None);
}
