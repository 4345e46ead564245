using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>Which models a tenant uses for a role, in which order, and how patiently.</summary>
public interface IModelProfiles
{
    /// <summary>From memory, at most <c>10 s</c> behind a change on another replica. Roles that the tenant did not set are absent.</summary>
    ValueTask<IReadOnlyDictionary<string, ModelProfile>> OfTenantAsync(string tenant, CancellationToken cancellationToken);

    /// <summary>Sets the role of the caller's tenant; on this replica it holds when the task ends.</summary>
    /// <param name="expected">The version that is replaced; 0 when the role was never set.</param>
    /// <exception cref="Problem">422 when a field is out of range, 412 when the role is at another version.</exception>
    Task<ModelProfile> ChangeAsync(RequestContext context, ModelProfile next, long expected, CancellationToken cancellationToken);
}

/// <param name="Role">One of <see cref="ModelRoles.All"/>.</param>
/// <param name="Primary">A model id of <c>GET /v1/models</c> or <c>provider/model</c>.</param>
/// <param name="Fallbacks">Asked in this order when the primary fails before its first byte; at most 8.</param>
/// <param name="Temperature">0 to 2, for requests that name none; null leaves it to the provider.</param>
/// <param name="MaxTokens">For requests that set no limit; null leaves it to the provider.</param>
/// <param name="Cache">Whether equal requests of a principal may be answered from memory.</param>
/// <param name="Retries">Further tries of one candidate in one request, 0 to 5; the retry budget may allow fewer.</param>
/// <param name="TimeoutSeconds">
/// How long one attempt may be silent, before its first byte and between two pieces; 0.1 to 600. Null: 60 s in a stream; an answer that
/// comes as a whole is silent while it is written, so that one may take its total.
/// </param>
/// <param name="TotalSeconds">How long one attempt may take in all; 0.1 to 600.</param>
/// <param name="HedgeAfterMs">After this silence the next candidate is asked too; null never does that.</param>
/// <param name="Version">Grows with every change of the role, resets included.</param>
public sealed record ModelProfile(
    string Role, string Primary, IReadOnlyList<string> Fallbacks, double? Temperature, long? MaxTokens, bool Cache, int Retries, double? TimeoutSeconds, double TotalSeconds,
    int? HedgeAfterMs, long Version)
{
    public const int DefaultRetries = 1;
    public const double DefaultTotalSeconds = 600;

    /// <summary>A profile that names a model and leaves the rest at its defaults.</summary>
    public static ModelProfile Of(string role, string primary, params IReadOnlyList<string> fallbacks) =>
        new(role, primary, fallbacks, null, null, false, DefaultRetries, null, DefaultTotalSeconds, null, 0);
}

/// <summary>What models are chosen for.</summary>
public static class ModelRoles
{
    public const string Chat = "chat";
    public const string Planning = "planning";
    public const string Code = "code";
    public const string Embedding = "embedding";
    public const string Transcription = "transcription";
    public const string Speech = "speech";

    public static readonly IReadOnlyList<string> All = [Chat, Planning, Code, Embedding, Transcription, Speech];

    /// <summary>The role of a name, its ancestors' names included; null when it names none.</summary>
    public static string? Parse(string name) => name switch
    {
        "chat" or "dialogue_reasoning" or "summarization" or "developer_light" => Chat,
        "planning" or "tool_call_planning" => Planning,
        "code" or "code_generation" => Code,
        "embedding" or "embeddings" => Embedding,
        "transcription" or "asr" or "speech_recognition" => Transcription,
        "speech" or "tts" or "speech_synthesis" or "voice" => Speech,
        _ => null,
    };
}
