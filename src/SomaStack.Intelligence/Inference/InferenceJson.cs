using System.Text.Json.Serialization;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CallOpened))]
[JsonSerializable(typeof(CallSettled))]
[JsonSerializable(typeof(CallFailed))]
[JsonSerializable(typeof(CallLost))]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(StreamErrorBody))]
[JsonSerializable(typeof(ListedModel))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(EmbeddingsRequest))]
[JsonSerializable(typeof(EmbeddingsAnswer))]
[JsonSerializable(typeof(InferRequest))]
[JsonSerializable(typeof(InferAnswer))]
[JsonSerializable(typeof(EmbedRequest))]
[JsonSerializable(typeof(EmbedAnswer))]
[JsonSerializable(typeof(ProviderSettings.Entry[]))]
[JsonSerializable(typeof(MessagesRequestBody))]
[JsonSerializable(typeof(MessagesErrorBody))]
[JsonSerializable(typeof(CountTokensBody))]
[JsonSerializable(typeof(TokenCount))]
[JsonSerializable(typeof(IReadOnlyList<Quotation>))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(string))]
internal sealed partial class InferenceJson : JsonSerializerContext;
