using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Writes down how an attempt went: the ledger, the target when it is gone, the journal and the word to whoever must know, in one
/// transaction. An attempt that was taken over meanwhile writes nothing.
/// </summary>
internal sealed class EndAttempt(Db db, INotifications notify, NotBefore notBefore, Journal journal, ISettings settings, TimeProvider clock)
{
    /// <summary>An endpoint that answers nothing but failures for so long is switched off.</summary>
    public static readonly TimeSpan FailingMax = TimeSpan.FromDays(5);

    public Task CancelAsync(LedgerRow row, string why, TimeSpan took, CancellationToken cancellationToken) =>
        WriteAsync(row, new AttemptEnd(DeliveryStates.Cancelled, "cancelled", why, null, null, took), cancellationToken);

    /// <summary>It is night where its person is: nothing was sent.</summary>
    public Task PutOffAsync(LedgerRow row, DateTimeOffset until, CancellationToken cancellationToken) =>
        WriteAsync(row, new AttemptEnd(DeliveryStates.Waiting, "put_off", "Quiet hours.", null, until, TimeSpan.Zero), cancellationToken);

    /// <summary>The program stops: somebody else goes on at once.</summary>
    public Task InterruptAsync(LedgerRow row, TimeSpan took, CancellationToken cancellationToken) =>
        WriteAsync(row, new AttemptEnd(DeliveryStates.Waiting, "interrupted", "", null, clock.GetUtcNow(), took), cancellationToken);

    public async Task RunAsync(LedgerRow row, DeliveryOutcome said, TimeSpan took, CancellationToken cancellationToken)
    {
        var planned = Decide(row, said, clock.GetUtcNow(), Random.Shared.NextDouble(), took);
        if (planned.DueAt is { } next) planned = planned with { DueAt = await notBefore.OfAsync(row, next, cancellationToken) };
        await db.WriteAsync(row.Tenant, async work =>
        {
            var now = clock.GetUtcNow();
            var outcome = row.Channel == NotificationChannels.Webhook ? await JudgeAsync(work, row, said, now) : said;
            var end = outcome == said ? planned : Decide(row, outcome, now, 0, took);
            if (!await DeliveryStore.EndAsync(work, row, end, now)) return;
            Counted(work, row, end, now);
            var context = RequestContext.ForSystem(row.Tenant, settings.Mode);
            if (outcome.Result == DeliveryResult.Disabled) await DisableAsync(work, context, row, outcome.Reason, now);
            if (end.State == DeliveryStates.Dead)
                await journal.AppendAsync(
                    work, context, ChannelEvents.Dead, new DeliveryEnded(row.Id, row.Notification, row.Principal, row.Channel, row.Attempt, outcome.Reason), ChannelsJson.Default.DeliveryEnded);
        }, cancellationToken);
    }

    /// <summary>Keeps since when an endpoint fails, and ends it when that is too long.</summary>
    private static async Task<DeliveryOutcome> JudgeAsync(DbWork work, LedgerRow row, DeliveryOutcome said, DateTimeOffset now)
    {
        if (said.Result is DeliveryResult.Refused or DeliveryResult.Disabled) return said;
        var since = await WebhookStore.FailingSinceAsync(work, row.Tenant, row.Target, said.Result == DeliveryResult.Retry, now);
        return since is null || now - since < FailingMax
            ? said
            : said with { Result = DeliveryResult.Disabled, Reason = $"It has answered nothing but failures since {since:yyyy-MM-dd}; the last: {said.Reason}" };
    }

    /// <summary>Where the delivery stands after the attempt. Pure.</summary>
    internal static AttemptEnd Decide(LedgerRow row, DeliveryOutcome outcome, DateTimeOffset now, double random, TimeSpan took)
    {
        var status = (long?)outcome.Status;
        return outcome.Result switch
        {
            DeliveryResult.Delivered => new AttemptEnd(DeliveryStates.Delivered, "delivered", outcome.Reason, status, null, took),
            DeliveryResult.Refused => new AttemptEnd(DeliveryStates.Refused, "refused", outcome.Reason, status, null, took),
            DeliveryResult.Disabled => new AttemptEnd(DeliveryStates.Refused, "disabled", outcome.Reason, status, null, took),
            _ => RetrySchedule.Next(row.Attempt, now, row.GiveUpAt, outcome.After, random) is { } next
                ? new AttemptEnd(DeliveryStates.Waiting, "retry", outcome.Reason, status, next, took)
                : new AttemptEnd(DeliveryStates.Dead, "retry", outcome.Reason, status, null, took),
        };
    }

    private Task WriteAsync(LedgerRow row, AttemptEnd end, CancellationToken cancellationToken) => db.WriteAsync(row.Tenant, async work =>
    {
        var now = clock.GetUtcNow();
        if (await DeliveryStore.EndAsync(work, row, end, now)) Counted(work, row, end, now);
    }, cancellationToken);

    private async Task DisableAsync(DbWork work, RequestContext context, LedgerRow row, string reason, DateTimeOffset now)
    {
        if (!await TargetStore.DisableAsync(work, row, reason, now)) return;
        var endpoint = row.Channel == NotificationChannels.Webhook;
        await journal.AppendAsync(work, context, ChannelEvents.TargetDisabled, new TargetDisabled(row.Principal, row.Channel, endpoint ? row.Target : null, reason), ChannelsJson.Default.TargetDisabled);
        work.OnCommit(() => ChannelMetrics.Disabled.Add(1, new KeyValuePair<string, object?>("channel", row.Channel)));
        await notify.PublishAsync(work, context, new NotificationDraft(
            NotificationKinds.Alert, "error", endpoint ? "A webhook endpoint was switched off" : $"Your address for {row.Channel} was switched off",
            reason.Length > 1000 ? reason[..1000] : reason, row.Principal.Length == 0 ? Audience.Holders(Capability.TenantAdmin) : Audience.Of(row.Principal))
        {
            Source = ChannelEvents.TargetDisabled, Subject = $"{row.Channel}/{(endpoint ? row.Target : row.Principal)}", Untrusted = true,
            DedupeKey = $"disabled/{row.Channel}/{(endpoint ? row.Target : row.Principal)}",
        });
    }

    private static void Counted(DbWork work, LedgerRow row, AttemptEnd end, DateTimeOffset now) => work.OnCommit(() => ChannelMetrics.Ended(row, end, now));
}
