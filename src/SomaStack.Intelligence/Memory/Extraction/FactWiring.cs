using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What the module calls for facts.</summary>
internal static class FactWiring
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<FactStore>().AddSingleton<ExtractionStore>();
        if (ExtractWithModel.IsConfigured(options) && options.HasRole("worker")) services.AddHostedService<ExtractWithModel>();
    }

    public static void Map(IEndpointRouteBuilder routes) => ReadFacts.Map(routes);

    public static void Handle(Subscriptions subscriptions, IServiceProvider provider)
    {
        var options = provider.GetRequiredService<SomaOptions>();
        if (!ExtractWithModel.IsConfigured(options)) return;
        var clock = provider.GetRequiredService<TimeProvider>();
        subscriptions.On(ExtractWithModel.Consumer, [MemoryEvents.Remembered], (line, work, _) => ExtractWithModel.HearAsync(line, work, options.Model, clock));
    }
}
