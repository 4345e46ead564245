using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The wiring of the room. Kinds and native adapters are whatever is registered as <see cref="IAdapterKind"/> and <see cref="INativeAdapter"/>, here or in a room above.</summary>
public static class ToolsModule
{
    public static readonly Room Room = new("Tools", typeof(ToolsModule).Assembly)
    {
        Problems = [.. ToolProblems.All, .. SandboxProblems.All, .. McpProblems.All],
        Metrics = ToolMetrics.All,
        Json = System.Text.Json.Serialization.Metadata.JsonTypeInfoResolver.Combine(ToolsJson.Default, McpJson.Default),
        Add = static (services, options) =>
        {
            services.AddSingleton<AdapterStore>().AddSingleton<CallStore>().AddSingleton<LoadedManifests>().AddSingleton<Publishers>().AddSingleton<AdapterSecrets>();
            services.AddSingleton(static provider => new NativeAdapters(provider.GetServices<INativeAdapter>));
            services.AddSingleton<AdapterKinds>().AddSingleton<AdapterCatalog>();
            services.AddSingleton<ExecuteTool>().AddSingleton<RecordCalls>().AddSingleton<ActWithTool>().AddSingleton<ShapeResult>();
            services.AddSingleton<RunningCalls>().AddSingleton<IHostedService>(static provider => provider.GetRequiredService<RunningCalls>());
            services.AddSingleton<ITools, Tools>();
            services.AddSingleton<ReadAdapters>().AddSingleton<RegisterManifest>().AddSingleton<SwitchAdapter>();
            services.AddSingleton<BindSecrets>().AddSingleton<PinPublishers>().AddSingleton<VerifyManifest>().AddSingleton<ImportOpenApi>();
            services.AddSingleton<CallAdapter>().AddSingleton<ReadCalls>().AddSingleton<Provision>().AddSingleton<SweepCalls>();
            if (options.HasRole("worker")) services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<SweepCalls>());
            AddKinds(services, options);
        },
        Start = static (provider, cancellationToken) => provider.GetRequiredService<SweepCalls>().TakeOverAsync(cancellationToken),
        Map = static routes =>
        {
            ReadAdapters.Map(routes);
            VerifyManifest.Map(routes);
            ImportOpenApi.Map(routes);
            RegisterManifest.Map(routes);
            SwitchAdapter.Map(routes);
            BindSecrets.Map(routes);
            PinPublishers.Map(routes);
            CallAdapter.Map(routes);
            ReadCalls.Map(routes);
            Provision.Map(routes);
            McpKinds.Map(routes);
        },
    };

    /// <summary>One line a kind; a folder with several of them has its own wiring and one line here.</summary>
    private static void AddKinds(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<IAdapterKind, NativeKind>().AddSingleton<HttpKind>().AddSingleton<IAdapterKind>(static provider => provider.GetRequiredService<HttpKind>());
        services.AddSingleton<INativeAdapter, MemoryAdapter>().AddSingleton<INativeAdapter, ApprovalsAdapter>().AddSingleton<INativeAdapter, NotifyAdapter>().AddSingleton<INativeAdapter, BenchmarksAdapter>();
        SandboxKinds.Add(services, options);
        McpKinds.Add(services, options);
    }
}
