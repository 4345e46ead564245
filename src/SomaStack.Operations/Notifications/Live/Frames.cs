namespace SomaStack.Operations.Notifications;

/// <param name="Cursor">Where the feed begins: what was asked for, or the place before the history that follows.</param>
/// <param name="HeartbeatSeconds">Nothing for twice as long: the connection is dead.</param>
/// <param name="ExpiresAt">When the credential ends; null for never.</param>
internal sealed record LiveHello(string Tenant, string Principal, long Cursor, InboxCounts Counts, int HeartbeatSeconds, DateTimeOffset? ExpiresAt);

/// <summary>A notification as it is when it is told; what the person muted he knows himself.</summary>
internal sealed record LiveNotification(
    string Id, long Sequence, string Kind, string Severity, string Title, string Body, string? Link, string? Channel, string? Group, string Source, string? Subject, bool Untrusted,
    IReadOnlyDictionary<string, string> Metadata, bool RequiresAck, long Count, DateTimeOffset CreatedAt, DateTimeOffset LastAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? ResolvedAt, string? Resolution, string? AcknowledgedBy, bool Read, bool Acknowledged, DateTimeOffset? SnoozedUntil, bool Attention)
{
    public static LiveNotification Of(InboxItem item, DateTimeOffset now)
    {
        var one = item.Notification;
        return new LiveNotification(
            one.Id, one.Sequence, one.Kind, one.Severity, one.Title, one.Body, one.Link, one.Channel, one.GroupKey, one.Source, one.Subject, one.Untrusted, one.Metadata, one.RequiresAck,
            one.Count, one.CreatedAt, one.LastAt, one.ExpiresAt, one.ResolvedAt, one.Resolution, one.AcknowledgedBy, item.Read, item.Acknowledged,
            item.Snoozed(now) ? item.State.SnoozedUntil : null, item.Attention(now));
    }
}

/// <summary>The state of one that is known already. What only one person did is null where it concerns everybody.</summary>
internal sealed record LiveUpdate(
    string Id, long Sequence, long Count, DateTimeOffset LastAt, DateTimeOffset? ResolvedAt, string? Resolution, string? AcknowledgedBy,
    bool? Read, bool? Acknowledged, DateTimeOffset? SnoozedUntil, bool? Attention);

internal sealed record LiveTokenTaken(DateTimeOffset? ExpiresAt);

internal sealed record LiveError(string Code, string Detail);

/// <param name="Code">As a WebSocket's status code.</param>
/// <param name="Cursor">Where to resume.</param>
internal sealed record LiveClose(int Code, string Reason, long Cursor);

internal sealed record LiveEmpty;

/// <summary>What goes to followers, of which reads the documentation.</summary>
internal static class Frames
{
    public const string Notification = "notification";
    public const string Update = "update";
    public const string Counts = "counts";

    /// <summary>The beginning of a feed; its cursor says that everything before is somebody else's matter.</summary>
    public static Frame Hello(LiveHello hello) => Frame.Of("hello", 0, hello.Cursor, hello, LiveJson.Default.LiveHello);

    /// <summary>As the person has it.</summary>
    public static Frame Known(InboxItem item, DateTimeOffset now) =>
        Frame.Of(Notification, item.Notification.Sequence, item.Notification.Sequence, LiveNotification.Of(item, now), LiveJson.Default.LiveNotification);

    /// <summary>As everybody has it at first.</summary>
    public static Frame New(Notification one, DateTimeOffset now) => Known(new InboxItem(one, InboxState.None, ReadMark.None), now);

    public static Frame Changed(Notification one) => Of(new LiveUpdate(
        one.Id, one.Sequence, one.Count, one.LastAt, one.ResolvedAt, one.Resolution, one.AcknowledgedBy, null, null, null, null));

    public static Frame Changed(InboxItem item, DateTimeOffset now)
    {
        var one = item.Notification;
        return Of(new LiveUpdate(
            one.Id, one.Sequence, one.Count, one.LastAt, one.ResolvedAt, one.Resolution, one.AcknowledgedBy, item.Read, item.Acknowledged,
            item.Snoozed(now) ? item.State.SnoozedUntil : null, item.Attention(now)));
    }

    /// <summary>More than one changed: whoever shows a list reads it again.</summary>
    public static readonly Frame ChangedMany = Frame.Of("reload", 0, null, new LiveEmpty(), LiveJson.Default.LiveEmpty);

    public static Frame CountsOf(InboxCounts counts) => Frame.Of(Counts, 0, null, counts, LiveJson.Default.InboxCounts);

    public static Frame Heartbeat(long cursor) => Frame.Of(Frame.Heartbeat, 0, cursor, new LiveEmpty(), LiveJson.Default.LiveEmpty);

    public static Frame Token(DateTimeOffset? expiresAt) => Frame.Of("token", 0, null, new LiveTokenTaken(expiresAt), LiveJson.Default.LiveTokenTaken);

    public static Frame Error(string code, string detail) => Frame.Of("error", 0, null, new LiveError(code, detail), LiveJson.Default.LiveError);

    public static Frame Close(int code, string reason, long cursor) => Frame.Of("close", 0, null, new LiveClose(code, reason, cursor), LiveJson.Default.LiveClose);

    private static Frame Of(LiveUpdate update) => Frame.Of(Update, 0, null, update, LiveJson.Default.LiveUpdate);
}
