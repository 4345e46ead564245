using System.Data.Common;
using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <param name="Arguments">RFC 8785 text.</param>
internal sealed record ApprovalRow(
    string Tenant, string Id, ApprovalState State, long Version, string Kind, string Resource, string Arguments, string? Session, string ConstitutionHash,
    long PolicyVersion, string Digest, string Nonce, string Requester, string Summary, IReadOnlyList<Reason> Reasons, bool StepUp, string? Capability,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, Principal? Decider, DateTimeOffset? DecidedAt, string? Comment, DateTimeOffset? EndedAt, string? ReturnCode)
{
    public ApprovalFacts Facts => new(State, Version, Digest, Requester, ExpiresAt, StepUp, Capability, Session, ReturnCode);

    public ApprovalNeeds Needs => new(Capability is null ? [Platform.Capability.ApprovalDecide] : [Platform.Capability.ApprovalDecide, Capability], StepUp);

    public Approval Public => new(Tenant, Id, State, Kind, Resource, Digest, Nonce, Requester, Decider?.Id, Summary, CreatedAt, ExpiresAt) { Session = Session, Comment = Comment, Needs = Needs };
}

/// <summary>All SQL of approvals.</summary>
internal sealed class ApprovalStore(Db db)
{
    private const string Columns =
        "tenant, id, state, version, kind, resource, arguments, session, constitution_hash, policy_version, digest, nonce, requester, summary, reasons, step_up, capability, " +
        "created_at, expires_at, decider, decider_kind, decider_key, decided_at, comment, ended_at, return_code";

    public Task<ApprovalRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM approvals WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static Task<ApprovalRow?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM approvals WHERE tenant = {tenant} AND id = {id}");

    public Task<ApprovalRow?> HoldAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM approvals WHERE tenant = {tenant} AND id = {id}{db.Held:raw}");

    public static Task<ApprovalRow?> FindPendingAsync(DbWork work, string tenant, string digest) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM approvals WHERE tenant = {tenant} AND digest = {digest} AND state = 'pending'");

    /// <summary>Newest first; ids are UUIDv7, so their order is that of creation.</summary>
    /// <param name="requester">Null for everybody's.</param>
    public Task<List<ApprovalRow>> ListAsync(string tenant, string? state, string? kind, string? requester, string? before, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"""
            SELECT {Columns:raw} FROM approvals
            WHERE tenant = {tenant} AND ({state == null} OR state = {state ?? ""}) AND ({kind == null} OR kind = {kind ?? ""})
              AND ({requester == null} OR requester = {requester ?? ""}) AND ({before == null} OR id < {before ?? ""})
            ORDER BY id DESC LIMIT {(long)limit}
            """, cancellationToken);

    /// <returns>False when one with this digest is pending.</returns>
    public static async Task<bool> InsertAsync(DbWork work, ApprovalRow row) => await work.ExecuteAsync($"""
        INSERT INTO approvals (tenant, id, state, version, kind, resource, arguments, session, constitution_hash, policy_version, digest, nonce, requester, summary,
            reasons, step_up, capability, created_at, expires_at)
        VALUES ({row.Tenant}, {row.Id}, {Name(row.State)}, {row.Version}, {row.Kind}, {row.Resource}, {row.Arguments}, {row.Session}, {row.ConstitutionHash},
            {row.PolicyVersion}, {row.Digest}, {row.Nonce}, {row.Requester}, {row.Summary}, {JsonSerializer.Serialize([.. row.Reasons], ApprovalsJson.Default.ReasonArray)},
            {row.StepUp}, {row.Capability}, {row.CreatedAt.ToMicros()}, {row.ExpiresAt.ToMicros()})
        ON CONFLICT (tenant, digest) WHERE state = 'pending' DO NOTHING
        """) == 1;

    /// <returns>False when somebody else was first.</returns>
    public static async Task<bool> DecideAsync(DbWork work, ApprovalRow row, ApprovalFacts next, Principal by, string? comment, long now) => await work.ExecuteAsync($"""
        UPDATE approvals SET state = {Name(next.State)}, version = {next.Version}, decider = {by.Id}, decider_kind = {by.Kind}, decider_key = {by.Key},
            decided_at = {now}, comment = {comment}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = 'pending' AND version = {row.Version}
        """) == 1;

    /// <summary>The fence: of any number of executors one gets the row.</summary>
    public static async Task<ApprovalRow?> ClaimAsync(DbWork work, ApprovalRow row, ApprovalFacts next, long now) => await work.FindAsync(Map, $"""
        UPDATE approvals SET state = 'claimed', version = {next.Version}, ended_at = {now}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = 'approved' AND version = {row.Version} AND expires_at > {now}
        RETURNING {Columns:raw}
        """);

    /// <returns>False when it moved on meanwhile.</returns>
    public static async Task<bool> ReturnAsync(DbWork work, ApprovalRow row, ApprovalFacts next, long now) => await work.ExecuteAsync($"""
        UPDATE approvals SET state = {Name(next.State)}, version = {next.Version}, ended_at = {now}, return_code = {next.ReturnCode}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state IN ('pending', 'approved') AND version = {row.Version}
        """) == 1;

    /// <summary>Of every tenant: what is over and not yet marked so.</summary>
    public Task<List<(string Tenant, string Id)>> DueAsync(long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1)),
        $"SELECT tenant, id FROM approvals WHERE state IN ('pending', 'approved') AND expires_at <= {now} ORDER BY expires_at, tenant, id LIMIT {(long)limit}", cancellationToken);

    /// <summary>Decisions of one person since then.</summary>
    public static async Task<long> DecisionsAsync(DbWork work, string tenant, string decider, long since) =>
        await work.NumberAsync($"SELECT COUNT(*) FROM approvals WHERE tenant = {tenant} AND decider = {decider} AND decided_at > {since}") ?? 0;

    public static string Name(ApprovalState state) => state switch
    {
        ApprovalState.Pending => "pending",
        ApprovalState.Approved => "approved",
        ApprovalState.Rejected => "rejected",
        ApprovalState.Expired => "expired",
        ApprovalState.Voided => "voided",
        _ => "claimed",
    };

    public static ApprovalState? Parse(string name) => name switch
    {
        "pending" => ApprovalState.Pending,
        "approved" => ApprovalState.Approved,
        "rejected" => ApprovalState.Rejected,
        "expired" => ApprovalState.Expired,
        "voided" => ApprovalState.Voided,
        "claimed" => ApprovalState.Claimed,
        _ => null,
    };

    private static ApprovalRow Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), Parse(row.GetString(2)) ?? throw new InvalidOperationException($"'{row.GetString(2)}' is no state of an approval."), row.GetInt64(3), row.GetString(4), row.GetString(5), row.GetString(6), row.Text(7), row.GetString(8),
        row.GetInt64(9), row.GetString(10), row.GetString(11), row.GetString(12), row.GetString(13), JsonSerializer.Deserialize(row.GetString(14), ApprovalsJson.Default.ReasonArray) ?? [],
        row.GetBoolean(15), row.Text(16), row.Instant(17), row.Instant(18), row.Text(19) is { } decider ? new Principal(decider, row.Text(20) ?? "user", row.Text(21)) : null,
        row.MaybeInstant(22), row.Text(23), row.MaybeInstant(24), row.Text(25));
}
