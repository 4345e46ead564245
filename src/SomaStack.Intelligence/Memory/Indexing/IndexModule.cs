using Microsoft.Extensions.DependencyInjection;

namespace SomaStack.Intelligence.Memory;

/// <summary>The wiring of what keeps the index abreast of the rows.</summary>
internal static class IndexModule
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IndexStore>().AddSingleton<EmbedLater>();
        services.AddHostedService(static provider => provider.GetRequiredService<EmbedLater>());
    }
}
