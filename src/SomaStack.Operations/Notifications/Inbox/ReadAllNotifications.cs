using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>POST /v1/notifications/read-all</c> and its undo. It moves one mark, however many there are; what arrives meanwhile stays unread, since the
/// caller says up to where it looked.
/// </summary>
internal sealed class ReadAllNotifications(NotificationStore store, InboxReader reader, LiveHints live, Db db, TimeProvider clock)
{
    /// <param name="Through">The sequence of the newest that was shown; absent for the newest of all.</param>
    internal sealed record Request(long? Through = null);

    /// <param name="Undo">Sent to <c>/v1/notifications/read-all/undo</c>, takes it back until the next one.</param>
    internal sealed record Response(long Through, string Undo, InboxCounts Counts);

    internal sealed record UndoRequest(string Undo);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/notifications/read-all", static (Request request, RequestContext context, ReadAllNotifications use, CancellationToken cancellationToken) => use.RunAsync(context, request, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Mark everything as read.");
        routes.MapPost("/v1/notifications/read-all/undo", static (UndoRequest request, RequestContext context, ReadAllNotifications use, CancellationToken cancellationToken) => use.UndoAsync(context, request, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Take the last read-all back.");
    }

    internal async Task<Response> RunAsync(RequestContext context, Request request, CancellationToken cancellationToken)
    {
        var last = await store.LastSequenceAsync(context.Tenant, cancellationToken);
        var through = request.Through ?? last;
        Check.That(through >= 0 && through <= last, "through", "must be the sequence of a notification").OrThrow();
        var now = clock.NowMicros();
        await db.WriteAsync(context.Tenant, async work =>
        {
            await InboxStore.ReadThroughAsync(work, context.Tenant, context.Principal.Id, through, now);
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, "");
        }, cancellationToken);
        return new Response(through, Cursor.Encode(now.ToString(CultureInfo.InvariantCulture)), await CountsAsync(context, cancellationToken));
    }

    internal async Task<InboxCounts> UndoAsync(RequestContext context, UndoRequest request, CancellationToken cancellationToken)
    {
        var at = long.TryParse(Cursor.Decode(request.Undo), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Problem.Invalid("undo", "must be what read-all answered");
        if (!await db.WriteAsync(context.Tenant, async work =>
        {
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, "");
            return await InboxStore.UndoReadThroughAsync(work, context.Tenant, context.Principal.Id, at);
        }, cancellationToken))
            throw NotificationProblems.UndoSpent.Because("It was undone before, or another read-all came after it.");
        return await CountsAsync(context, cancellationToken);
    }

    private Task<InboxCounts> CountsAsync(RequestContext context, CancellationToken cancellationToken) => reader.CountsAsync(context.Tenant, context.Principal.Id, clock.NowMicros(), cancellationToken);
}
