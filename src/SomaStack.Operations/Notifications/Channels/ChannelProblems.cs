using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class ChannelProblems
{
    public static readonly ProblemCode DeliveryUnknown = new("delivery_unknown", ProblemKind.NotFound, "There is no such delivery", "List yours with GET /v1/notifications/deliveries.");
    public static readonly ProblemCode NotEnded = new("delivery_not_replayable", ProblemKind.Conflict, "The delivery cannot be tried again", "Only what was given up or refused can; read its state with GET /v1/notifications/deliveries/{id}.");
    public static readonly ProblemCode WebhookUnknown = new("webhook_unknown", ProblemKind.NotFound, "There is no such endpoint", "List yours with GET /v1/webhooks.");
    public static readonly ProblemCode TooManyWebhooks = new("webhook_limit", ProblemKind.Conflict, "There are as many endpoints as there may be", "Delete one that is not used any more.");
    public static readonly ProblemCode ChannelUnknown = new("channel_unknown", ProblemKind.NotFound, "There is no such channel", "Addresses and connectors are for email and sms.");
    public static readonly ProblemCode AddressUnknown = new("address_unknown", ProblemKind.NotFound, "There is no such address", "Add one with PUT /v1/notifications/addresses/{channel}.");
    public static readonly ProblemCode CodeWrong = new("address_code_wrong", ProblemKind.Forbidden, "The code is not the one that was sent", "Type the newest code; after five wrong ones or ten minutes PUT the address again to get another.");
    public static readonly ProblemCode CodeNotSent = new("address_code_not_sent", ProblemKind.Unavailable, "The code could not be sent", "Try again in a moment; an administrator looks after the channel's connector.");
    public static readonly ProblemCode NotConfigured = new("channel_not_configured", ProblemKind.Conflict, "This channel leads nowhere yet", "An administrator saves a connector with PUT /v1/notifications/connectors/{channel}, or the operator sets SOMA_SMTP_URL.");
    public static readonly ProblemCode ConnectorUnknown = new("connector_unknown", ProblemKind.NotFound, "The tenant has no such connector", "Save one with PUT /v1/notifications/connectors/{channel}.");
    public static readonly ProblemCode TemplateUnknown = new("template_unknown", ProblemKind.NotFound, "There is no such template", "List them with GET /v1/notifications/templates.");
    public static readonly ProblemCode TemplateRefused = new("template_refused", ProblemKind.Invalid, "The template cannot be used", "Correct what the detail names; it gives the line and column.");
    public static readonly ProblemCode LinkRefused = new("unsubscribe_link_refused", ProblemKind.Forbidden, "The link is not one of ours", "Use the link of the message as it is, or sign in and change your notification preferences.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        DeliveryUnknown, NotEnded, WebhookUnknown, TooManyWebhooks, ChannelUnknown, AddressUnknown, CodeWrong, CodeNotSent, NotConfigured, ConnectorUnknown, TemplateUnknown, TemplateRefused,
        LinkRefused,
    ];
}
