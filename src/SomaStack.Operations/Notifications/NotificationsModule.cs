using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the room; the ways out and the live feed wire themselves in their folders.</summary>
public static class NotificationsModule
{
    public static readonly Room Room = new("Notifications", typeof(NotificationsModule).Assembly)
    {
        Problems = [.. NotificationProblems.All, .. ChannelProblems.All, .. LiveProblems.All],
        Metrics = [.. NotificationMetrics.All, .. ChannelMetrics.All, .. LiveMetrics.All],
        Json = JsonTypeInfoResolver.Combine(NotificationsJson.Default, ChannelsJson.Default, LiveJson.Default),
        Add = static (services, options) =>
        {
            services.AddSingleton<NotificationStore>().AddSingleton<InboxStore>().AddSingleton<TimerStore>();
            services.AddSingleton<LinkStore>().AddSingleton<DecisionLinks>();
            services.AddSingleton<PublishNotification>().AddSingleton<INotifications>(static provider => provider.GetRequiredService<PublishNotification>());
            ChannelsModule.Add(services, options);
            LiveModule.Add(services, options);
        },
        Map = static routes =>
        {
            ChannelsModule.Map(routes);
            LiveModule.Map(routes);
        },
        Handle = static (subscriptions, services) => LiveModule.Handle(subscriptions, services),
    };
}
