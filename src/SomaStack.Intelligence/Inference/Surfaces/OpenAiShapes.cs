using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>What we read of a chat request ourselves; a provider that speaks chat is sent all of it.</summary>
/// <param name="Stop">A string or a list of strings.</param>
/// <param name="ToolChoice">none, auto, required, or an object that names a function.</param>
internal sealed record ChatCompletionRequest(
    IReadOnlyList<ChatRequestMessage> Messages, string? Model = null, bool? Stream = null, int? MaxTokens = null, int? MaxCompletionTokens = null, double? Temperature = null,
    ChatStreamOptions? StreamOptions = null, int? N = null, double? TopP = null, long? Seed = null, JsonElement? Stop = null, IReadOnlyList<JsonElement>? Tools = null,
    JsonElement? ToolChoice = null, bool? ParallelToolCalls = null, JsonElement? ResponseFormat = null, string? ReasoningEffort = null);

/// <param name="Content">A string, a list of parts (text, image_url, file), or null.</param>
internal sealed record ChatRequestMessage(string Role, JsonElement? Content = null, string? Name = null, IReadOnlyList<ChatToolCall>? ToolCalls = null, string? ToolCallId = null);

internal sealed record ChatStreamOptions(bool? IncludeUsage = null);

/// <param name="Usage">Absent when the provider did not count.</param>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatUsage? Usage);

internal sealed record ChatChoice(int Index, ChatAnswerMessage Message, string FinishReason);

/// <param name="Content">Null when the model refused or only asked for tools.</param>
/// <param name="ReasoningContent">What the model thought, where its provider tells.</param>
/// <param name="Somastack">What the built-in responder quotes; an addition to OpenAI's shape that its clients ignore.</param>
internal sealed record ChatAnswerMessage(
    string Role, string? Content, string? Refusal,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ReasoningContent,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ChatToolCall>? ToolCalls,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] QuotedAnswer? Somastack);

/// <param name="Index">Its place among the calls; in a stream only.</param>
internal sealed record ChatToolCall(string Id, string Type, ChatFunctionCall Function, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Index = null);

/// <param name="Arguments">JSON text of an object.</param>
internal sealed record ChatFunctionCall(string Name, string Arguments);

internal sealed record QuotedAnswer(IReadOnlyList<Quotation> Quotations, string Tokenizer);

/// <summary>Details are absent where the provider did not count them.</summary>
internal sealed record ChatUsage(long PromptTokens, long CompletionTokens, long TotalTokens)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatPromptDetails? PromptTokensDetails { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatCompletionDetails? CompletionTokensDetails { get; init; }
}

internal sealed record ChatPromptDetails(long CachedTokens);

internal sealed record ChatCompletionDetails(long ReasoningTokens);

internal sealed record ChatChunk(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChatChunkChoice> Choices,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatUsage? Usage = null);

internal sealed record ChatChunkChoice(int Index, ChatDelta Delta, string? FinishReason);

internal sealed record ChatDelta(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Refusal = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ReasoningContent = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ChatToolCall>? ToolCalls = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] QuotedAnswer? Somastack = null);

internal sealed record StreamErrorBody(StreamError Error);

internal sealed record StreamError(string Message, string Type, string? Param, string Code, string TraceId);

/// <param name="Created">Unix seconds; 0 where the server does not say, since OpenAI's clients want a number.</param>
/// <param name="ContextTokens">Null when the server does not say.</param>
internal sealed record ListedModel(string Id, string Object, long Created, string OwnedBy, string Provider, int? ContextTokens);

/// <param name="DegradedReasons">Why models may be missing from the list.</param>
internal sealed record ModelList(string Object, IReadOnlyList<ListedModel> Data, IReadOnlyList<string> DegradedReasons);

/// <param name="Input">A string or a list of 1 to 2048 strings.</param>
/// <param name="EncodingFormat">float (default) or base64: little-endian 32-bit floats.</param>
internal sealed record EmbeddingsRequest(JsonElement Input, string? Model = null, string? EncodingFormat = null, int? Dimensions = null, string? User = null);

internal sealed record EmbeddingsAnswer(string Object, IReadOnlyList<EmbeddingItem> Data, string Model, EmbeddingsUsage Usage);

/// <param name="Embedding">A list of numbers, or base64 text.</param>
internal sealed record EmbeddingItem(string Object, int Index, JsonElement Embedding);

internal sealed record EmbeddingsUsage(long PromptTokens, long TotalTokens);

/// <param name="Prompt">1 to 100 000 characters.</param>
/// <param name="MaxTokens">1 to 100 000.</param>
internal sealed record InferRequest(string Prompt, string? Model = null, int? MaxTokens = null, double? Temperature = null);

/// <param name="Usage">As the provider counted; null where it did not.</param>
internal sealed record InferAnswer(string Model, string Provider, string Completion, string Output, InferUsage Usage, IReadOnlyList<Quotation> Quotations, string CallId);

internal sealed record InferUsage(long? PromptTokens, long? CompletionTokens, long? TotalTokens);

internal sealed record EmbedRequest(string Text, string? Model = null);

internal sealed record EmbedAnswer(string Model, IReadOnlyList<float> Embedding, int Dim);
