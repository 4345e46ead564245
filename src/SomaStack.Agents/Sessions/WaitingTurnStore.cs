using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>What going on with a turn needs when nobody is there to ask again. No credential is in it.</summary>
/// <param name="Model">As it was asked for; null for the persona's.</param>
/// <param name="Capabilities">Those that the caller held; they must still be held when it goes on.</param>
internal sealed record WaitingRequest(
    bool IsStart, string Persona, string? Model, int RecallLimit, string PrincipalKind, string? Key, IReadOnlyList<string> Capabilities, string ClientType, string TraceId,
    DateTimeOffset? MfaAt, IReadOnlyList<Reason> Moderation)
{
    /// <summary>None in turns from before there were any.</summary>
    public TurnTerms Terms { get; init => field = value ?? TurnTerms.None; } = TurnTerms.None;

    public static WaitingRequest Of(
        RequestContext context, bool isStart, string persona, string? model, int recallLimit, IReadOnlyList<Reason> moderated, TurnTerms terms) => new(
        isStart, persona, model, recallLimit, context.Principal.Kind, context.Principal.Key,
        [.. context.Capabilities.Names.Order(StringComparer.Ordinal)], context.ClientType, context.TraceId, context.MfaAt, moderated)
    {
        Terms = terms,
    };

    /// <summary>Whoever asked, as going on acts for.</summary>
    public RequestContext ContextOf(string tenant, string principal, DeploymentMode mode, string region) => new(
        tenant, new Principal(principal, PrincipalKind, Key), CapabilitySet.Of(Capabilities.Where(Capability.All.Contains)), ClientType, mode, region, TraceId) { MfaAt = MfaAt };
}

internal sealed record WaitingTurn(
    string Tenant, string SessionId, string TurnId, long Number, string Prompt, string ApprovalId, TurnApproval Approval, WaitingRequest Request, string Principal, DateTimeOffset CreatedAt, string? Parent);

/// <summary>All SQL of turns that wait for a second person.</summary>
internal sealed class WaitingTurnStore(Db db, TimeProvider clock)
{
    public const string Waiting = "awaiting_approval";

    private const string Columns = "t.tenant, t.session, t.id, t.number, t.prompt, t.approval_id, t.approval, t.request, s.principal, t.created_at, t.parent";

    public Task InsertAsync(DbWork work, RequestContext context, string session, TurnSuspended turn, string prompt, TurnApproval approval, WaitingRequest request) => work.ExecuteAsync($"""
        INSERT INTO turns (tenant, id, session, number, status, prompt, answer, model, reservation, owner, lease_until, created_at, approval_id, approval, request, parent)
        VALUES ({context.Tenant}, {turn.TurnId}, {session}, {turn.Number}, {Waiting}, {prompt}, {""}, {turn.Model}, {""}, {""}, {0L}, {clock.NowMicros()},
            {approval.Id}, {JsonSerializer.Serialize(approval, SessionsJson.Default.TurnApproval)}, {JsonSerializer.Serialize(request, SessionsJson.Default.WaitingRequest)}, {turn.Parent})
        """);

    public static Task<WaitingTurn?> FindAsync(DbWork work, string tenant, string approvalId) => work.FindAsync(Map, $"""
        SELECT {Columns:raw} FROM turns t JOIN sessions s ON s.tenant = t.tenant AND s.id = t.session
        WHERE t.tenant = {tenant} AND t.approval_id = {approvalId} AND t.status = 'awaiting_approval'
        """);

    /// <returns>False when no turn waits for it.</returns>
    public static async Task<bool> ApproveAsync(DbWork work, string tenant, string approvalId) => await work.ExecuteAsync($"""
        UPDATE turns SET approved = {true} WHERE tenant = {tenant} AND approval_id = {approvalId} AND status = 'awaiting_approval'
        """) > 0;

    /// <summary>Of every tenant: turns whose yes has come and that nobody goes on with yet.</summary>
    public Task<List<WaitingTurn>> DueAsync(long now, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, Map, $"""
        SELECT {Columns:raw} FROM turns t JOIN sessions s ON s.tenant = t.tenant AND s.id = t.session
        WHERE t.status = 'awaiting_approval' AND t.approved AND t.lease_until < {now} ORDER BY t.created_at LIMIT 64
        """, cancellationToken);

    /// <summary>Of several replicas one tries; the first commit decides all the same.</summary>
    public Task<bool> TakeAsync(WaitingTurn turn, string owner, long leaseUntil, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work => await work.ExecuteAsync($"""
        UPDATE turns SET owner = {owner}, lease_until = {leaseUntil}
        WHERE tenant = {turn.Tenant} AND id = {turn.TurnId} AND status = 'awaiting_approval' AND lease_until < {clock.NowMicros()}
        """) == 1, cancellationToken);

    public static Task OpenAsync(DbWork work, RequestContext context, TurnOpened turn, string owner, long leaseUntil) => work.ExecuteAsync($"""
        UPDATE turns SET status = 'open', model = {turn.Model}, reservation = {turn.ReservationId}, owner = {owner}, lease_until = {leaseUntil}
        WHERE tenant = {context.Tenant} AND id = {turn.TurnId} AND status = 'awaiting_approval'
        """);

    private static WaitingTurn Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.GetString(5),
        JsonSerializer.Deserialize(row.GetString(6), SessionsJson.Default.TurnApproval)!, JsonSerializer.Deserialize(row.GetString(7), SessionsJson.Default.WaitingRequest)!,
        row.GetString(8), row.Instant(9), row.Text(10));
}
