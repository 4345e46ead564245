using System.Text.Json.Serialization;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(SettingsChanged))]
[JsonSerializable(typeof(ChangeSettingsRequest))]
[JsonSerializable(typeof(SettingsView))]
[JsonSerializable(typeof(SettingsDiff))]
[JsonSerializable(typeof(Page<SettingsVersionView>))]
[JsonSerializable(typeof(ChangeModeRequest))]
[JsonSerializable(typeof(DeploymentModeView))]
[JsonSerializable(typeof(ModeDryRun))]
[JsonSerializable(typeof(ModeChanged))]
[JsonSerializable(typeof(GuardrailList))]
[JsonSerializable(typeof(ModelProfileChanged))]
[JsonSerializable(typeof(ModelProfileBody))]
[JsonSerializable(typeof(ModelProfileView))]
[JsonSerializable(typeof(ModelProfileList))]
[JsonSerializable(typeof(NotificationPreferences))]
[JsonSerializable(typeof(NotificationPreferencesView))]
[JsonSerializable(typeof(NotificationPreferencesChanged))]
internal sealed partial class SettingsJson : JsonSerializerContext;
