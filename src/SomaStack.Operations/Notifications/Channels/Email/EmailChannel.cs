using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Operations.Notifications;

/// <summary>Sends notifications and digests by e-mail.</summary>
internal sealed class EmailChannel(
    Connectors connectors, AddressStore addresses, UnsubscribeStore unsubscribes, UnsubscribeLinks links, DecisionLinks decisions, EmailTemplates templates, SmtpSender sender,
    TimeProvider clock) : IDeliveryChannel
{
    /// <summary>What is left by the link of a digest.</summary>
    public const string DigestScope = "digest";

    public string Name => NotificationChannels.Email;

    public async Task<DeliveryOutcome> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var scope = delivery.Notification?.Kind ?? DigestScope;
        if (await addresses.WhyNotAsync(delivery, cancellationToken) is { } gone) return DeliveryOutcome.Refused(gone);
        if (await unsubscribes.HasAsync(delivery.Tenant, delivery.Principal, Name, scope, cancellationToken)) return DeliveryOutcome.Refused("It was unsubscribed from meanwhile.");
        if (await connectors.EmailAsync(delivery.Tenant, cancellationToken) is not { } route) return DeliveryOutcome.Retry("No mail server is set up.");

        var unsubscribe = links.Of(new UnsubscribeToken(delivery.Tenant, delivery.Principal, Name, scope));
        var content = await ContentAsync(delivery, unsubscribe, cancellationToken);
        return await sender.SendAsync(route, EmailMessage.Of(delivery.Id, route.From, delivery.Target, content, unsubscribe, clock.GetUtcNow()), cancellationToken);
    }

    private async Task<EmailContent> ContentAsync(Delivery delivery, string unsubscribe, CancellationToken cancellationToken)
    {
        if (delivery.Notification is not { } one)
            return await templates.RenderAsync(delivery.Tenant, EmailTemplates.DigestName, TemplateValues.Of(delivery.Digest!, templates.Link, unsubscribe), cancellationToken);
        var decision = await decisions.ForAsync(one, delivery.Principal, cancellationToken);
        return await templates.RenderAsync(delivery.Tenant, EmailTemplates.NotificationName, TemplateValues.Of(one, decision, templates.Link, unsubscribe), cancellationToken);
    }
}
