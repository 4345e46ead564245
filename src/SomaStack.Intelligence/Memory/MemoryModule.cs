using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The wiring of the room.</summary>
public static class MemoryModule
{
    /// <summary>Every route is there under the short names of older clients and under /v1.</summary>
    internal static readonly string[] Prefixes = ["", "/v1"];

    public static readonly Room Room = new("Memory", typeof(MemoryModule).Assembly)
    {
        Problems = [.. MemoryProblems.All, .. LifecycleModule.Problems, .. GatewayProblems.All, .. WorkingProblems.All],
        Metrics = [.. MemoryMetrics.All, .. LifecycleMetrics.All, .. GatewayMetrics.All, .. FactsMetrics.All, .. WorkingMetrics.All, .. IndexMetrics.All],
        Json = JsonTypeInfoResolver.Combine(MemoryJson.Default, LifecycleJson.Default, GatewayJson.Default, FactsJson.Default, WorkingJson.Default, PackingJson.Default, IndexJson.Default),
        Add = static (services, options) =>
        {
            services.AddSingleton<MemoryStore>().AddSingleton<Shelves>().AddSingleton<Memories>().AddSingleton<Remember>();
            LifecycleModule.Add(services);
            IndexModule.Add(services);
            services.AddHostedService<LinkVectors>();
            services.AddSingleton<IMemory>(static provider => provider.GetRequiredService<Memories>());
            services.AddSingleton<IEvidenceSource, EvidenceFromMemory>();
            WorkingWiring.Add(services);
            Gateway.Add(services, options);
            FactWiring.Add(services, options);
        },
        Handle = FactWiring.Handle,
        ServedByBrain = true,
        Map = static edge =>
        {
            var routes = Forward.Wrap(edge);
            Remember.Map(routes);
            Recall.Map(routes);
            ReadMemory.Map(routes);
            LifecycleModule.Map(routes);
            IndexRoutes.Map(routes);
            WorkingRoutes.Map(routes);
            Retrieve.Map(routes);
            FactWiring.Map(routes);
            Gateway.Map(edge, routes);
        },
    };
}
