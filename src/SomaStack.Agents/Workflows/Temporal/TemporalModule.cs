using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>The wiring of Temporal as a host of runs. Runs that the journal hosts go on beside it.</summary>
internal static class TemporalModule
{
    public static bool IsChosen(SomaOptions options) => options.Workflows == TemporalRunHost.HostName;

    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<ClaimStore>().AddSingleton<TemporalRunStore>().AddSingleton<KnownStates>().AddSingleton<TemporalLink>();
        services.AddSingleton<TellTemporal>().AddSingleton<TemporalRunHost>().AddSingleton<RunActivities>();
        services.TryAddSingleton<IRunHost>(static provider => provider.GetRequiredService<TemporalRunHost>());
        services.AddSingleton<IReadiness, TemporalProbe>().AddHostedService(static provider => provider.GetRequiredService<TellTemporal>());
        if (options.HasRole("worker")) services.AddHostedService<WorkTemporal>();
    }
}
