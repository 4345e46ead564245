using System.Text.Json.Serialization;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DeliveryEnded))]
[JsonSerializable(typeof(TargetDisabled))]
[JsonSerializable(typeof(Unsubscribed))]
[JsonSerializable(typeof(WebhookChanged))]
[JsonSerializable(typeof(AddressChanged))]
[JsonSerializable(typeof(ConnectorChanged))]
[JsonSerializable(typeof(TemplateChanged))]
[JsonSerializable(typeof(Page<DeliveryView>))]
[JsonSerializable(typeof(DeliveryDetail))]
[JsonSerializable(typeof(CreateWebhookRequest))]
[JsonSerializable(typeof(ChangeWebhookRequest))]
[JsonSerializable(typeof(RotateWebhookRequest))]
[JsonSerializable(typeof(Page<WebhookView>))]
[JsonSerializable(typeof(WebhookWithSecret))]
[JsonSerializable(typeof(WebhookTested))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(AddressRequest))]
[JsonSerializable(typeof(AddressCodeRequest))]
[JsonSerializable(typeof(AddressView))]
[JsonSerializable(typeof(AddressList))]
[JsonSerializable(typeof(UnsubscribeRequest))]
[JsonSerializable(typeof(UnsubscribeList))]
[JsonSerializable(typeof(UnsubscribeView))]
[JsonSerializable(typeof(ConnectorRequest))]
[JsonSerializable(typeof(ConnectorView))]
[JsonSerializable(typeof(ConnectorList))]
[JsonSerializable(typeof(TemplateRequest))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(TemplateList))]
[JsonSerializable(typeof(TemplatePreview))]
internal sealed partial class ChannelsJson : JsonSerializerContext;
