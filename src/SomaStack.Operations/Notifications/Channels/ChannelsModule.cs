using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the ways out: e-mail, webhooks, text messages, the worker that sends and its ledger.</summary>
internal static class ChannelsModule
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<DeliveryStore>().AddSingleton<DeliverySignal>().AddSingleton<TargetStore>().AddSingleton<OutgoingOrigins>().AddSingleton<Attempted>();
        services.AddSingleton<NotBefore>().AddSingleton<SendDelivery>().AddSingleton<EndAttempt>().AddSingleton<ReadDeliveries>().AddSingleton<ReplayDelivery>();
        services.AddSingleton<WebhookStore>().AddSingleton<WebhookChannel>().AddSingleton<ManageWebhooks>().AddSingleton<TestWebhook>();
        services.AddSingleton<ConnectorStore>().AddSingleton<Connectors>().AddSingleton<ManageConnectors>();
        services.AddSingleton<TemplateStore>().AddSingleton<EmailTemplates>().AddSingleton<ManageTemplates>();
        services.AddSingleton<AddressStore>().AddSingleton<ManageAddresses>().AddSingleton<UnsubscribeStore>().AddSingleton<UnsubscribeLinks>().AddSingleton<Unsubscribe>();
        services.AddSingleton<SmtpConnections>().AddSingleton<SmtpSender>().AddSingleton<EmailChannel>().AddSingleton<SmsChannel>();
        services.AddSingleton<IDeliveryChannel>(static provider => provider.GetRequiredService<WebhookChannel>());
        services.AddSingleton<IDeliveryChannel>(static provider => provider.GetRequiredService<EmailChannel>());
        services.AddSingleton<IDeliveryChannel>(static provider => provider.GetRequiredService<SmsChannel>());
        if (options.HasRole("worker")) services.AddHostedService<DeliveryWorker>();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        ReadDeliveries.Map(routes);
        ReplayDelivery.Map(routes);
        ManageWebhooks.Map(routes);
        TestWebhook.Map(routes);
        ManageConnectors.Map(routes);
        ManageTemplates.Map(routes);
        ManageAddresses.Map(routes);
        Unsubscribe.Map(routes);
    }
}
