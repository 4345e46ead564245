using System.Text.Json.Serialization;
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
internal sealed partial class ToolsJson : JsonSerializerContext;

/// <summary>A manifest has no empty members: one that is absent is left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NativeManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
