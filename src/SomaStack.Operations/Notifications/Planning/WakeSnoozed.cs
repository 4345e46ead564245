using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>A snooze is over: feeds of that person hear of it. In lists it is so by the clock alone.</summary>
internal sealed class WakeSnoozed(Journal journal, LiveHints live, Db db, TimeProvider clock)
{
    public Task RunAsync(TimerRow timer, string owner, CancellationToken cancellationToken) => db.WriteAsync(timer.Tenant, async work =>
    {
        if (!await TimerStore.EndAsync(work, timer, owner)) return;
        if (await NotificationStore.FindAsync(work, timer.Tenant, timer.Notification) is not { } notification) return;
        await InboxStore.WakeAsync(work, timer.Tenant, timer.Principal, notification.Id, clock.NowMicros());
        await live.ChangedAsync(work, timer.Tenant, timer.Principal, notification.Id);
        await journal.AppendAsync(
            work, RequestContext.ForSystem(timer.Tenant, DeploymentMode.DeveloperLight), NotificationEvents.Woken,
            new NotificationWoken(notification.Id, notification.Sequence, timer.Principal), NotificationsJson.Default.NotificationWoken);
    }, cancellationToken);
}
