using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>The wiring of the room: how other programs' agents reach ours, over MCP and A2A.</summary>
public static class ProtocolsModule
{
    public static readonly Room Room = new("Protocols", typeof(ProtocolsModule).Assembly)
    {
        Problems = ProtocolProblems.All,
        Json = ProtocolsJson.Default,
        Add = static (services, options) =>
        {
            services.AddSingleton<OriginGuard>().AddSingleton<ResourceMetadata>();
            services.AddSingleton<McpHandles>().AddSingleton<WaitingCallStore>().AddSingleton<RunningCalls>().AddSingleton<McpResults>();
            services.AddSingleton<McpTools>().AddSingleton<McpPrompts>().AddSingleton<McpEndpoint>();
            services.AddSingleton<AgentCards>().AddSingleton<TaskStore>().AddSingleton<A2AEndpoint>();
            services.AddSingleton<A2ATasks>().AddSingleton<IHostedService>(static provider => provider.GetRequiredService<A2ATasks>());
        },
        Map = static routes =>
        {
            McpEndpoint.Map(routes);
            A2AEndpoint.Map(routes);
            ResourceMetadata.Map(routes);
        },
    };
}
