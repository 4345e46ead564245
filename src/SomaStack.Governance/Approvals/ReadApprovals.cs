using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>A line of the list: what waits, for whom, until when. The arguments are in the single one only.</summary>
/// <param name="ReturnCode">Why it came back unused; null when it did not.</param>
internal sealed record ApprovalLine(
    string Id, ApprovalState State, string Kind, string Resource, string Summary, string Digest, string Requester, string? Session, ApprovalNeeds Needs,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string? Decider, DateTimeOffset? DecidedAt, string? Comment, DateTimeOffset? EndedAt, string? ReturnCode);

/// <param name="Arguments">Exactly what would be done.</param>
internal sealed record ApprovalView(ApprovalLine Approval, JsonElement Arguments, string ConstitutionHash, long PolicyVersion, string Nonce, IReadOnlyList<Reason> Reasons);

/// <summary>Whoever may decide sees the tenant's approvals, everybody else his own.</summary>
internal sealed class ReadApprovals(ApprovalStore store, TimeProvider clock) : IApprovalRecords
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(
            "/v1/approvals",
            static (RequestContext context, ReadApprovals read, string? state, string? kind, string? cursor, int? limit, CancellationToken cancellationToken) =>
                read.ListAsync(context, state, kind, cursor, limit, cancellationToken)).ForAnyPrincipal();
        routes.MapGet("/v1/approvals/{id}", static (RequestContext context, string id, ReadApprovals read, CancellationToken cancellationToken) =>
            read.GetAsync(context, id, cancellationToken)).ForAnyPrincipal();
    }

    internal async Task<Ok<Page<ApprovalLine>>> ListAsync(RequestContext context, string? state, string? kind, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var own = context.Capabilities.Has(Capability.ApprovalDecide) ? null : context.Principal.Id;
        if (state is not null && ApprovalStore.Parse(state) is null) throw Problem.Invalid("state", "must be pending, approved, rejected, expired, voided or claimed");
        var rows = await store.ListAsync(context.Tenant, state, kind, own, Cursor.Decode(cursor), size + 1, cancellationToken);
        return TypedResults.Ok(Cursor.Page([.. rows.Select(Line)], size, static line => line.Id));
    }

    internal async Task<Ok<ApprovalView>> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        if (row is null || (row.Requester != context.Principal.Id && !context.Capabilities.Has(Capability.ApprovalDecide)))
            throw ApprovalProblems.Unknown.Because("No approval that you may see has this id.");
        using var arguments = JsonDocument.Parse(row.Arguments);
        return TypedResults.Ok(new ApprovalView(Line(row), arguments.RootElement.Clone(), row.ConstitutionHash, row.PolicyVersion, row.Nonce, row.Reasons));
    }

    async Task<IReadOnlyList<Approval>> IApprovalRecords.ListAsync(RequestContext context, string? state, int limit, CancellationToken cancellationToken)
    {
        var own = context.Capabilities.Has(Capability.ApprovalDecide) ? null : context.Principal.Id;
        if (state is not null && ApprovalStore.Parse(state) is null) throw Problem.Invalid("state", "must be pending, approved, rejected, expired, voided or claimed");
        return [.. (await store.ListAsync(context.Tenant, state, null, own, null, Cursor.Limit(limit), cancellationToken)).Select(row => row.Public with { State = Line(row).State })];
    }

    async Task<ApprovalToDecide?> IApprovalRecords.FindAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        if (row is null || (row.Requester != context.Principal.Id && !context.Capabilities.Has(Capability.ApprovalDecide))) return null;
        return new ApprovalToDecide(row.Id, Line(row).State, row.Kind, row.Resource, row.Summary, row.Arguments, row.Digest, row.Requester, row.Needs, row.ExpiresAt);
    }

    internal ApprovalLine Line(ApprovalRow row)
    {
        // Over is over, whether or not a worker has written it down.
        var over = row.State is ApprovalState.Pending or ApprovalState.Approved && clock.GetUtcNow() >= row.ExpiresAt;
        return new ApprovalLine(
            row.Id, over ? ApprovalState.Expired : row.State, row.Kind, row.Resource, row.Summary, row.Digest, row.Requester, row.Session, row.Needs, row.CreatedAt, row.ExpiresAt,
            row.Decider?.Id, row.DecidedAt, row.Comment, row.EndedAt, over ? ApprovalDecider.Expired : row.ReturnCode);
    }
}
