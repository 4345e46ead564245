using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The kinds that run code behind walls, and the workspaces they run in.</summary>
internal static class SandboxKinds
{
    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<LauncherThread>().AddSingleton<Bubblewrap>().AddSingleton<Workspaces>().AddSingleton<Languages>().AddSingleton<WasmModules>();
        services.AddSingleton<IAdapterKind, WorkspaceKind>().AddSingleton<IAdapterKind, ProcessKind>().AddSingleton<IAdapterKind, CodeKind>();
        services.AddSingleton<IAdapterKind, WasmKind>().AddSingleton<IAdapterKind, GitKind>();
        if (options.HasRole("api") || options.HasRole("worker")) services.AddHostedService<SweepWorkspaces>();
    }
}
