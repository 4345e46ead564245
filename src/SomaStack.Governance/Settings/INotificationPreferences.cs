namespace SomaStack.Governance.Settings.Contracts;

/// <summary>How somebody wants to hear of things.</summary>
public interface INotificationPreferences
{
    /// <summary>The principal's own, else the tenant's, else the defaults; read from the database.</summary>
    Task<NotificationPreferences> OfAsync(string tenant, string principal, CancellationToken cancellationToken);
}

/// <param name="Channels">Each of <see cref="NotificationChannels.All"/> at most once; one that is left out is off.</param>
/// <param name="Digest">When the daily digest comes, and what is in it only; without it at 08:00 in the zone of the quiet hours, or UTC.</param>
public sealed record NotificationPreferences(IReadOnlyList<ChannelPreference> Channels, QuietHours? QuietHours = null, DigestPreference? Digest = null)
{
    /// <summary>In the console, everything; nowhere else.</summary>
    public static readonly NotificationPreferences Default = new([new ChannelPreference(NotificationChannels.InApp)]);
}

/// <param name="SeverityThreshold">The lowest severity that is sent: info, warning, error or critical.</param>
public sealed record ChannelPreference(string Channel, bool Enabled = true, string SeverityThreshold = "info");

public static class NotificationChannels
{
    public const string InApp = "in_app";
    public const string Email = "email";
    public const string Sms = "sms";
    public const string Webhook = "webhook";

    public static readonly IReadOnlyList<string> All = [InApp, Email, Sms, Webhook];
}

/// <summary>From least to most.</summary>
public static class Severities
{
    public static readonly IReadOnlyList<string> All = ["info", "warning", "error", "critical"];

    /// <summary>Higher is graver; −1 when it is none.</summary>
    public static int Rank(string severity) => All.ToList().IndexOf(severity);
}
