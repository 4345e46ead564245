using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>/v1/notifications/mutes</c>: one person's own. What is muted leaves the house nowhere and is not unread; the list still has it, and what
/// waits for that person still counts as attention.
/// </summary>
internal sealed class MuteNotifications(InboxStore store, LiveHints live, Db db, TimeProvider clock)
{
    public const int MutesMax = 200;

    private static readonly IReadOnlyList<string> Scopes = [Mute.Group, Mute.Kind, Mute.Source];

    /// <param name="Scope">group, kind or source.</param>
    /// <param name="Value">The group, the kind, or the event type.</param>
    /// <param name="Until">Null for good.</param>
    internal sealed record Request(string Scope, string Value, DateTimeOffset? Until = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/notifications/mutes", static (RequestContext context, MuteNotifications use, CancellationToken cancellationToken) => use.ListAsync(context, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("What you muted.");
        routes.MapPost("/v1/notifications/mutes", static (Request request, RequestContext context, MuteNotifications use, CancellationToken cancellationToken) => use.RunAsync(context, request, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Mute a group, a kind or a source.");
        routes.MapDelete("/v1/notifications/mutes", static (string scope, string value, RequestContext context, MuteNotifications use, CancellationToken cancellationToken) =>
                use.EndAsync(context, scope, value, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Hear of it again.");
    }

    internal async Task<Page<Mute>> ListAsync(RequestContext context, CancellationToken cancellationToken) => new(await store.MutesAsync(context.Tenant, context.Principal.Id, cancellationToken), null);

    internal async Task<Ok<Mute>> RunAsync(RequestContext context, Request request, CancellationToken cancellationToken)
    {
        Check.That(Scopes.Contains(request.Scope), "scope", "must be one of " + string.Join(", ", Scopes))
            .And(DraftRules.IsLine(request.Value, 1, DraftRules.KeyMax), "value", $"must have 1 to {DraftRules.KeyMax} characters on one line")
            .And(request.Scope != Mute.Kind || NotificationKinds.All.Contains(request.Value), "value", "must be one of " + string.Join(", ", NotificationKinds.All))
            .And(request.Until is null || request.Until > clock.GetUtcNow(), "until", "must be ahead").OrThrow();
        var mute = new Mute(request.Scope, request.Value, request.Until, clock.NowMicros().ToInstant());
        if (!await db.WriteAsync(context.Tenant, async work =>
        {
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, "");
            return await InboxStore.MuteAsync(work, context.Tenant, context.Principal.Id, mute, MutesMax);
        }, cancellationToken))
            throw NotificationProblems.MutesFull.Because($"There are {MutesMax} already.");
        return TypedResults.Ok(mute);
    }

    internal async Task<NoContent> EndAsync(RequestContext context, string scope, string value, CancellationToken cancellationToken)
    {
        if (!await db.WriteAsync(context.Tenant, async work =>
        {
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, "");
            return await InboxStore.UnmuteAsync(work, context.Tenant, context.Principal.Id, scope, value);
        }, cancellationToken))
            throw PlatformProblems.NotFound.Because("You have no such mute.");
        return TypedResults.NoContent();
    }
}
