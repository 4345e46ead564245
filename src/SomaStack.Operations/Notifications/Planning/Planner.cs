using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>What the planner must know of one person at one instant.</summary>
/// <param name="Preferences">His own, else the tenant's, else the product's.</param>
/// <param name="Targets">Where he is reached; for the tenant itself, its endpoints.</param>
/// <param name="SentLastHour">Deliveries by channel that were queued for him within the hour.</param>
/// <param name="GroupJustSent">Channels on which something of the same group was queued for him within <see cref="Planner.GroupWindow"/>.</param>
internal sealed record PersonFacts(
    NotificationPreferences Preferences, IReadOnlyList<Target> Targets, IReadOnlyList<Mute> Mutes, IReadOnlyDictionary<string, long> SentLastHour, IReadOnlyList<string> GroupJustSent);

/// <param name="Scope">group, kind or source.</param>
/// <param name="Until">Null for good.</param>
internal sealed record Mute(string Scope, string Value, DateTimeOffset? Until, DateTimeOffset CreatedAt)
{
    public const string Group = "group";
    public const string Kind = "kind";
    public const string Source = "source";

    public bool Covers(Notification notification, DateTimeOffset now) => (Until is null || Until > now) && Value == Scope switch
    {
        Group => notification.GroupKey,
        Kind => notification.Kind,
        _ => notification.Source,
    };
}

/// <summary>What becomes of a notification on one target.</summary>
internal enum Fate
{
    /// <summary>At once.</summary>
    Now,

    /// <summary>At <see cref="Planned.DueAt"/>.</summary>
    Later,

    /// <summary>In the next daily digest.</summary>
    Digest,

    /// <summary>In the inbox only, because the person, the tenant or the endpoint wants it so.</summary>
    InboxOnly,
}

/// <param name="DueAt">Of <see cref="Fate.Now"/> and <see cref="Fate.Later"/>; else when it was planned.</param>
/// <param name="Reason">One word of the program, for the ledger and the metrics.</param>
internal sealed record Planned(Target Target, Fate Fate, DateTimeOffset DueAt, string Reason);

/// <summary>
/// Decides what becomes of one notification for one person, pure. The inbox holds every notification in any case: this is about what leaves
/// the house. Whatever is wanted there is sent now, later or in the digest, and never dropped.
/// </summary>
internal static class Planner
{
    public static readonly TimeSpan GroupWindow = TimeSpan.FromMinutes(10);

    /// <summary>What a channel that is full waits: then the oldest hour is over.</summary>
    public static readonly TimeSpan CapWait = TimeSpan.FromHours(1);

    /// <summary>Most deliveries to one person within an hour; what is critical and pierces is sent beyond it.</summary>
    public static long CapOf(string channel) => channel switch
    {
        NotificationChannels.Email => 30,
        NotificationChannels.Sms => 6,
        _ => 600,
    };

    public static IReadOnlyList<Planned> Plan(Notification notification, PersonFacts person, DateTimeOffset now) =>
        [.. person.Targets.Select(target => Plan(notification, person, target, now))];

    /// <summary>
    /// The first instant at or after <paramref name="instant"/> at which something so grave may be sent: later attempts are held to the quiet
    /// hours too, and to those that hold then.
    /// </summary>
    public static DateTimeOffset Earliest(string severity, NotificationPreferences preferences, DateTimeOffset instant) =>
        preferences.QuietHours is not { } quiet || (severity == Severities.All[^1] && quiet.CriticalPierces) ? instant : quiet.FirstOutside(instant);

    /// <summary>Whether the person wants to see it in the console at once, as a live event; the list has it in any case.</summary>
    public static bool ShowsLive(Notification notification, NotificationPreferences preferences, IReadOnlyList<Mute> mutes, DateTimeOffset now) =>
        preferences.Channels.FirstOrDefault(static one => one.Channel == NotificationChannels.InApp) is { Enabled: true } channel
        && Reaches(notification.Severity, channel.SeverityThreshold) && !mutes.Any(mute => mute.Covers(notification, now));

    private static Planned Plan(Notification notification, PersonFacts person, Target target, DateTimeOffset now)
    {
        Planned As(Fate fate, string reason, DateTimeOffset? due = null) => new(target, fate, due ?? now, reason);
        if (notification.ExpiresAt <= now || notification.ResolvedAt is not null) return As(Fate.InboxOnly, "over");
        if (person.Mutes.Any(mute => mute.Covers(notification, now))) return As(Fate.InboxOnly, "muted");
        if (Unwanted(notification, person, target) is { } unwanted) return As(Fate.InboxOnly, unwanted);

        var critical = notification.Severity == Severities.All[^1];
        if (critical && Earliest(notification.Severity, person.Preferences, now) == now) return As(Fate.Now, person.Preferences.QuietHours?.Contains(now) == true ? "pierced" : "now");
        var digests = HasDigest(person) && !critical;
        if (digests && target.Channel == NotificationChannels.Email && person.Preferences.Digest?.Below is { } below && !Reaches(notification.Severity, below)) return As(Fate.Digest, "below");
        // Graver ones of a group are each sent: only the chatter is gathered.
        if (digests && person.GroupJustSent.Contains(target.Channel) && !Reaches(notification.Severity, "error")) return As(Fate.Digest, "grouped");
        var full = !critical && person.SentLastHour.GetValueOrDefault(target.Channel) >= CapOf(target.Channel);
        if (full && digests) return As(Fate.Digest, "rate_cap");
        var earliest = full ? now + CapWait : now;
        var due = Earliest(notification.Severity, person.Preferences, earliest);
        return due == now ? As(Fate.Now, "now") : As(Fate.Later, due == earliest ? "rate_cap" : "quiet_hours", due);
    }

    /// <summary>Why this person does not want it there; null when he does.</summary>
    private static string? Unwanted(Notification notification, PersonFacts person, Target target)
    {
        if (person.Preferences.Channels.FirstOrDefault(one => one.Channel == target.Channel) is not { Enabled: true } channel) return "channel_off";
        if (!Reaches(notification.Severity, channel.SeverityThreshold) || !Reaches(notification.Severity, target.SeverityThreshold)) return "below_threshold";
        if (target.Kinds.Count > 0 && !target.Kinds.Contains(notification.Kind)) return "kind_not_wanted";
        return target.Unsubscribed.Contains("*") || target.Unsubscribed.Contains(notification.Kind) ? "unsubscribed" : null;
    }

    /// <summary>A digest goes by e-mail, so it needs an address that still wants one.</summary>
    private static bool HasDigest(PersonFacts person) => person.Targets.Any(static target => target.Channel == NotificationChannels.Email && !target.Unsubscribed.Contains("*"))
        && person.Preferences.Channels.Any(static one => one is { Channel: NotificationChannels.Email, Enabled: true });

    private static bool Reaches(string severity, string threshold) => Severities.Rank(severity) >= Severities.Rank(threshold);
}
