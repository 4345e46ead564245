using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>POST /v1/notifications/{id}/read</c>, <c>unread</c>, <c>acknowledge</c> and <c>snooze</c>: what one person does with one notification. To
/// acknowledge is to take charge: it ends the escalation for everybody, and stands in the journal.
/// </summary>
internal sealed class MarkNotification(NotificationStore store, ListNotifications list, Journal journal, TimerSignal signal, LiveHints live, Db db, TimeProvider clock)
{
    private static readonly TimeSpan SnoozeMax = TimeSpan.FromDays(31);

    /// <param name="Until">At most 31 days ahead; null ends a snooze.</param>
    internal sealed record SnoozeRequest(DateTimeOffset? Until = null);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/notifications/{id}/read", static (string id, RequestContext context, MarkNotification use, CancellationToken cancellationToken) => use.ReadAsync(context, id, true, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Mark it as read.");
        routes.MapPost("/v1/notifications/{id}/unread", static (string id, RequestContext context, MarkNotification use, CancellationToken cancellationToken) => use.ReadAsync(context, id, false, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Mark it as unread.");
        routes.MapPost("/v1/notifications/{id}/acknowledge", static (string id, RequestContext context, MarkNotification use, CancellationToken cancellationToken) => use.AcknowledgeAsync(context, id, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Take charge of it: nobody else is asked any more.");
        routes.MapPost("/v1/notifications/{id}/snooze", static (string id, SnoozeRequest request, RequestContext context, MarkNotification use, CancellationToken cancellationToken) =>
                use.SnoozeAsync(context, id, request, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Put it away until then.");
    }

    internal async Task<NotificationView> ReadAsync(RequestContext context, string id, bool read, CancellationToken cancellationToken)
    {
        var item = await FindAsync(context, id, cancellationToken);
        await db.WriteAsync(context.Tenant, async work =>
        {
            await InboxStore.MarkReadAsync(work, item, context.Principal.Id, read, clock.NowMicros());
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, id);
        }, cancellationToken);
        return await list.GetAsync(context, id, cancellationToken);
    }

    internal async Task<NotificationView> AcknowledgeAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var item = await FindAsync(context, id, cancellationToken);
        if (!item.Acknowledged)
            await db.WriteAsync(context.Tenant, async work =>
            {
                var now = clock.NowMicros();
                await InboxStore.AcknowledgeAsync(work, item, context.Principal.Id, now);
                await live.ChangedAsync(work, context.Tenant, context.Principal.Id, id);
                if (!await NotificationStore.AcknowledgeAsync(work, context.Tenant, id, context.Principal.Id, now)) return;
                await live.ChangedAsync(work, context.Tenant, "", id);
                await TimerStore.RemoveAsync(work, context.Tenant, TimerKinds.Escalate, id);
                await journal.AppendAsync(
                    work, context, NotificationEvents.Acknowledged, new NotificationAcknowledged(id, item.Notification.Sequence, context.Principal.Id), NotificationsJson.Default.NotificationAcknowledged);
                work.OnCommit(() => NotificationMetrics.AcknowledgedAfter(item.Notification, now));
            }, cancellationToken);
        return await list.GetAsync(context, id, cancellationToken);
    }

    internal async Task<NotificationView> SnoozeAsync(RequestContext context, string id, SnoozeRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        Check.That(request.Until is null || (request.Until > now && request.Until <= now + SnoozeMax), "until", "must be ahead, by at most 31 days").OrThrow();
        var item = await FindAsync(context, id, cancellationToken);
        var until = request.Until?.ToMicros();
        await db.WriteAsync(context.Tenant, async work =>
        {
            await InboxStore.SnoozeAsync(work, item, context.Principal.Id, until);
            await live.ChangedAsync(work, context.Tenant, context.Principal.Id, id);
            var timer = new TimerRow(context.Tenant, Ids.New(clock), TimerKinds.Wake, id, context.Principal.Id, "", 0, (until ?? now.ToMicros()).ToInstant());
            if (until is null) await TimerStore.RemoveAsync(work, context.Tenant, TimerKinds.Wake, id, context.Principal.Id);
            else await TimerStore.PutAsync(work, timer);
            work.OnCommit(signal.Ring);
        }, cancellationToken);
        return await list.GetAsync(context, id, cancellationToken);
    }

    private async Task<InboxItem> FindAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await store.FindAsync(context.Tenant, context.Principal.Id, id, cancellationToken) ?? throw NotificationProblems.Unknown.Because("No notification of yours has this id.");
}
