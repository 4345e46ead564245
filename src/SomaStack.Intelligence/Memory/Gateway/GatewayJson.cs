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
[JsonSerializable(typeof(MemoryDraft))]
[JsonSerializable(typeof(BrainWrite.Response), TypeInfoPropertyName = "BrainWriteResponse")]
[JsonSerializable(typeof(QueuedAnswers.One), TypeInfoPropertyName = "QueuedOne")]
[JsonSerializable(typeof(QueuedAnswers.Many), TypeInfoPropertyName = "QueuedMany")]
[JsonSerializable(typeof(DegradedAnswers.Recalled), TypeInfoPropertyName = "DegradedRecall")]
[JsonSerializable(typeof(DegradedAnswers.Retrieved), TypeInfoPropertyName = "DegradedRetrieval")]
internal sealed partial class GatewayJson : JsonSerializerContext;
