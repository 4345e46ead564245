namespace SomaStack.Operations.Notifications;

/// <summary>What is sent to one target; exactly one of notification and digest is set.</summary>
/// <param name="Id">The same in every attempt.</param>
/// <param name="Principal">Whom it is for; empty for the tenant's own endpoint.</param>
/// <param name="Target">An e-mail address, a telephone number, or the id of a webhook endpoint.</param>
/// <param name="Attempt">From 1.</param>
/// <param name="DueAt">Not before.</param>
internal sealed record Delivery(
    string Tenant, string Id, string Principal, string Channel, string Target, Notification? Notification, Digest? Digest, long Attempt, DateTimeOffset DueAt, DateTimeOffset CreatedAt);

/// <summary>What gathered for one person until the hour of his digest.</summary>
/// <param name="Day">The local date of the person's zone.</param>
/// <param name="Items">By sequence; at most 200, the count of the rest is <paramref name="Left"/>.</param>
internal sealed record Digest(string Tenant, string Id, string Principal, DateOnly Day, IReadOnlyList<Notification> Items, long Left);

/// <summary>What the planner asks for.</summary>
/// <param name="Notification">Its id; empty for a digest.</param>
/// <param name="Digest">Its id; empty for a notification.</param>
/// <param name="Reason">Why now or later: now, quiet_hours, escalation, digest; for the ledger.</param>
internal sealed record NewDelivery(string Tenant, string Notification, string Digest, string Principal, string Channel, string Target, DateTimeOffset DueAt, string Reason);
