using System.Text.Json.Serialization;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Audience))]
[JsonSerializable(typeof(NotificationView))]
[JsonSerializable(typeof(Page<NotificationView>))]
[JsonSerializable(typeof(SendNotification.Request), TypeInfoPropertyName = "SendNotificationRequest")]
[JsonSerializable(typeof(SendNotification.Response), TypeInfoPropertyName = "SendNotificationResponse")]
[JsonSerializable(typeof(ListNotifications.Backlog))]
[JsonSerializable(typeof(InboxCounts))]
[JsonSerializable(typeof(Page<InboxGroup>), TypeInfoPropertyName = "InboxGroupPage")]
[JsonSerializable(typeof(MarkNotification.SnoozeRequest))]
[JsonSerializable(typeof(ReadAllNotifications.Request), TypeInfoPropertyName = "ReadAllRequest")]
[JsonSerializable(typeof(ReadAllNotifications.Response), TypeInfoPropertyName = "ReadAllResponse")]
[JsonSerializable(typeof(ReadAllNotifications.UndoRequest))]
[JsonSerializable(typeof(MuteNotifications.Request), TypeInfoPropertyName = "MuteRequest")]
[JsonSerializable(typeof(Page<Mute>), TypeInfoPropertyName = "MutePage")]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(ForeignNotifications.Message))]
[JsonSerializable(typeof(NotificationPublished))]
[JsonSerializable(typeof(NotificationRepeated))]
[JsonSerializable(typeof(NotificationAcknowledged))]
[JsonSerializable(typeof(NotificationResolved))]
[JsonSerializable(typeof(NotificationEscalated))]
[JsonSerializable(typeof(NotificationWoken))]
internal sealed partial class NotificationsJson : JsonSerializerContext;
