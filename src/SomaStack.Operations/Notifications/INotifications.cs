using SomaStack.Platform;

namespace SomaStack.Operations.Notifications.Contracts;

/// <summary>Tells people what happened.</summary>
public interface INotifications
{
    /// <summary>
    /// Publishes inside the caller's transaction: the notification, whom it reaches, its journal event and the timer that works out its
    /// deliveries stand or fall together. What has the dedupe key of one that is still within its window only raises that one's count.
    /// </summary>
    /// <exception cref="Problem">422 when the draft breaks its limits.</exception>
    Task<PublishedNotification> PublishAsync(DbWork work, RequestContext context, NotificationDraft draft);
}

/// <summary>Who is told. Exactly one of the three is meant.</summary>
/// <param name="Principals">By id; at most 500. Of ids that are nobody's here nothing is said.</param>
/// <param name="Capability">Every active user of the tenant who holds it at this moment; at most 1000.</param>
/// <param name="Everybody">The whole tenant, newcomers too: one row, however many people there are.</param>
public sealed record Audience(IReadOnlyList<string>? Principals = null, string? Capability = null, bool Everybody = false)
{
    /// <summary>With <paramref name="Capability"/>: who is left out, e.g. whoever asked for the approval.</summary>
    public string? Except { get; init; }

    public static readonly Audience Tenant = new(Everybody: true);

    public static Audience Of(params IReadOnlyList<string> principals) => new(principals);

    public static Audience Holders(string capability, string? except = null) => new(Capability: capability) { Except = except };
}

/// <summary>alert, review, success or budget: the tabs and icons that a person sees.</summary>
public static class NotificationKinds
{
    public const string Alert = "alert";
    public const string Review = "review";
    public const string Success = "success";
    public const string Budget = "budget";

    public static readonly IReadOnlyList<string> All = [Alert, Review, Success, Budget];
}

/// <param name="Kind">One of <see cref="NotificationKinds.All"/>.</param>
/// <param name="Severity">info, warning, error or critical.</param>
/// <param name="Title">1 to 200 characters on one line.</param>
/// <param name="Body">At most 4000 characters of plain text; never markup.</param>
public sealed record NotificationDraft(string Kind, string Severity, string Title, string Body, Audience Audience)
{
    /// <summary>Null makes a new one; a derived id makes publishing idempotent.</summary>
    public string? Id { get; init; }

    /// <summary>A path of this server such as <c>/approvals/0199…</c>, or an https address; at most 500 characters.</summary>
    public string? Link { get; init; }

    /// <summary>What belongs together in the list, e.g. <c>capsule/weekly-report</c>; at most 200 characters.</summary>
    public string? GroupKey { get; init; }

    /// <summary>At most 200 characters.</summary>
    public string? DedupeKey { get; init; }

    /// <summary>Counted from the first of its kind.</summary>
    public TimeSpan DedupeWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The event type that it comes of, or <c>api</c>.</summary>
    public string Source { get; init; } = "api";

    /// <summary>What it is about, e.g. <c>approval/0199…</c>: when that is over, <c>ResolveAsync</c> takes away the attention.</summary>
    public string? Subject { get; init; }

    /// <summary>Title, body or metadata hold text that nobody of us wrote: it is shown as text and never acted upon.</summary>
    public bool Untrusted { get; init; }

    /// <summary>At most 32 pairs, keys of at most 64 and values of at most 1000 characters.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>It waits for somebody: it counts as attention until acknowledged or resolved, and is escalated when nobody does.</summary>
    public bool RequiresAck { get; init; }

    /// <summary>From then on it is neither shown as attention nor delivered. Null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The ancestor's channel hint, shown and otherwise not used.</summary>
    public string? Channel { get; init; }
}

/// <param name="Repeated">It was there already and only its count was raised.</param>
public sealed record PublishedNotification(string Id, long Sequence, long Count, bool Repeated);

/// <summary>Event types of the room; on Kafka all of them are on <c>notifications.events</c>.</summary>
public static class NotificationEvents
{
    /// <summary>A new one; subject <c>notification/ID</c>, version 1. Data is a <see cref="NotificationPublished"/>.</summary>
    public const string Published = "somastack.notifications.published.v1";

    /// <summary>The same happened again within the window. Data is a <see cref="NotificationRepeated"/>.</summary>
    public const string Repeated = "somastack.notifications.repeated.v1";

    /// <summary>Somebody took charge. Data is a <see cref="NotificationAcknowledged"/>.</summary>
    public const string Acknowledged = "somastack.notifications.acknowledged.v1";

    /// <summary>What it was about is over. Data is a <see cref="NotificationResolved"/>.</summary>
    public const string Resolved = "somastack.notifications.resolved.v1";

    /// <summary>
    /// Nobody took charge in time: more people hear of it, and for everybody it comes up again under a new sequence, so that feeds show it like
    /// a new one. Data is a <see cref="NotificationEscalated"/>.
    /// </summary>
    public const string Escalated = "somastack.notifications.escalated.v1";

    /// <summary>Somebody's snooze is over; a feed shows it to that person again. Data is a <see cref="NotificationWoken"/>.</summary>
    public const string Woken = "somastack.notifications.woken.v1";
}

/// <summary>Holds no text: whoever shows it reads the row, so that what must be forgotten is in one place.</summary>
/// <param name="Sequence">Of the tenant; commits in its order, see docs/notifications.md.</param>
/// <param name="Everybody">The whole tenant; then <paramref name="Principals"/> is empty.</param>
/// <param name="Principals">Whom it reaches, resolved; at most 1000.</param>
public sealed record NotificationPublished(
    string Id, long Sequence, string Kind, string Severity, string Source, string? Subject, bool Everybody, IReadOnlyList<string> Principals, bool RequiresAck, DateTimeOffset CreatedAt);

public sealed record NotificationRepeated(string Id, long Sequence, long Count);

public sealed record NotificationAcknowledged(string Id, long Sequence, string Principal);

public sealed record NotificationResolved(string Id, long Sequence, string Resolution);

/// <param name="Sequence">The new one.</param>
/// <param name="Step">From 1.</param>
/// <param name="Principals">Who newly hears of it.</param>
public sealed record NotificationEscalated(string Id, long Sequence, long Step, IReadOnlyList<string> Principals);

public sealed record NotificationWoken(string Id, long Sequence, string Principal);
