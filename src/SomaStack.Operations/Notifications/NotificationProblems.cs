using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class NotificationProblems
{
    public static readonly ProblemCode Unknown = new("notification_unknown", ProblemKind.NotFound, "There is no such notification", "List yours with GET /v1/notifications.");
    public static readonly ProblemCode ForeignTenant = new("notification_foreign_tenant", ProblemKind.Forbidden, "Another tenant is named", "Leave tenant_id out, or send your own; a credential acts in its tenant only.");
    public static readonly ProblemCode UndoSpent = new("notification_undo_spent", ProblemKind.Conflict, "That cannot be undone any more", "Mark single notifications as unread with POST /v1/notifications/{id}/unread.");
    public static readonly ProblemCode MutesFull = new("notification_mutes_full", ProblemKind.Conflict, "There are too many mutes", "Remove one with DELETE /v1/notifications/mutes, or raise the severity threshold of a channel.");
    public static readonly ProblemCode LinkSpent = new("notification_link_spent", ProblemKind.Forbidden, "The link is void", "It was used, has expired or is another person's; decide in the console or with POST /v1/approvals/{id}/decision.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, ForeignTenant, UndoSpent, MutesFull, LinkSpent];
}
