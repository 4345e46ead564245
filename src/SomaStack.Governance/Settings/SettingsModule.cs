using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>The wiring of the room.</summary>
public static class SettingsModule
{
    public static readonly Room Room = new("Settings", typeof(SettingsModule).Assembly)
    {
        Add = static (services, _) => services
            .AddSingleton<SettingsStore>()
            .AddSingleton<ServedSettings>()
            .AddSingleton<ChangeSettings>()
            .AddSingleton<ModelProfileStore>()
            .AddSingleton<ServedModelProfiles>()
            .AddSingleton<ChangeModelProfiles>()
            .AddSingleton<IModelProfiles>(static provider => provider.GetRequiredService<ServedModelProfiles>())
            .AddSingleton<ISettings>(static provider => provider.GetRequiredService<ServedSettings>()),
        Map = static routes =>
        {
            ChangeSettings.Map(routes);
            ChangeModelProfiles.Map(routes);
        },
        Start = static (services, cancellationToken) => services.GetRequiredService<ServedSettings>().StartAsync(cancellationToken),
        Json = SettingsJson.Default,
    };
}
