using System.Text.Json.Serialization;

namespace SomaStack.Agents.Protocols;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(McpHandle))]
[JsonSerializable(typeof(McpState))]
[JsonSerializable(typeof(TaskOpened))]
[JsonSerializable(typeof(TaskMoved))]
[JsonSerializable(typeof(ResourceMetadata.Document), TypeInfoPropertyName = "ProtectedResourceDocument")]
internal sealed partial class ProtocolsJson : JsonSerializerContext;
