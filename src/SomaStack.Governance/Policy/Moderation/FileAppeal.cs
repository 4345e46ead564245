using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Text">Why the lock should end; 1 to 2000 characters. Read by people alone.</param>
internal sealed record AppealRequest(string Text);

/// <param name="State">open, upheld or reset.</param>
internal sealed record AppealAnswer(
    string Id, string Principal, string Text, string State, DateTimeOffset FiledAt, string? Reason, string? DecidedBy, DateTimeOffset? DecidedAt)
{
    public static AppealAnswer Of(Appeal appeal) => new(
        appeal.Id, appeal.Principal, appeal.Text, appeal.Decision switch { null => "open", DecideAppeal.Uphold => "upheld", _ => "reset" },
        appeal.FiledAt, appeal.Reason, appeal.DecidedBy, appeal.DecidedAt);
}

/// <param name="Strikes">In the window of the policy.</param>
/// <param name="Appeal">The newest; null when there was none.</param>
internal sealed record StandingAnswer(int Strikes, bool Locked, AppealAnswer? Appeal);

/// <summary>A locked principal asks for review. The text is not moderated: whoever is locked out must be able to say why.</summary>
internal sealed class FileAppeal(Db db, Journal journal, AppealStore appeals, StrikeStore strikes, PoliciesInForce policies, TimeProvider clock)
{
    private const int TextMax = 2000;

    /// <summary>Against one lock; more would be a way to shout at operators.</summary>
    private const int PerLockMax = 3;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/moderation/appeals", static (RequestContext context, AppealRequest request, FileAppeal appeal, CancellationToken cancellationToken) =>
            appeal.RunAsync(context, request, cancellationToken)).ForAnyPrincipal();
        routes.MapGet("/v1/moderation/standing", static (RequestContext context, FileAppeal appeal, CancellationToken cancellationToken) =>
            appeal.StandingAsync(context, cancellationToken)).ForAnyPrincipal();
    }

    internal async Task<Created<AppealAnswer>> RunAsync(RequestContext context, AppealRequest request, CancellationToken cancellationToken)
    {
        Check.That(!string.IsNullOrWhiteSpace(request.Text) && request.Text.Length <= TextMax && !request.Text.Contains('\0'), "text", $"must have 1 to {TextMax} characters and no NUL").OrThrow();
        var (tenant, principal) = (context.Tenant, context.Principal.Id);
        var now = clock.NowMicros();
        var appeal = new Appeal(Ids.For(context, "moderation/appeal"), principal, request.Text, now.ToInstant(), null, null, null, null);
        var filed = await db.WriteAsync(
            tenant,
            async work =>
            {
                if (await AppealStore.FindAsync(work, tenant, appeal.Id) is { } known) return known;
                // Takes the principal's row, so that two appeals at once are seen one after the other.
                if (await StrikeStore.LockedSinceAsync(work, tenant, principal, now) is not { } locked) throw PolicyProblems.NotLocked.Because("No lock holds you in this tenant.");
                var (count, open) = await AppealStore.CountAsync(work, tenant, principal, locked.Since);
                if (open > 0) throw PolicyProblems.AppealOpen.Because("Your appeal waits for an operator.");
                if (count >= PerLockMax) throw PolicyProblems.AppealsUsedUp.Because($"{count} appeals against this lock were decided.");
                await AppealStore.InsertAsync(work, tenant, appeal);
                var appealed = new ModerationAppealed(principal, appeal.Id, TextDigest.Of(appeal.Text));
                await journal.AppendAsync(work, context, "moderation/" + principal, locked.Version, PolicyEvents.ModerationAppealed, appealed, PolicyJson.Default.ModerationAppealed);
                return appeal;
            },
            cancellationToken);
        return TypedResults.Created("/v1/moderation/standing", AppealAnswer.Of(filed));
    }

    internal async Task<Ok<StandingAnswer>> StandingAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var hours = (await policies.OfAsync(context.Tenant, cancellationToken)).Policy?.Document.Moderation.Ladder.WindowHours ?? 24;
        var standing = await strikes.StandingAsync(context.Tenant, context.Principal.Id, (clock.GetUtcNow() - TimeSpan.FromHours(hours)).ToMicros(), cancellationToken);
        var newest = await appeals.NewestAsync(context.Tenant, context.Principal.Id, cancellationToken);
        return TypedResults.Ok(new StandingAnswer(standing.Strikes, standing.Locked, newest is null ? null : AppealAnswer.Of(newest)));
    }
}
