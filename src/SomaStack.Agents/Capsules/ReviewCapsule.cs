using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <param name="Digest">Of what the reviewer read, so that nobody approves something else.</param>
internal sealed record ReviewRequest(ReviewDecision Decision, string Digest, string? Notes = null);

internal sealed record RevokeCapsuleRequest(string Notes);

internal sealed record CapsuleReviewed(string Id, string Capsule, string Version, string Digest, string Decision, string Reviewer, string? Notes);

internal sealed record CapsuleRevoked(string Id, string Capsule, string Version, string Digest, string By, string Notes);

/// <summary>Somebody else than the author approves or rejects; what is approved can be revoked.</summary>
internal sealed class ReviewCapsule(Db db, Journal journal, IIdentity identity, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/submissions/{id}/review", static (RequestContext context, string id, ReviewRequest request, ReviewCapsule review, CancellationToken cancellationToken) =>
            review.ReviewAsync(context, id, request, cancellationToken)).Requires(Capability.CapsuleReview).WithTags("capsules").WithSummary("Approve or reject a submission.");
        routes.MapPost("/v1/submissions/{id}/revoke", static (RequestContext context, string id, RevokeCapsuleRequest request, ReviewCapsule review, CancellationToken cancellationToken) =>
            review.RevokeAsync(context, id, request, cancellationToken)).Requires(Capability.CapsuleReview).WithTags("capsules").WithSummary("Take an approval back; runs that are under way go on.");
    }

    private async Task<Ok<SubmissionView>> ReviewAsync(RequestContext context, string id, ReviewRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Notes is null or { Length: <= 4000 }, "notes", "must have at most 4000 characters")
            .And(request.Decision == ReviewDecision.Approve || !string.IsNullOrWhiteSpace(request.Notes), "notes", "are needed to reject: the author wants to know why").OrThrow();
        var reviewed = await db.WriteAsync(context.Tenant, async work =>
        {
            var row = await CapsuleStore.FindAsync(work, context.Tenant, id) ?? throw CapsuleProblems.SubmissionUnknown.Because("No submission of this tenant has this id.");
            if (row.Digest != request.Digest) throw Problem.Invalid("digest", "is not that of the submission; read it again");
            var oneHand = await identity.AreOneHandAsync(work, context.Tenant, context.Principal.Id, row.Author);
            var status = SubmissionRules.Review(row.Facts, context.Principal.Id, oneHand, request.Decision);
            var now = clock.GetUtcNow();
            if (!await CapsuleStore.ReviewAsync(work, context.Tenant, row, status, context.Principal.Id, request.Notes, now.ToMicros())) throw CapsuleProblems.SubmissionState.Because("Somebody else reviewed it at the same moment.");
            var happened = new CapsuleReviewed(id, row.Capsule, row.CapsuleVersion, row.Digest, CapsuleStore.Name(status), context.Principal.Id, request.Notes);
            await journal.AppendAsync(work, context, "submission/" + id, row.Version + 1, CapsuleEvents.Reviewed, happened, CapsulesJson.Default.CapsuleReviewed);
            return row with { Status = status, Reviewer = context.Principal.Id, Notes = request.Notes, ReviewedAt = now };
        }, cancellationToken);
        return TypedResults.Ok(SubmissionView.Of(reviewed));
    }

    private async Task<Ok<SubmissionView>> RevokeAsync(RequestContext context, string id, RevokeCapsuleRequest request, CancellationToken cancellationToken)
    {
        Check.That(!string.IsNullOrWhiteSpace(request.Notes) && request.Notes.Length <= 4000, "notes", "must have 1 to 4000 characters").OrThrow();
        var revoked = await db.WriteAsync(context.Tenant, async work =>
        {
            var row = await CapsuleStore.FindAsync(work, context.Tenant, id) ?? throw CapsuleProblems.SubmissionUnknown.Because("No submission of this tenant has this id.");
            var status = SubmissionRules.Revoke(row.Facts);
            var now = clock.GetUtcNow();
            if (!await CapsuleStore.RevokeAsync(work, context.Tenant, row, context.Principal.Id, request.Notes, now.ToMicros())) throw CapsuleProblems.SubmissionState.Because("Somebody else changed it at the same moment.");
            var happened = new CapsuleRevoked(id, row.Capsule, row.CapsuleVersion, row.Digest, context.Principal.Id, request.Notes);
            await journal.AppendAsync(work, context, "submission/" + id, row.Version + 1, CapsuleEvents.Revoked, happened, CapsulesJson.Default.CapsuleRevoked);
            return row with { Status = status, RevokedAt = now, RevokedBy = context.Principal.Id, Notes = request.Notes };
        }, cancellationToken);
        return TypedResults.Ok(SubmissionView.Of(revoked));
    }
}
