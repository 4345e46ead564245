using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the room; the ways out and the live feed wire themselves in their folders.</summary>
public static class NotificationsModule
{
    /// <summary>Never renamed: the consumer's place hangs on it.</summary>
    internal const string Consumer = "notifications.events";

    public static readonly Room Room = new("Notifications", typeof(NotificationsModule).Assembly)
    {
        Problems = [.. NotificationProblems.All, .. ChannelProblems.All, .. LiveProblems.All],
        Metrics = [.. NotificationMetrics.All, .. ChannelMetrics.All, .. LiveMetrics.All],
        Json = JsonTypeInfoResolver.Combine(NotificationsJson.Default, ChannelsJson.Default, LiveJson.Default),
        Add = static (services, options) =>
        {
            services.AddSingleton<NotificationStore>().AddSingleton<InboxStore>().AddSingleton<InboxReader>().AddSingleton<TimerStore>();
            services.AddSingleton<SendNotification>().AddSingleton<ListNotifications>().AddSingleton<MarkNotification>().AddSingleton<ReadAllNotifications>().AddSingleton<MuteNotifications>();
            services.AddSingleton<LinkStore>().AddSingleton<DecisionLinks>().AddSingleton<DecidePage>();
            services.AddSingleton<PublishNotification>().AddSingleton<INotifications>(static provider => provider.GetRequiredService<PublishNotification>());
            services.AddSingleton<DigestStore>().AddSingleton<DeliveryHistory>().AddSingleton<TimerSignal>();
            services.AddSingleton<PlanDeliveries>().AddSingleton<Escalate>().AddSingleton<WakeSnoozed>().AddSingleton<AssembleDigest>().AddSingleton<RunTimers>();
            services.AddSingleton<RoomEvents>().AddSingleton<ForeignNotifications>().AddSingleton<RetentionStore>().AddSingleton<PurgeNotifications>();
            if (options.HasRole("worker"))
                services.AddHostedService(static provider => provider.GetRequiredService<RunTimers>()).AddHostedService(static provider => provider.GetRequiredService<PurgeNotifications>());
            ChannelsModule.Add(services, options);
            LiveModule.Add(services, options);
        },
        Map = static routes =>
        {
            SendNotification.Map(routes);
            ListNotifications.Map(routes);
            MarkNotification.Map(routes);
            ReadAllNotifications.Map(routes);
            MuteNotifications.Map(routes);
            DecidePage.Map(routes);
            ChannelsModule.Map(routes);
            LiveModule.Map(routes);
        },
        Handle = static (subscriptions, services) =>
        {
            var (rooms, foreign, signal) = (services.GetRequiredService<RoomEvents>(), services.GetRequiredService<ForeignNotifications>(), services.GetRequiredService<TimerSignal>());
            subscriptions.On(RoomEvents.Consumer, EventRules.Types, (line, work, _) => rooms.TakeAsync(line, work));
            // Its own events only wake the worker of another replica; what it then does stands in its rows.
            subscriptions.On(Consumer, [NotificationEvents.Published], (_, work, _) =>
            {
                work.OnCommit(signal.Ring);
                return Task.CompletedTask;
            }, foreign.TakeAsync);
            LiveModule.Handle(subscriptions, services);
        },
    };
}
