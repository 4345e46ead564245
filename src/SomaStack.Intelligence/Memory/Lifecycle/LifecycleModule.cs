using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The wiring of what becomes of a memory after it was written, and of the links between memories.</summary>
internal static class LifecycleModule
{
    public static readonly IReadOnlyList<ProblemCode> Problems = [.. LifecycleProblems.All, .. LinkProblems.All];

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<WriteGate>().AddSingleton<LinkWriter>().AddSingleton<MemoryErasure>().AddSingleton<ChangeMemory>().AddSingleton<HoldMemory>();
        services.AddSingleton<Forget>().AddSingleton<ErasureProof>().AddSingleton<LinkMemories>().AddSingleton<Graph>();
        services.AddSingleton<MemoryWriter>().AddSingleton<ImportMemories>();
        services.AddHostedService<Expire>();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        ChangeMemory.Map(routes);
        History.Map(routes);
        HoldMemory.Map(routes);
        Forget.Map(routes);
        ErasureProof.Map(routes);
        ExportMemories.Map(routes);
        ImportMemories.Map(routes);
        LinkMemories.Map(routes);
        Neighbours.Map(routes);
        Paths.Map(routes);
    }
}
