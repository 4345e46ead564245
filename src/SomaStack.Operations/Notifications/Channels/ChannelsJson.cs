using System.Text.Json.Serialization;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ChannelsJson : JsonSerializerContext;
