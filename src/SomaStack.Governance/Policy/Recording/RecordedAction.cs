using System.Data.Common;
using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>All that a decision depends on beside policy and constitution, so that another policy can decide the same.</summary>
internal sealed record AskedAction(
    string Principal, string PrincipalKind, string Mode, string ClientType, string Region, string Kind, string Resource, string Arguments,
    double? Risk, double? Confidence, double? BudgetRatio, string? Session, string? Persona, string? Capsule, IReadOnlyList<string> Taints,
    long? MfaAgeSeconds, ActionQuantities? Quantities = null)
{
    public static AskedAction Of(RequestContext context, GatedAction action, DateTimeOffset now) => new(
        context.Principal.Id, context.Principal.Kind, context.Mode.Name(), context.ClientType, context.Region, action.Kind, action.Resource, action.Arguments,
        action.Risk, action.Confidence, action.BudgetRatio, action.Session, action.Persona, action.Capsule, action.Taints,
        context.MfaAt is { } at ? Math.Max(0, (long)(now - at).TotalSeconds) : null, action.Quantities);

    public GatedAction Action() => new(Kind, Resource, Arguments, Risk, Confidence, BudgetRatio) { Session = Session, Persona = Persona, Capsule = Capsule, Taints = Taints, Quantities = Quantities };
}

internal sealed record RecordedAction(string Tenant, string Id, DateTimeOffset AskedAt, AskedAction Asked, Verdict Verdict, long PolicyVersion);

/// <summary>All SQL about recorded actions.</summary>
internal sealed class RecordedActionStore(Db db)
{
    /// <summary>A tenant keeps its newest.</summary>
    public const int Kept = 2000;

    public Task<List<RecordedAction>> NewestAsync(string tenant, int last, CancellationToken cancellationToken) => db.QueryAsync(tenant, Map, $"""
        SELECT tenant, id, asked_at, action, verdict, policy_version FROM recorded_actions WHERE tenant = {tenant} ORDER BY id DESC LIMIT {(long)last}
        """, cancellationToken);

    public static async Task AddAsync(DbWork work, string tenant, IReadOnlyList<RecordedAction> actions)
    {
        foreach (var action in actions)
            await work.ExecuteAsync($"""
                INSERT INTO recorded_actions (tenant, id, asked_at, action, verdict, policy_version)
                VALUES ({tenant}, {action.Id}, {action.AskedAt.ToMicros()}, {JsonSerializer.Serialize(action.Asked, RecordingJson.Default.AskedAction)}, {PolicyMetrics.Name(action.Verdict)}, {action.PolicyVersion})
                """);
        await work.ExecuteAsync($"""
            DELETE FROM recorded_actions WHERE tenant = {tenant}
            AND id <= (SELECT id FROM recorded_actions WHERE tenant = {tenant} ORDER BY id DESC LIMIT 1 OFFSET {(long)Kept})
            """);
    }

    private static RecordedAction Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.Instant(2), JsonSerializer.Deserialize(row.GetString(3), RecordingJson.Default.AskedAction)!,
        row.GetString(4) switch { "allow" => Verdict.Allow, "needs_approval" => Verdict.NeedsApproval, _ => Verdict.Deny }, row.GetInt64(5));
}
