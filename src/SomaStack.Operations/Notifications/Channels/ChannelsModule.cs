using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The wiring of the ways out: e-mail, webhooks, text messages, the worker that sends and its ledger.</summary>
internal static class ChannelsModule
{
    public static void Add(IServiceCollection services, SomaOptions options) => services.AddSingleton<DeliveryStore>().AddSingleton<DeliverySignal>().AddSingleton<TargetStore>();

    public static void Map(IEndpointRouteBuilder routes)
    {
    }
}
