using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Where one person, or the tenant itself, is reached.</summary>
/// <param name="Address">An e-mail address, a telephone number, or the id of a webhook endpoint.</param>
/// <param name="SeverityThreshold">The endpoint's own, beside the preferences'.</param>
/// <param name="Kinds">The endpoint's own; empty for all.</param>
/// <param name="Unsubscribed">Kinds that were unsubscribed from this channel; <c>*</c> is all.</param>
internal sealed record Target(string Channel, string Address, string SeverityThreshold, IReadOnlyList<string> Kinds, IReadOnlyList<string> Unsubscribed);

/// <summary>All SQL that finds targets. What is not verified, was refused for good or is disabled is none.</summary>
internal sealed class TargetStore(Db db)
{
    /// <summary>Those of <paramref name="principals"/> who are reached anywhere outside, by id.</summary>
    public Task<List<string>> ReachedAsync(string tenant, IReadOnlyCollection<string> principals, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => reader.GetString(0), $"""
            SELECT principal FROM notification_addresses WHERE tenant = {tenant} AND principal IN {principals:in} AND verified_at IS NOT NULL AND refused_at IS NULL
            UNION SELECT principal FROM notification_webhooks WHERE tenant = {tenant} AND principal IN {principals:in} AND disabled_at IS NULL
            ORDER BY principal
            """, cancellationToken);

    /// <param name="principal">Empty for the tenant's own endpoints.</param>
    public async Task<List<Target>> OfAsync(string tenant, string principal, CancellationToken cancellationToken)
    {
        var unsubscribed = await db.QueryAsync(tenant, static reader => (Channel: reader.GetString(0), Scope: reader.GetString(1)),
            $"SELECT channel, scope FROM notification_unsubscribes WHERE tenant = {tenant} AND principal = {principal}", cancellationToken);
        string[] From(string channel) => [.. unsubscribed.Where(one => one.Channel == channel).Select(static one => one.Scope)];
        var addresses = await db.QueryAsync(tenant, reader => new Target(reader.GetString(0), reader.GetString(1), Severities.All[0], [], From(reader.GetString(0))), $"""
            SELECT channel, address FROM notification_addresses
            WHERE tenant = {tenant} AND principal = {principal} AND verified_at IS NOT NULL AND refused_at IS NULL ORDER BY channel
            """, cancellationToken);
        var endpoints = await db.QueryAsync(tenant, static reader => new Target(
                NotificationChannels.Webhook, reader.GetString(0), reader.GetString(1), reader.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries), []), $"""
            SELECT id, severity_threshold, kinds FROM notification_webhooks
            WHERE tenant = {tenant} AND principal = {principal} AND disabled_at IS NULL ORDER BY id
            """, cancellationToken);
        return [.. addresses, .. endpoints];
    }
}
