using System.Text.Json.Serialization;
using SomaStack.Operations.Notifications.Contracts;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(NotificationPublished))]
internal sealed partial class LiveJson : JsonSerializerContext;
