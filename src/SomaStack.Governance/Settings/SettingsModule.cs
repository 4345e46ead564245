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
            .AddSingleton<SettingsStore>().AddSingleton<ServedSettings>().AddSingleton<ChangeSettings>().AddSingleton<SettingsHistory>()
            .AddSingleton<ISettings>(static provider => provider.GetRequiredService<ServedSettings>())
            .AddSingleton<ModelProfileStore>().AddSingleton<ServedModelProfiles>().AddSingleton<ChangeModelProfiles>()
            .AddSingleton<IModelProfiles>(static provider => provider.GetRequiredService<ServedModelProfiles>())
            .AddSingleton<PreferenceStore>().AddSingleton<ChangeNotificationPreferences>()
            .AddSingleton<INotificationPreferences>(static provider => provider.GetRequiredService<ChangeNotificationPreferences>())
            .AddSingleton<ModeStore>().AddSingleton<ServedMode>().AddSingleton<EndMode>().AddSingleton<Guardrails>().AddSingleton<ChangeMode>()
            .AddSingleton<IModePrecondition, DefaultSecretsCheck>().AddSingleton<IModePrecondition, KeyFilesCheck>().AddSingleton<IModePrecondition, SecretFilesCheck>()
            .AddSingleton<IModePrecondition, PlainHttpCheck>().AddSingleton<IModePrecondition, RowSecurityCheck>().AddSingleton<IModePrecondition, FoundProvidersCheck>()
            .AddSingleton<FollowInstallation>().AddHostedService(static provider => provider.GetRequiredService<FollowInstallation>()),
        Map = static routes =>
        {
            ChangeSettings.Map(routes);
            SettingsHistory.Map(routes);
            ChangeModelProfiles.Map(routes);
            ChangeNotificationPreferences.Map(routes);
            ChangeMode.Map(routes);
        },
        Start = static async (services, cancellationToken) =>
        {
            await services.GetRequiredService<ServedMode>().StartAsync(cancellationToken);
            await services.GetRequiredService<FollowInstallation>().OnceAsync(cancellationToken);
            var mode = services.GetRequiredService<ServedMode>().Now;
            await services.GetRequiredService<Guardrails>().ThrowIfMustNotStartAsync(RequestContext.ForSystem(Db.AllTenants, mode), mode, cancellationToken);
        },
        Problems = SettingsProblems.All,
        Json = SettingsJson.Default,
    };
}
