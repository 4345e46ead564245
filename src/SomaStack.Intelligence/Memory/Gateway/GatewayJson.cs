using System.Text.Json.Serialization;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BufferItem))]
internal sealed partial class GatewayJson : JsonSerializerContext;
