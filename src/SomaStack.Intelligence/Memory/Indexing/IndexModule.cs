using Microsoft.Extensions.DependencyInjection;

namespace SomaStack.Intelligence.Memory;

/// <summary>The wiring of what keeps the index abreast of the rows.</summary>
internal static class IndexModule
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IndexStore>().AddSingleton<Snapshots>().AddSingleton<EmbedLater>().AddSingleton<CompareIndex>();
        // Hosted services stop in reverse order: the files are written last.
        services.AddHostedService<KeepSnapshots>();
        services.AddHostedService(static provider => provider.GetRequiredService<EmbedLater>());
        services.AddHostedService(static provider => provider.GetRequiredService<CompareIndex>());
    }
}
