using System.Text.Json.Serialization;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LiveHello))]
[JsonSerializable(typeof(LiveNotification))]
[JsonSerializable(typeof(LiveUpdate))]
[JsonSerializable(typeof(InboxCounts))]
[JsonSerializable(typeof(LiveTokenTaken))]
[JsonSerializable(typeof(LiveError))]
[JsonSerializable(typeof(LiveClose))]
[JsonSerializable(typeof(LiveEmpty))]
[JsonSerializable(typeof(NotificationSocket.ClientMessage))]
internal sealed partial class LiveJson : JsonSerializerContext;
