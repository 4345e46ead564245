using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Mode">chat (messages), infer_sync (prompt) or embedding (input).</param>
/// <param name="Role">chat, planning, code or embedding: which of the tenant's choices stands in when no model is named.</param>
/// <param name="SessionId">Yours to correlate by; 1 to 128 characters.</param>
/// <param name="Metadata">An object of at most 16 KiB, given back as it came.</param>
/// <param name="AttemptsMax">1 to 10, 5 by default.</param>
internal sealed record RequestBody(
    string Mode, RequestPayload Payload, string? Model = null, string? Role = null, string? SessionId = null, JsonElement? Metadata = null, int? AttemptsMax = null);

/// <summary>What is asked, in OpenAI's field names.</summary>
/// <param name="Messages">chat: 1 to 1000.</param>
/// <param name="Prompt">infer_sync: 1 to 100 000 characters.</param>
/// <param name="Input">embedding: a string or a list of 1 to 2048 strings.</param>
/// <param name="MaxTokens">1 to 100 000.</param>
/// <param name="Temperature">0 to 2.</param>
/// <param name="TopP">0 to 1.</param>
/// <param name="Stop">At most 8.</param>
/// <param name="ToolChoice">auto, none, required, or {"type":"function","function":{"name":…}}.</param>
/// <param name="ResponseFormat">{"type":"text"}, {"type":"json_object"} or {"type":"json_schema","json_schema":{"name":…,"schema":…}}.</param>
/// <param name="EncodingFormat">embedding: float or base64.</param>
internal sealed record RequestPayload(
    IReadOnlyList<RequestMessage>? Messages = null, string? Prompt = null, JsonElement? Input = null, int? MaxTokens = null, double? Temperature = null, double? TopP = null,
    IReadOnlyList<string>? Stop = null, long? Seed = null, IReadOnlyList<RequestTool>? Tools = null, JsonElement? ToolChoice = null, JsonElement? ResponseFormat = null,
    string? EncodingFormat = null, int? Dimensions = null);

/// <param name="Role">system, developer, user, assistant or tool.</param>
/// <param name="Content">A string, or a list of {"type":"text","text":…} and {"type":"image_url","image_url":{"url":…}}.</param>
internal sealed record RequestMessage(string Role, JsonElement? Content = null, string? Name = null, IReadOnlyList<RequestToolUse>? ToolCalls = null, string? ToolCallId = null);

internal sealed record RequestTool(string Type, RequestFunction Function);

/// <param name="Parameters">JSON Schema of the arguments.</param>
internal sealed record RequestFunction(string Name, string? Description = null, JsonElement? Parameters = null);

internal sealed record RequestToolUse(string Id, string Type, RequestFunctionUse Function);

/// <param name="Arguments">A JSON object as text, as OpenAI has it.</param>
internal sealed record RequestFunctionUse(string Name, string Arguments);

internal sealed record RequestAccepted(string RequestId, string Status);

/// <summary>A request without what was asked and answered, as lists show it.</summary>
/// <param name="Status">queued, running, succeeded, failed or cancelled.</param>
/// <param name="Dead">Tried as often as it may be; waits for a replay.</param>
/// <param name="NextAttemptAt">Not before; null unless it is queued.</param>
/// <param name="Error">Why it failed, or why the last attempt did.</param>
internal sealed record RequestSummary(
    string RequestId, string Status, string Mode, string Role, string? Model, string? SessionId, JsonElement? Metadata, long Attempts, long AttemptsMax, bool Dead,
    bool CancelRequested, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, RequestError? Error);

/// <param name="Result">Null unless it has succeeded.</param>
internal sealed record RequestView(
    string RequestId, string Status, string Mode, string Role, string? Model, string? SessionId, JsonElement? Metadata, long Attempts, long AttemptsMax, bool Dead,
    bool CancelRequested, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, RequestError? Error, RequestResult? Result);

/// <param name="Code">The code of a problem, see docs/errors.md.</param>
internal sealed record RequestError(string Code, string Detail);

/// <param name="Text">The answer; empty when there are only tool calls or embeddings.</param>
/// <param name="Usage">As the provider counted; null where it did not.</param>
/// <param name="Cost">Exact money with its currency, e.g. <c>0.000042 USD</c>; null when price or usage is unknown.</param>
internal sealed record RequestResult(
    string Text, string? Reasoning, string? FinishReason, IReadOnlyList<RequestToolUse> ToolCalls, IReadOnlyList<Quotation> Quotations, string? Provider, string Model,
    RequestUsage Usage, string? Cost, string? CallId, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EmbeddingsAnswer? Embeddings = null);

internal sealed record RequestUsage(long? PromptTokens, long? CompletionTokens, long? TotalTokens, long? CachedTokens, long? ReasoningTokens);

/// <summary>An event of a request's stream; <c>Seq</c> counts from 1.</summary>
internal sealed record RequestStreamEvent(long Seq, string Type, string Data)
{
    public const string Queued = "request.queued";
    public const string Started = "request.started";

    /// <summary>A further attempt begins: what earlier ones streamed is superseded.</summary>
    public const string Restarted = "request.restarted";
    public const string Retrying = "request.retrying";
    public const string Cancelling = "request.cancelling";
    public const string Text = "text.delta";
    public const string Reasoning = "reasoning.delta";
    public const string ToolCall = "tool.call";
    public const string Succeeded = "request.succeeded";
    public const string Failed = "request.failed";
    public const string Cancelled = "request.cancelled";

    /// <summary>Nothing follows, unless the request is replayed.</summary>
    public bool Ends => Type is Succeeded or Failed or Cancelled;
}

internal sealed record AttemptData(string RequestId, long Attempt, long AttemptsMax);

internal sealed record RetryData(string RequestId, long Attempt, RequestError Error, DateTimeOffset NextAttemptAt);

internal sealed record CancellingData(string RequestId, string By);

internal sealed record RequestDelta(long Attempt, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RequestBody))]
[JsonSerializable(typeof(RequestPayload))]
[JsonSerializable(typeof(RequestAccepted))]
[JsonSerializable(typeof(RequestView))]
[JsonSerializable(typeof(RequestResult))]
[JsonSerializable(typeof(RequestError))]
[JsonSerializable(typeof(Page<RequestSummary>))]
[JsonSerializable(typeof(AttemptData))]
[JsonSerializable(typeof(RetryData))]
[JsonSerializable(typeof(CancellingData))]
[JsonSerializable(typeof(RequestDelta))]
[JsonSerializable(typeof(RequestToolUse))]
[JsonSerializable(typeof(ForeignRequests.Message))]
[JsonSerializable(typeof(RequestQueued))]
[JsonSerializable(typeof(RequestStarted))]
[JsonSerializable(typeof(RequestRetried))]
[JsonSerializable(typeof(RequestCancelAsked))]
[JsonSerializable(typeof(RequestCompleted))]
internal sealed partial class QueueJson : JsonSerializerContext;
