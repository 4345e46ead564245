using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The part of the room's wiring that concerns MCP servers as tools.</summary>
internal static class McpKinds
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton(static provider => new StdioCommand(provider.GetRequiredService<SomaOptions>(), provider.GetService<Bubblewrap>()));
        services.AddSingleton<McpServers>().AddSingleton<McpPool>().AddSingleton<ImportMcp>().AddSingleton<IAdapterKind, McpAdapter>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<McpPool>());
    }

    public static void Map(IEndpointRouteBuilder routes) => ImportMcp.Map(routes);
}
