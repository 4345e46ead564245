using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Who hears of it when nobody took charge; pure.</summary>
internal static class EscalationRule
{
    /// <param name="After">Counted from the step before, the first from the publication.</param>
    internal sealed record Step(TimeSpan After, string Capability);

    /// <summary>Only what requires an acknowledgement is escalated; what is merely informative waits for its reader.</summary>
    public static IReadOnlyList<Step> Of(string severity) => severity switch
    {
        "critical" => [new(TimeSpan.FromMinutes(10), Capability.TenantAdmin), new(TimeSpan.FromMinutes(20), Capability.PlatformAdmin)],
        "error" => [new(TimeSpan.FromMinutes(30), Capability.TenantAdmin), new(TimeSpan.FromMinutes(60), Capability.PlatformAdmin)],
        "warning" => [new(TimeSpan.FromMinutes(30), Capability.TenantAdmin)],
        _ => [],
    };

    /// <param name="step">From 0.</param>
    /// <returns>Null when there is no further step.</returns>
    public static DateTimeOffset? Due(string severity, long step, DateTimeOffset before) => step < Of(severity).Count ? before + Of(severity)[(int)step].After : null;
}

/// <summary>
/// Nobody acknowledged it in time: the next audience gets it too, and it comes up again for everybody who has it. Stops with the first
/// acknowledgement, or when what it is about is over.
/// </summary>
internal sealed class Escalate(IPeople people, Journal journal, TimerSignal signal, LiveHints live, Db db, TimeProvider clock)
{
    public Task RunAsync(TimerRow timer, string owner, CancellationToken cancellationToken) => db.WriteAsync(timer.Tenant, async work =>
    {
        var now = clock.NowMicros().ToInstant();
        // First, as in publishing: the counter's lock orders this against an acknowledgement, which takes no number and so reads what is committed.
        var sequence = await NotificationStore.NextSequenceAsync(work, timer.Tenant);
        var notification = await NotificationStore.FindAsync(work, timer.Tenant, timer.Notification);
        var over = notification is null || notification.AcknowledgedAt is not null || notification.ResolvedAt is not null || notification.ExpiresAt <= now;
        var steps = over ? [] : EscalationRule.Of(notification!.Severity);
        if (timer.Step >= steps.Count)
        {
            await TimerStore.EndAsync(work, timer, owner);
            return;
        }
        var next = EscalationRule.Due(notification!.Severity, timer.Step + 1, now);
        if (!(next is { } due ? await TimerStore.GoOnAsync(work, timer with { Step = timer.Step + 1, DueAt = due }, owner) : await TimerStore.EndAsync(work, timer, owner))) return;
        var holders = await people.HoldersAsync(work, timer.Tenant, steps[(int)timer.Step].Capability, PublishNotification.HoldersMax);
        var known = await InboxStore.AddressedAmongAsync(work, timer.Tenant, notification.Id, holders);
        var added = notification.Everybody ? [] : holders.Where(holder => !known.Contains(holder) && holder != notification.Audience.Except).ToList();
        await NotificationStore.RenumberAsync(work, timer.Tenant, notification.Id, sequence);
        await InboxStore.AddressAsync(work, timer.Tenant, notification.Id, sequence, added);
        // The ledger has each target once, so this reaches only who is new.
        await TimerStore.PutAsync(work, new TimerRow(timer.Tenant, Ids.New(clock), TimerKinds.Plan, notification.Id, "", "", timer.Step + 1, now));
        await journal.AppendAsync(
            work, RequestContext.ForSystem(timer.Tenant, DeploymentMode.DeveloperLight), NotificationEvents.Escalated,
            new NotificationEscalated(notification.Id, sequence, timer.Step + 1, added), NotificationsJson.Default.NotificationEscalated);
        await live.PublishedAsync(work, timer.Tenant, sequence);
        work.OnCommit(signal.Ring);
        work.OnCommit(() => NotificationMetrics.Escalated.Add(1, new KeyValuePair<string, object?>("severity", notification.Severity)));
    }, cancellationToken);
}
