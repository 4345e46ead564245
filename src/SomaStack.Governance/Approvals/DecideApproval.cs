using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

internal enum ApprovalVote
{
    Approve,
    Reject,
}

/// <param name="Digest">Of what the decider saw, so that nobody approves something else.</param>
internal sealed record DecideRequest(ApprovalVote Decision, string Digest, string? Comment = null);

/// <param name="DecisionsLastHour">Of this decider, this one included: many in a row are a sign to pause.</param>
internal sealed record DecideAnswer(ApprovalLine Approval, long DecisionsLastHour);

/// <summary>A second person says yes or no. Open while the kill switch is engaged, since releasing it is decided here.</summary>
internal sealed partial class DecideApproval(ApprovalStore store, Db db, Journal journal, IIdentity identity, ReadApprovals read, TimeProvider clock, ILogger<DecideApproval> log) : IDecisions
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        "/v1/approvals/{id}/decision",
        static (RequestContext context, string id, DecideRequest request, DecideApproval decide, CancellationToken cancellationToken) =>
            decide.RunAsync(context, id, request, cancellationToken)).Requires(Capability.ApprovalDecide).OpenWhenStopped();

    internal async Task<Ok<DecideAnswer>> RunAsync(RequestContext context, string id, DecideRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Comment is null or { Length: <= 1000 }, "comment", "must have at most 1000 characters")
            .And(request.Digest.Length == 64, "digest", "must be the 64 hex digits that the approval shows").OrThrow();
        var approves = request.Decision == ApprovalVote.Approve;
        var (decided, load) = await db.WriteAsync(context.Tenant, work => DecideAsync(work, context, id, approves, request.Digest, request.Comment), cancellationToken);
        return TypedResults.Ok(new DecideAnswer(read.Line(decided), load));
    }

    public async Task<ApprovalToDecide?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        await store.FindAsync(tenant, id, cancellationToken) is not { } row ? null : new ApprovalToDecide(
            row.Id, read.Line(row).State, row.Kind, row.Resource, row.Summary, row.Arguments, row.Digest, row.Requester, row.Needs, row.ExpiresAt);

    public async Task<ApprovalState?> HoldAsync(DbWork work, string tenant, string id) =>
        await store.HoldAsync(work, tenant, id) is { } row ? read.Line(row).State : null;

    public Task DecideAsync(DbWork work, RequestContext context, string id, bool approves, string digest) => DecideAsync(work, context, id, approves, digest, null);

    private async Task<(ApprovalRow Decided, long Load)> DecideAsync(DbWork work, RequestContext context, string id, bool approves, string digest, string? comment)
    {
        var row = await ApprovalStore.FindAsync(work, context.Tenant, id) ?? throw ApprovalProblems.Unknown.Because("No approval of this tenant has this id.");
        var now = clock.GetUtcNow();
        var oneHand = await identity.AreOneHandAsync(work, context.Tenant, context.Principal.Id, row.Requester);
        var (happened, refusal) = ApprovalDecider.Decide(
            row.Facts, new DecideCommand(id, approves, context.Principal.Id, context.Capabilities, context.MfaAt, digest, comment, now) { OneHand = oneHand });
        if (refusal is { } no) throw ApprovalProblems.Of(no, row.Facts);
        var next = ApprovalDecider.Apply(row.Facts, happened!);
        if (!await ApprovalStore.DecideAsync(work, row, next, context.Principal, comment, now.ToMicros()))
            throw ApprovalProblems.Decided.Because("Somebody else decided it at the same moment.");
        await journal.AppendAsync(work, context, Approvals.Subject(id), next.Version, ApprovalEvents.Decided, (ApprovalDecided)happened!, ApprovalsJson.Default.ApprovalDecided);
        var decided = row with { State = next.State, Decider = context.Principal, DecidedAt = now, Comment = comment };
        var load = await ApprovalStore.DecisionsAsync(work, context.Tenant, context.Principal.Id, (now - TimeSpan.FromHours(1)).ToMicros());
        work.OnCommit(() => Decided(decided, approves ? "approve" : "reject", load));
        return (decided, load);
    }

    private void Decided(ApprovalRow decided, string name, long load)
    {
        ApprovalMetrics.Decisions.Count("decision", name);
        ApprovalMetrics.Latency.Record((decided.DecidedAt!.Value - decided.CreatedAt).TotalSeconds, new KeyValuePair<string, object?>("decision", name));
        ApprovalMetrics.Load.Record(load);
        LogDecided(decided.Id, name, decided.Decider!.Id);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Approval {Id}: {Decision} by {Principal}")]
    private partial void LogDecided(string id, string decision, string principal);
}
