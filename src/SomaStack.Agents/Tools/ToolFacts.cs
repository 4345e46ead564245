using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>What the journal keeps of an adapter's change. No secret and no description: names and digests.</summary>
/// <param name="Change">registered, activated, enabled, disabled, revoked, secret_bound or secret_removed.</param>
internal sealed record AdapterChanged(string Adapter, string Change, string? Version, string? ManifestSha256, string? KeyId, string? Detail);

/// <param name="Change">pinned or unpinned.</param>
internal sealed record PublisherChanged(string KeyId, string Name, string Change);

/// <summary>Before the act. Arguments are proven by their hash alone.</summary>
/// <param name="Attempt">Above 1 when a crash had left the call behind and it is done again.</param>
internal sealed record CallOpened(
    string CallId, string Adapter, string Action, string Version, string ManifestSha256, string ArgumentsSha256, string? Session, string? Run, string? Approval, string PolicyDigest, double Score,
    IReadOnlyList<string> Taints, int Attempt);

/// <param name="Outcome">succeeded, failed or unknown.</param>
internal sealed record CallEnded(string CallId, string Adapter, string Action, string Outcome, string? Code, string TextSha256, string? StructuredSha256, IReadOnlyList<string> Taints,
    long? CostNanos, string Currency, long TookMicros);

/// <summary>Refusals are journalled too: who was refused which tool by which rules.</summary>
internal sealed record CallRefused(string Adapter, string Action, string ArgumentsSha256, string? Session, string Code, IReadOnlyList<string> Reasons, string? PolicyDigest);

internal static class ToolFactTypes
{
    public const string PublisherChanged = "somastack.tools.publisher_changed.v1";
    public const string CallRefused = "somastack.tools.call_refused.v1";

    public static string OfAdapter(string id) => "adapter/" + id;

    public static string OfCall(string id) => "tool_call/" + id;
}
