using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What the module calls for facts.</summary>
internal static class FactWiring
{
    public static void Add(IServiceCollection services, SomaOptions options) => services.AddSingleton<FactStore>().AddSingleton<ExtractionStore>();

    public static void Map(IEndpointRouteBuilder routes) => ReadFacts.Map(routes);
}
