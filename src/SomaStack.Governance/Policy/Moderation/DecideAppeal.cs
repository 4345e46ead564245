using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Decision">uphold keeps the lock, reset ends it and forgets the strikes.</param>
/// <param name="Reason">The appellant reads it; kept in the journal.</param>
internal sealed record AppealDecisionRequest(string Decision, string Reason);

/// <summary>An operator reads appeals and decides those of others.</summary>
internal sealed class DecideAppeal(Db db, Journal journal, AppealStore appeals, TimeProvider clock)
{
    public const string Uphold = "uphold";
    public const string Reset = "reset";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/moderation/appeals", static (RequestContext context, DecideAppeal decide, string? state, int? limit, string? cursor, CancellationToken cancellationToken) =>
            decide.ListAsync(context, state, limit, cursor, cancellationToken)).Requires(Capability.ModerationReview);
        routes.MapPost(
            "/v1/moderation/appeals/{id}/decision",
            static (RequestContext context, string id, AppealDecisionRequest request, DecideAppeal decide, CancellationToken cancellationToken) =>
                decide.RunAsync(context, id, request, cancellationToken)).Requires(Capability.ModerationReview).OpenWhenStopped();
    }

    internal async Task<Ok<Page<AppealAnswer>>> ListAsync(RequestContext context, string? state, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        Check.That(state is null or "open" or "all", "state", "must be open or all").OrThrow();
        var size = Cursor.Limit(limit);
        var rows = await appeals.ListAsync(context.Tenant, state != "all", Cursor.Decode(cursor), size, cancellationToken);
        var page = Cursor.Page(rows, size, static row => row.Id);
        return TypedResults.Ok(new Page<AppealAnswer>([.. page.Data.Select(AppealAnswer.Of)], page.NextCursor));
    }

    internal async Task<Ok<AppealAnswer>> RunAsync(RequestContext context, string id, AppealDecisionRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Decision is Uphold or Reset, "decision", "must be uphold or reset")
            .And(!string.IsNullOrWhiteSpace(request.Reason) && request.Reason.Length <= 500 && !request.Reason.Contains('\0'), "reason", "must have 1 to 500 characters and no NUL").OrThrow();
        var now = clock.NowMicros();
        var decided = await db.WriteAsync(
            context.Tenant,
            async work =>
            {
                var appeal = await AppealStore.FindAsync(work, context.Tenant, id) ?? throw PolicyProblems.AppealUnknown.Because("No appeal in this tenant has that id.");
                if (appeal.Principal == context.Principal.Id) throw PolicyProblems.AppealOwn.Because("The appeal is yours.");
                var known = appeal with { Decision = request.Decision, Reason = request.Reason, DecidedBy = context.Principal.Id, DecidedAt = now.ToInstant() };
                if (await AppealStore.DecideAsync(work, context.Tenant, known) == 0) throw PolicyProblems.AppealDecided.Because("Somebody has decided it already.");
                await RecordAsync(work, journal, context, known, now);
                if (request.Decision == Reset) await ReviewStrikes.ResetAsync(work, journal, context, appeal.Principal, request.Reason, now);
                return known;
            },
            cancellationToken);
        return TypedResults.Ok(AppealAnswer.Of(decided));
    }

    /// <summary>A reset by other ways answers the open appeal too, so that none waits for a lock that is gone.</summary>
    public static async Task CloseAsync(DbWork work, Journal journal, RequestContext context, string principal, string reason, long now)
    {
        if (await AppealStore.OpenAsync(work, context.Tenant, principal) is not { } open) return;
        var closed = open with { Decision = Reset, Reason = reason, DecidedBy = context.Principal.Id, DecidedAt = now.ToInstant() };
        await AppealStore.DecideAsync(work, context.Tenant, closed);
        await RecordAsync(work, journal, context, closed, now);
    }

    private static async Task RecordAsync(DbWork work, Journal journal, RequestContext context, Appeal decided, long now)
    {
        var (version, _) = await StrikeStore.TouchAsync(work, context.Tenant, decided.Principal, now);
        await journal.AppendAsync(
            work, context, "moderation/" + decided.Principal, version, PolicyEvents.ModerationAppealDecided,
            new ModerationAppealDecided(decided.Principal, decided.Id, decided.Decision!, decided.Reason!), PolicyJson.Default.ModerationAppealDecided);
    }
}
