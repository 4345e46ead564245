using System.Globalization;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>How somebody wants to hear of things.</summary>
public interface INotificationPreferences
{
    /// <summary>The principal's own, else the tenant's, else the defaults; read from the database.</summary>
    Task<NotificationPreferences> OfAsync(string tenant, string principal, CancellationToken cancellationToken);
}

/// <param name="Channels">Each of <see cref="NotificationChannels.All"/> at most once; one that is left out is off.</param>
public sealed record NotificationPreferences(IReadOnlyList<ChannelPreference> Channels, QuietHours? QuietHours = null)
{
    /// <summary>In the console, everything; nowhere else.</summary>
    public static readonly NotificationPreferences Default = new([new ChannelPreference(NotificationChannels.InApp)]);
}

/// <param name="SeverityThreshold">The lowest severity that is sent: info, warning, error or critical.</param>
public sealed record ChannelPreference(string Channel, bool Enabled = true, string SeverityThreshold = "info");

/// <summary>A span of every day in which only what is critical is sent at once; the rest waits.</summary>
/// <param name="Start">As <c>22:00</c>, the first quiet minute.</param>
/// <param name="End">The first minute that is not quiet any more; before <paramref name="Start"/> the span passes midnight.</param>
/// <param name="TimeZone">An IANA name, e.g. <c>Europe/Zurich</c>.</param>
public sealed record QuietHours(string Start, string End, string TimeZone)
{
    /// <summary>By the zone's own rules, so that it stays the same hour on the wall when clocks change.</summary>
    public bool Contains(DateTimeOffset instant)
    {
        var local = TimeOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, TimeZoneInfo.FindSystemTimeZoneById(TimeZone)).DateTime);
        return local.IsBetween(Time(Start)!.Value, Time(End)!.Value);
    }

    internal static TimeOnly? Time(string? text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
}

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
