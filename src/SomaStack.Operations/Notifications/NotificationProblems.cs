using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class NotificationProblems
{
    public static readonly ProblemCode Unknown = new("notification_unknown", ProblemKind.NotFound, "There is no such notification", "List yours with GET /v1/notifications.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown];
}
