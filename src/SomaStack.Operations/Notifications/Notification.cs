using System.Data.Common;
using System.Text.Json;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>One thing that people are told, as stored.</summary>
/// <param name="Id">UUIDv7, or derived from the event or idempotency key that it comes of.</param>
/// <param name="Sequence">
/// From 1, growing per tenant: the cursor of every list and feed. It is taken under a lock on the tenant's counter that is held until the
/// commit, so numbers become visible in their order; there may be gaps.
/// </param>
/// <param name="Kind">alert, review, success or budget.</param>
/// <param name="Severity">info, warning, error or critical.</param>
/// <param name="Source">The event type that it comes of, or api.</param>
/// <param name="Subject">What it is about, e.g. <c>approval/0199…</c>.</param>
/// <param name="Untrusted">Holds text that nobody of us wrote.</param>
/// <param name="Audience">As it was addressed; who that came to stands in the inbox.</param>
/// <param name="Count">How often it happened within its window; 1 at first.</param>
/// <param name="LastAt">When it last happened.</param>
/// <param name="AcknowledgedAt">When the first person took charge; ends its escalation.</param>
/// <param name="ResolvedAt">When what it is about was over; ends its attention for everybody.</param>
internal sealed record Notification(
    string Tenant, string Id, long Sequence, string Kind, string Severity, string Title, string Body, string? Link, string? Channel, string? GroupKey, string? DedupeKey,
    string Source, string? Subject, bool Untrusted, IReadOnlyDictionary<string, string> Metadata, Audience Audience, bool RequiresAck, string CreatedBy,
    DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, long Count, DateTimeOffset LastAt, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy,
    DateTimeOffset? ResolvedAt, string? Resolution)
{
    /// <summary>Of the table, under the alias <c>n</c>.</summary>
    public const string Columns = """
        n.tenant, n.id, n.sequence, n.kind, n.severity, n.title, n.body, n.link, n.channel, n.group_key, n.dedupe_key, n.source, n.subject, n.untrusted, n.metadata, n.audience,
        n.requires_ack, n.created_by, n.created_at, n.expires_at, n.count, n.last_at, n.acknowledged_at, n.acknowledged_by, n.resolved_at, n.resolution
        """;

    /// <summary>How many columns that is: what a join adds begins here.</summary>
    public const int Width = 26;

    public bool Everybody => Audience.Everybody;

    public static Notification Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.Text(7), reader.Text(8),
        reader.Text(9), reader.Text(10), reader.GetString(11), reader.Text(12), reader.GetBoolean(13),
        JsonSerializer.Deserialize(reader.GetString(14), NotificationsJson.Default.DictionaryStringString)!, JsonSerializer.Deserialize(reader.GetString(15), NotificationsJson.Default.Audience)!,
        reader.GetBoolean(16), reader.GetString(17), reader.Instant(18), reader.MaybeInstant(19), reader.GetInt64(20), reader.Instant(21), reader.MaybeInstant(22), reader.Text(23),
        reader.MaybeInstant(24), reader.Text(25));
}

/// <summary>What one person did with it.</summary>
internal sealed record InboxState(DateTimeOffset? ReadAt, DateTimeOffset? UnreadAt, DateTimeOffset? AcknowledgedAt, DateTimeOffset? SnoozedUntil)
{
    public static readonly InboxState None = new(null, null, null, null);
}

/// <summary>Everything up to <paramref name="Through"/> counts as read since <paramref name="At"/>.</summary>
internal sealed record ReadMark(long Through, DateTimeOffset At)
{
    public static readonly ReadMark None = new(0, DateTimeOffset.UnixEpoch);
}

/// <summary>A notification as one person has it.</summary>
internal sealed record InboxItem(Notification Notification, InboxState State, ReadMark Mark)
{
    public bool Read => State.ReadAt is not null || (Notification.Sequence <= Mark.Through && !(State.UnreadAt > Mark.At));

    public bool Acknowledged => State.AcknowledgedAt is not null;

    public bool Snoozed(DateTimeOffset now) => State.SnoozedUntil > now;

    public bool Expired(DateTimeOffset now) => Notification.ExpiresAt <= now;

    /// <summary>It waits for this person.</summary>
    public bool Attention(DateTimeOffset now) =>
        Notification.RequiresAck && !Acknowledged && Notification.ResolvedAt is null && !Expired(now) && !Snoozed(now);
}
