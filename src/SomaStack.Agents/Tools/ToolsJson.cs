using System.Text.Json.Serialization;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(WantedCall))]
[JsonSerializable(typeof(AdapterChanged))]
[JsonSerializable(typeof(PublisherChanged))]
[JsonSerializable(typeof(CallOpened))]
[JsonSerializable(typeof(CallEnded))]
[JsonSerializable(typeof(CallRefused))]
[JsonSerializable(typeof(ToolNotice))]
[JsonSerializable(typeof(GatedMemory))]
[JsonSerializable(typeof(RecalledAnswer))]
[JsonSerializable(typeof(RememberedAnswer))]
[JsonSerializable(typeof(ApprovalsAnswer))]
[JsonSerializable(typeof(ApprovalAnswer))]
[JsonSerializable(typeof(WantedManifest))]
[JsonSerializable(typeof(ManifestSignature))]
[JsonSerializable(typeof(ImportRequest))]
[JsonSerializable(typeof(ImportAnswer))]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(SwitchRequest))]
[JsonSerializable(typeof(RevokeAdapterRequest))]
[JsonSerializable(typeof(BindSecretRequest))]
[JsonSerializable(typeof(PinRequest))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(VerifyAnswer))]
[JsonSerializable(typeof(AdapterView))]
[JsonSerializable(typeof(SecretView))]
[JsonSerializable(typeof(PublisherView))]
[JsonSerializable(typeof(Page<AdapterLine>))]
[JsonSerializable(typeof(Page<ManifestLine>))]
[JsonSerializable(typeof(Page<SecretView>))]
[JsonSerializable(typeof(Page<PublisherView>))]
[JsonSerializable(typeof(Page<CallLine>))]
[JsonSerializable(typeof(CallRequest))]
[JsonSerializable(typeof(CallAnswer))]
[JsonSerializable(typeof(CallView))]
[JsonSerializable(typeof(ProvisionRequest))]
[JsonSerializable(typeof(ProvisionAnswer))]
internal sealed partial class ToolsJson : JsonSerializerContext;

/// <summary>A manifest has no empty members: one that is absent is left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NativeManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
