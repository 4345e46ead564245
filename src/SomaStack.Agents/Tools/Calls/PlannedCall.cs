using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>A call that may be carried out: everything that opening, doing and ending it needs.</summary>
/// <param name="RequestDigest">Of who asked for which action with which arguments.</param>
/// <param name="Arguments">Canonical, and without what the policy obliges to take out.</param>
internal sealed record PlannedCall(
    RequestContext Context, ToolCall Call, UsableAdapter Adapter, LoadedAction Action, string RequestDigest, string Arguments, GatedAction Gated, Decision Decision)
{
    /// <summary>Bound to the manifest too: a yes to one version is none to another.</summary>
    public ApprovalRequest Wanted { get; } = Decision.ToApproval(
        Gated, $"{Context.Principal.Id} wants {Adapter.Id}.{Action.Action.Name} ({Action.Action.Risk} risk) of version {Adapter.Manifest.Manifest.Version}: {Line(Arguments)}",
        JsonSerializer.Serialize(
            new WantedCall(Adapter.Id, Action.Action.Name, Adapter.Manifest.Manifest.Version, Adapter.Manifest.Digest, JsonDocument.Parse(Arguments).RootElement), ToolsJson.Default.WantedCall));

    public Manifest Manifest => Adapter.Manifest.Manifest;

    public bool IsRepeatable => Action.Action.ReadOnly || Action.Action.Idempotent;

    public long? PriceNanos => Manifest.Billing is { } billing ? ManifestReader.Nanos(billing.CostPerCall) : null;

    /// <summary>Takes out of texts what the decision obliges to; null when it obliges to nothing.</summary>
    public Func<string, string?>? Redact { get; init; }

    public TimeSpan Limit => Call.TimeLimit is { } asked && asked < TimeSpan.FromSeconds(Manifest.Limits.TimeoutSeconds) ? asked : TimeSpan.FromSeconds(Manifest.Limits.TimeoutSeconds);

    private static string Line(string arguments)
    {
        if (arguments.Length <= 200) return arguments;
        // Not between the halves of a surrogate pair.
        return arguments[..(char.IsHighSurrogate(arguments[199]) ? 199 : 200)] + "…";
    }
}

/// <summary>What a second person agrees to.</summary>
internal sealed record WantedCall(string Adapter, string Action, string Version, string ManifestSha256, JsonElement Arguments);

/// <summary>What the tool did, before anybody has looked at its words.</summary>
/// <param name="Reached">The tool may have been at work, so its price is owed.</param>
internal sealed record ActedCall(ToolOutcome Outcome, string? Code, string Text, string? Structured, IReadOnlyList<string> Taints, TimeSpan Took, bool Reached = true);

/// <param name="RateRemaining">Calls left in the adapter's minute; null when nothing was done now.</param>
internal sealed record ExecutedCall(ToolResult Result, string Version, ManifestSignature? Signature, long? RateRemaining);
