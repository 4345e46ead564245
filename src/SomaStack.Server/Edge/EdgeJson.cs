using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>RFC 9457 problem details as we write them.</summary>
/// <param name="Type">Relative reference to the page that explains the code.</param>
/// <param name="Remedy">What the caller can do.</param>
/// <param name="ApprovalId">The approval that was asked for, also in the header Soma-Approval.</param>
internal sealed record ProblemBody(
    string Type, string Title, int Status, string Detail, string Code, string Remedy, string TraceId,
    IReadOnlyList<Reason>? Reasons, IReadOnlyList<FieldError>? Errors, string? ApprovalId);

internal sealed record OpenAiErrorBody(OpenAiError Error);

/// <param name="Code">Our stable code, so that both surfaces speak of the same refusal.</param>
internal sealed record OpenAiError(string Message, string Type, string? Param, string Code, string TraceId);

internal sealed record AnthropicErrorBody(string Type, AnthropicError Error, string RequestId);

/// <param name="Code">Our stable code, where the other surfaces have it too.</param>
/// <param name="Details">The same code where Anthropic's own clients look for one.</param>
internal sealed record AnthropicError(string Type, string Message, string Code, AnthropicErrorDetails Details);

internal sealed record AnthropicErrorDetails(string ErrorCode);

/// <summary>RFC 6749, 5.2.</summary>
internal sealed record OAuthErrorBody(string Error, string ErrorDescription);

/// <summary>RFC 7644, 3.12; the status is a text there.</summary>
internal sealed record ScimErrorBody(IReadOnlyList<string> Schemas, string Status, [property: JsonPropertyName("scimType")] string? ScimType, string Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(OAuthErrorBody))]
[JsonSerializable(typeof(ScimErrorBody))]
internal sealed partial class ProblemJson : JsonSerializerContext;

/// <summary>OpenAI's clients expect <c>param</c> even when it is null.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OpenAiErrorBody))]
[JsonSerializable(typeof(AnthropicErrorBody))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(StatusAnswer))]
internal sealed partial class EdgeJson : JsonSerializerContext;
