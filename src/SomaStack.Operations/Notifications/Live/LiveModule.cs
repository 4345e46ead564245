using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the live feed: WebSocket, server-sent events, fan-out between replicas.</summary>
internal static class LiveModule
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<LiveStore>().AddSingleton<Recounts>().AddSingleton<LiveFeeds>().AddSingleton<LiveHints>();
        services.AddSingleton<CountsOf>(static provider => (tenant, principal, cancellationToken) =>
            provider.GetRequiredService<InboxReader>().CountsAsync(tenant, principal, provider.GetRequiredService<TimeProvider>().NowMicros(), cancellationToken));
        services.AddSingleton<FollowNotifications>().AddSingleton<NotificationSocket>().AddSingleton<NotificationStream>();
        if (!options.IsOnlyBrain) services.AddHostedService(static provider => provider.GetRequiredService<LiveHints>()).AddHostedService<LiveRounds>();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        NotificationSocket.Map(routes);
        NotificationStream.Map(routes);
    }

    public static void Handle(Subscriptions subscriptions, IServiceProvider services)
    {
    }
}
