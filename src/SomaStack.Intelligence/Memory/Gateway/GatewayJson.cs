using System.Text.Json.Serialization;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BufferItem))]
[JsonSerializable(typeof(PostOutbox.Request), TypeInfoPropertyName = "OutboxRequest")]
[JsonSerializable(typeof(PostOutbox.Response), TypeInfoPropertyName = "OutboxResponse")]
[JsonSerializable(typeof(Page<ReadOutbox.ItemView>), TypeInfoPropertyName = "OutboxPage")]
[JsonSerializable(typeof(Page<ReadOutbox.LetterView>), TypeInfoPropertyName = "OutboxLetterPage")]
[JsonSerializable(typeof(ReadOutbox.ItemView), TypeInfoPropertyName = "OutboxItemView")]
[JsonSerializable(typeof(ReadOutbox.StatusView), TypeInfoPropertyName = "OutboxStatusView")]
internal sealed partial class GatewayJson : JsonSerializerContext;
