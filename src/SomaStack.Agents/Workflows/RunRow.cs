using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Who a run acts as: whoever started it, with the capabilities of then. No credential is in it.</summary>
/// <param name="Key">The API key that it was started with; it must still be good.</param>
internal sealed record RunStarter(string Id, string Kind, string? Key, IReadOnlyList<string> Capabilities, string ClientType, string TraceId, DateTimeOffset? MfaAt)
{
    /// <summary>Equal exactly for equal rights.</summary>
    [JsonIgnore]
    public string Fingerprint => field ??= $"{Kind}\n{Id}\n{Key}\n{string.Join(' ', Capabilities)}";

    /// <summary>Made once: a run asks for it with every step, and a set that is quick to look into is slow to make.</summary>
    [JsonIgnore]
    private CapabilitySet Held => field ??= CapabilitySet.Of(Capabilities.Where(Capability.All.Contains));

    public static RunStarter Of(RequestContext context) => new(
        context.Principal.Id, context.Principal.Kind, context.Principal.Key, [.. context.Capabilities.Names.Order(StringComparer.Ordinal)], context.ClientType, context.TraceId, context.MfaAt);

    public RequestContext In(string tenant, DeploymentMode mode, string region) => new(
        tenant, new Principal(Id, Kind, Key), Held, ClientType, mode, region, TraceId) { MfaAt = MfaAt };
}

/// <summary>Where a nested run belongs.</summary>
internal sealed record RunParent(string Run, string Path, int Attempt);

/// <summary>What came with the request and is no input of the run.</summary>
/// <param name="Channel">Where its end is told beside the places where a failure is told anyhow.</param>
internal sealed record RunAbout(string? Channel = null, string? Initiator = null, JsonElement? Metadata = null);

/// <summary>What never changes of a run.</summary>
/// <param name="Kind">capsule, directives or workflow: by which request it came, and so which shape it is read under.</param>
/// <param name="Host">journal or temporal.</param>
internal sealed record RunIdentity(
    string Tenant, string Id, string Kind, string Name, string Capsule, string CapsuleVersion, string Host, RunStarter Starter, RunParent? Parent, string? ForkedFrom,
    RunAbout About, long CreatedAt);

/// <param name="Base">Number of the event that its history begins with.</param>
/// <param name="Seq">Number of its newest event.</param>
/// <param name="Chain">SHA-256 of the chain before and the newest event.</param>
/// <param name="Lines">How many lines of the journal are about it.</param>
/// <param name="Paused">Why it does not go on although it could; null while it may.</param>
internal sealed record RunRow(
    RunIdentity Identity, string Status, long Base, long Seq, byte[] Chain, long Lines, string Owner, long Epoch, long? WakeAt, long Inbox, long Taken, string? Paused, string? Code, string? Detail,
    long Steps, long Tokens, long CostNanos, long UpdatedAt, long? EndedAt)
{
    public const string Columns =
        "tenant, id, kind, name, capsule, capsule_version, host, starter, parent, parent_path, parent_attempt, forked_from, about, created_at, " +
        "status, base, seq, chain, lines, owner, epoch, wake_at, inbox, taken, paused, code, detail, steps, tokens, cost_nanos, updated_at, ended_at";

    public string Tenant => Identity.Tenant;

    public string Id => Identity.Id;

    public static RunRow Map(DbDataReader row) => new(
        new RunIdentity(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6),
            JsonSerializer.Deserialize(row.GetString(7), WorkflowsJson.Default.RunStarter)!,
            row.Text(8) is { } parent ? new RunParent(parent, row.GetString(9), (int)row.GetInt64(10)) : null, row.Text(11),
            JsonSerializer.Deserialize(row.GetString(12), WorkflowsJson.Default.RunAbout)!, row.GetInt64(13)),
        row.GetString(14), row.GetInt64(15), row.GetInt64(16), row.Bytes(17), row.GetInt64(18), row.GetString(19), row.GetInt64(20), row.Number(21), row.GetInt64(22), row.GetInt64(23),
        row.Text(24), row.Text(25), row.Text(26), row.GetInt64(27), row.GetInt64(28), row.GetInt64(29), row.GetInt64(30), row.Number(31));
}

internal static class RunStatuses
{
    public static string Name(this RunStatus status) => status switch
    {
        RunStatus.Running => "running", RunStatus.Waiting => "waiting", RunStatus.Compensating => "compensating", RunStatus.Completed => "completed", RunStatus.Failed => "failed", _ => "cancelled",
    };

    public static bool IsOver(this RunStatus status) => status is RunStatus.Completed or RunStatus.Failed or RunStatus.Cancelled;

    public static RunStatus? Parse(string name)
    {
        foreach (var status in Enum.GetValues<RunStatus>())
            if (status.Name() == name) return status;
        return null;
    }

    public static string Name(this StepStatus status) => status switch
    {
        StepStatus.Pending => "pending", StepStatus.Running => "running", StepStatus.Waiting => "waiting", StepStatus.Retrying => "retrying", StepStatus.Completed => "completed",
        StepStatus.Skipped => "skipped", StepStatus.Failed => "failed", StepStatus.Cancelled => "cancelled", _ => "compensated",
    };
}
