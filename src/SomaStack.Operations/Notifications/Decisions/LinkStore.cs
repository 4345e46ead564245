using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of the links that lead to a decision.</summary>
internal sealed class LinkStore(Db db)
{
    private const string Approve = "approve";
    private const string Reject = "reject";
    private const string Columns = "tenant, hash, principal, notification, approval, digest, decision, expires_at, used_at";

    /// <param name="links">Of one tenant.</param>
    public Task AddAsync(IReadOnlyList<DecisionLink> links, DateTimeOffset now, CancellationToken cancellationToken) => db.WriteAsync(links[0].Tenant, async work =>
    {
        foreach (var link in links)
            await work.ExecuteAsync($"""
                INSERT INTO notification_links (tenant, hash, principal, notification, approval, digest, decision, created_at, expires_at)
                VALUES ({link.Tenant}, {link.Hash}, {link.Principal}, {link.Notification}, {link.Approval}, {link.Digest}, {(link.Approves ? Approve : Reject)}, {now.ToMicros()},
                    {link.ExpiresAt.ToMicros()})
                """);
    }, cancellationToken);

    /// <summary>Of the tenant of whoever is signed in; another tenant's link is none.</summary>
    public Task<DecisionLink?> FindAsync(string tenant, byte[] hash, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM notification_links WHERE tenant = {tenant} AND hash = {hash}", cancellationToken);

    /// <returns>False when it was used.</returns>
    public static async Task<bool> SpendAsync(DbWork work, DecisionLink link, DateTimeOffset now) => await work.ExecuteAsync($"""
        UPDATE notification_links SET used_at = {now.ToMicros()} WHERE tenant = {link.Tenant} AND hash = {link.Hash} AND used_at IS NULL
        """) == 1;

    private static DecisionLink Map(DbDataReader reader) => new(
        reader.GetString(0), reader.Bytes(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6) == Approve, reader.Instant(7),
        reader.MaybeInstant(8));
}
