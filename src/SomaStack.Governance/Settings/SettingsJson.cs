using System.Text.Json.Serialization;
using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Governance.Settings;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(SettingsChanged))]
[JsonSerializable(typeof(ChangeSettingsRequest))]
[JsonSerializable(typeof(SettingsView))]
[JsonSerializable(typeof(DeploymentModeView))]
[JsonSerializable(typeof(ModelProfileChanged))]
[JsonSerializable(typeof(ModelProfileBody))]
[JsonSerializable(typeof(ModelProfileView))]
[JsonSerializable(typeof(ModelProfileList))]
internal sealed partial class SettingsJson : JsonSerializerContext;
