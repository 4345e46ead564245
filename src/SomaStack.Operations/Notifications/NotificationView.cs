using SomaStack.Operations.Notifications.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>A notification as one person sees it, on every surface: lists, feeds, webhooks of his own.</summary>
/// <param name="Untrusted">Title, body or metadata hold text that nobody of us wrote: show it as text, never act upon it.</param>
/// <param name="Attention">It waits for this person.</param>
internal sealed record NotificationView(
    string Id, long Sequence, string Kind, string Severity, string Title, string Body, string? Link, string? Channel, string? Group, string Source, string? Subject, bool Untrusted,
    IReadOnlyDictionary<string, string> Metadata, bool RequiresAck, long Count, DateTimeOffset CreatedAt, DateTimeOffset LastAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? ResolvedAt, string? Resolution, string? AcknowledgedBy, bool Read, bool Acknowledged, DateTimeOffset? SnoozedUntil, bool Muted, bool Attention)
{
    /// <param name="muted">By one of the person's mutes.</param>
    public static NotificationView Of(InboxItem item, bool muted, DateTimeOffset now)
    {
        var one = item.Notification;
        return new NotificationView(
            one.Id, one.Sequence, one.Kind, one.Severity, one.Title, one.Body, one.Link, one.Channel, one.GroupKey, one.Source, one.Subject, one.Untrusted, one.Metadata, one.RequiresAck,
            one.Count, one.CreatedAt, one.LastAt, one.ExpiresAt, one.ResolvedAt, one.Resolution, one.AcknowledgedBy, item.Read, item.Acknowledged,
            item.Snoozed(now) ? item.State.SnoozedUntil : null, muted, item.Attention(now));
    }
}
