using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the live feed: WebSocket, server-sent events, fan-out between replicas.</summary>
internal static class LiveModule
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
    }

    public static void Handle(Subscriptions subscriptions, IServiceProvider services)
    {
    }
}
