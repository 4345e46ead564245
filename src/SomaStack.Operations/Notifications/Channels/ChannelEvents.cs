namespace SomaStack.Operations.Notifications.Contracts;

/// <summary>What the ways out say in the journal.</summary>
public static class ChannelEvents
{
    /// <summary>A delivery was given up. Data is a <see cref="DeliveryEnded"/>.</summary>
    public const string Dead = "somastack.notifications.delivery_dead.v1";

    /// <summary>A delivery that had ended is tried again. Data is a <see cref="DeliveryEnded"/>.</summary>
    public const string Replayed = "somastack.notifications.delivery_replayed.v1";

    /// <summary>An address or endpoint was switched off because it is gone. Data is a <see cref="TargetDisabled"/>.</summary>
    public const string TargetDisabled = "somastack.notifications.target_disabled.v1";

    /// <summary>Somebody wants no more by a channel. Data is an <see cref="Unsubscribed"/>.</summary>
    public const string Unsubscribed = "somastack.notifications.unsubscribed.v1";

    /// <summary>He wants it again. Data is an <see cref="Unsubscribed"/>.</summary>
    public const string Resubscribed = "somastack.notifications.resubscribed.v1";

    /// <summary>Subject <c>webhook/ID</c>. Data is a <see cref="WebhookChanged"/>.</summary>
    public const string WebhookChanged = "somastack.notifications.webhook_changed.v1";

    /// <summary>Data is an <see cref="AddressChanged"/>.</summary>
    public const string AddressChanged = "somastack.notifications.address_changed.v1";

    /// <summary>Data is a <see cref="ConnectorChanged"/>.</summary>
    public const string ConnectorChanged = "somastack.notifications.connector_changed.v1";

    /// <summary>Data is a <see cref="TemplateChanged"/>.</summary>
    public const string TemplateChanged = "somastack.notifications.template_changed.v1";
}

/// <param name="Notification">Empty for a digest.</param>
/// <param name="Attempts">How often it was tried.</param>
public sealed record DeliveryEnded(string Id, string Notification, string Principal, string Channel, long Attempts, string Reason);

/// <param name="Target">The id of the endpoint; an address is not named.</param>
public sealed record TargetDisabled(string Principal, string Channel, string? Target, string Reason);

/// <param name="Scope">* or a kind.</param>
/// <param name="By">link or principal.</param>
public sealed record Unsubscribed(string Principal, string Channel, string Scope, string By);

/// <param name="Change">created, updated, rotated, disabled or deleted.</param>
public sealed record WebhookChanged(string Id, string Principal, string Change, string Origin, long Version);

/// <param name="Change">asked, verified or removed. The address is personal and not told.</param>
public sealed record AddressChanged(string Principal, string Channel, string Change);

/// <param name="Change">saved or removed.</param>
public sealed record ConnectorChanged(string Channel, string Change, string? Origin, long Version);

/// <param name="Change">saved or reset.</param>
public sealed record TemplateChanged(string Name, string Change, long Version);
