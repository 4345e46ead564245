using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Agents.Protocols;

// The shapes of A2A 1.0 in their JSON form (a2a.proto, lf.a2a.v1). Nothing is written that has the default value of its type, as the
// canonical form for signatures demands (specification, 8.4.1).

internal sealed record A2ACard(
    string Name, string Description, IReadOnlyList<A2AInterface> SupportedInterfaces, A2AProvider Provider, string Version, string? DocumentationUrl, A2ACapabilities Capabilities,
    IReadOnlyDictionary<string, A2ASecurityScheme> SecuritySchemes, IReadOnlyList<A2ASecurityRequirement> SecurityRequirements,
    IReadOnlyList<string> DefaultInputModes, IReadOnlyList<string> DefaultOutputModes, IReadOnlyList<A2ASkill> Skills)
{
    public IReadOnlyList<A2ASignature>? Signatures { get; init; }
}

internal sealed record A2AInterface(string Url, string ProtocolBinding, string ProtocolVersion);

internal sealed record A2AProvider(string Url, string Organization);

internal sealed record A2ACapabilities(bool Streaming, bool PushNotifications, bool ExtendedAgentCard);

internal sealed record A2ASecurityScheme
{
    public A2AHttpScheme? HttpAuthSecurityScheme { get; init; }

    public A2AOpenIdScheme? OpenIdConnectSecurityScheme { get; init; }
}

internal sealed record A2AHttpScheme(string Description, string Scheme, string? BearerFormat);

internal sealed record A2AOpenIdScheme(string Description, string OpenIdConnectUrl);

internal sealed record A2ASecurityRequirement(IReadOnlyDictionary<string, A2AStringList> Schemes);

internal sealed record A2AStringList(IReadOnlyList<string> List);

internal sealed record A2ASkill(string Id, string Name, string Description, IReadOnlyList<string> Tags);

internal sealed record A2ASignature(string Protected, string Signature);

/// <param name="State">Of <see cref="A2AState"/>.</param>
internal sealed record A2AStatus(string State, A2AMessage? Message, string Timestamp);

/// <param name="Role"><c>ROLE_USER</c> or <c>ROLE_AGENT</c>.</param>
internal sealed record A2AMessage(string MessageId, string? ContextId, string? TaskId, string Role, IReadOnlyList<A2APart> Parts);

internal sealed record A2APart(string? Text, string? MediaType = null);

internal sealed record A2AArtifact(string ArtifactId, string Name, IReadOnlyList<A2APart> Parts);

internal sealed record A2ATask(string Id, string ContextId, A2AStatus Status, IReadOnlyList<A2AArtifact>? Artifacts, IReadOnlyList<A2AMessage>? History, JsonElement? Metadata);

internal sealed record A2AStatusUpdate(string TaskId, string ContextId, A2AStatus Status);

internal sealed record A2AArtifactUpdate(string TaskId, string ContextId, A2AArtifact Artifact, bool LastChunk);

/// <summary>One of them is set: what a stream tells, and what sending gives.</summary>
internal sealed record A2AStreamed
{
    public A2ATask? Task { get; init; }

    public A2AStatusUpdate? StatusUpdate { get; init; }

    public A2AArtifactUpdate? ArtifactUpdate { get; init; }
}

internal sealed record A2ATaskPage(IReadOnlyList<A2ATask> Tasks, string NextPageToken, int PageSize, long TotalSize);

/// <summary>States of a task, and what our turns are in them. Pure.</summary>
internal static class A2AState
{
    public const string Submitted = "TASK_STATE_SUBMITTED";
    public const string Working = "TASK_STATE_WORKING";
    public const string Completed = "TASK_STATE_COMPLETED";
    public const string Failed = "TASK_STATE_FAILED";
    public const string Canceled = "TASK_STATE_CANCELED";
    public const string Rejected = "TASK_STATE_REJECTED";

    /// <summary>A second person must agree, elsewhere; the task goes on by itself then. That is no input which the client could send.</summary>
    public const string AuthRequired = "TASK_STATE_AUTH_REQUIRED";

    public static readonly IReadOnlyList<string> All = [Submitted, Working, Completed, Failed, Canceled, Rejected, AuthRequired, "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_UNSPECIFIED"];

    public static bool IsOver(string state) => state is Completed or Failed or Canceled or Rejected;

    public static string OfTurn(string status) => status switch
    {
        "completed" => Completed,
        "waiting" => AuthRequired,
        "denied" => Rejected,
        "cancelled" => Canceled,
        _ => Failed,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(A2ACard))]
[JsonSerializable(typeof(A2AStreamed))]
[JsonSerializable(typeof(A2ATask))]
[JsonSerializable(typeof(A2ATaskPage))]
internal sealed partial class A2AJson : JsonSerializerContext;
