using System.Text.Json.Serialization;
using SomaStack.Operations.Notifications.Contracts;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Audience))]
[JsonSerializable(typeof(NotificationView))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(NotificationPublished))]
[JsonSerializable(typeof(NotificationRepeated))]
[JsonSerializable(typeof(NotificationAcknowledged))]
[JsonSerializable(typeof(NotificationResolved))]
[JsonSerializable(typeof(NotificationEscalated))]
internal sealed partial class NotificationsJson : JsonSerializerContext;
