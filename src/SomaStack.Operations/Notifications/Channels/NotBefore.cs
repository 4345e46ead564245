using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>Holds every attempt to the quiet hours that its person has now, not to those he had when it was planned.</summary>
internal sealed class NotBefore(NotificationStore notifications, INotificationPreferences preferences)
{
    /// <returns><paramref name="at"/> itself for endpoints of the tenant, and when nothing is quiet then.</returns>
    public async Task<DateTimeOffset> OfAsync(LedgerRow row, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (row.Principal.Length == 0) return at;
        var wanted = await preferences.OfAsync(row.Tenant, row.Principal, cancellationToken);
        if (wanted.QuietHours is null) return at;
        var severity = row.Notification.Length == 0 ? null : (await notifications.FindAsync(row.Tenant, row.Notification, cancellationToken))?.Severity;
        return Planner.Earliest(severity ?? Severities.All[0], wanted, at);
    }
}
