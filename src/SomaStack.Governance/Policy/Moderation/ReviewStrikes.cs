using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Reason">Why the operator trusts the principal again; kept in the journal.</param>
internal sealed record ResetRequest(string Reason);

/// <param name="Strikes">Within the window of the policy.</param>
internal sealed record StrikeAnswer(string Principal, long Strikes, bool Locked, DateTimeOffset? LastStrikeAt, DateTimeOffset? LockedAt);

/// <summary>An operator sees who was struck, and resets.</summary>
internal sealed class ReviewStrikes(Db db, Journal journal, StrikeStore strikes, PoliciesInForce policies, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/moderation/strikes", static (RequestContext context, ReviewStrikes review, int? limit, string? cursor, CancellationToken cancellationToken) =>
            review.ListAsync(context, limit, cursor, cancellationToken)).Requires(Capability.ModerationReview);
        routes.MapPost(
            "/v1/moderation/strikes/{principal}/reset",
            static (RequestContext context, string principal, ResetRequest request, ReviewStrikes review, CancellationToken cancellationToken) =>
                review.ResetAsync(context, principal, request, cancellationToken)).Requires(Capability.ModerationReview).OpenWhenStopped();
    }

    internal async Task<Ok<Page<StrikeAnswer>>> ListAsync(RequestContext context, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var hours = (await policies.OfAsync(context.Tenant, cancellationToken)).Policy?.Document.Moderation.Ladder.WindowHours ?? 24;
        var since = (clock.GetUtcNow() - TimeSpan.FromHours(hours)).ToMicros();
        var rows = await strikes.ListAsync(context.Tenant, since, Cursor.Decode(cursor), size, cancellationToken);
        var page = Cursor.Page(rows, size, static row => row.Principal);
        return TypedResults.Ok(new Page<StrikeAnswer>(
            [.. page.Data.Select(static row => new StrikeAnswer(row.Principal, row.Strikes, row.LockedAt is not null, row.LastStrikeAt, row.LockedAt))], page.NextCursor));
    }

    internal async Task<Ok<StrikeAnswer>> ResetAsync(RequestContext context, string principal, ResetRequest request, CancellationToken cancellationToken)
    {
        Check.That(!string.IsNullOrWhiteSpace(request.Reason) && request.Reason.Length <= 500, "reason", "must have 1 to 500 characters").OrThrow();
        var now = clock.NowMicros();
        await db.WriteAsync(
            context.Tenant,
            async work =>
            {
                await DecideAppeal.CloseAsync(work, journal, context, principal, request.Reason, now);
                await ResetAsync(work, journal, context, principal, request.Reason, now);
            },
            cancellationToken);
        return TypedResults.Ok(new StrikeAnswer(principal, 0, false, null, null));
    }

    public static async Task ResetAsync(DbWork work, Journal journal, RequestContext context, string principal, string reason, long now)
    {
        var version = await StrikeStore.ResetAsync(work, context.Tenant, principal, now)
            ?? throw PolicyProblems.StrikesUnknown.Because("No such principal has strikes in this tenant.");
        await journal.AppendAsync(
            work, context, "moderation/" + principal, version, PolicyEvents.ModerationReset, new ModerationReset(principal, reason), PolicyJson.Default.ModerationReset);
    }
}
