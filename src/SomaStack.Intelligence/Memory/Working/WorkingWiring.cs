using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>What the module adds for working memory and retrieval.</summary>
internal static class WorkingWiring
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<WorkingStore>().AddSingleton<WorkingSessions>().AddSingleton<WorkingMemory>().AddSingleton<WorkingRoutes>().AddSingleton<Retrieve>();
        services.AddSingleton<IWorkingMemory>(static provider => provider.GetRequiredService<WorkingMemory>());
    }
}
