using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>What gathered for somebody becomes one digest a day, and one delivery by e-mail. Without an address that wants it, it waits a day more.</summary>
internal sealed class AssembleDigest(TargetStore targets, INotificationPreferences preferences, DeliverySignal signal, Db db, TimeProvider clock)
{
    public async Task RunAsync(TimerRow timer, string owner, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros().ToInstant();
        var wanted = await preferences.OfAsync(timer.Tenant, timer.Principal, cancellationToken);
        var hour = wanted.Digest ?? DigestPreference.Default with { TimeZone = wanted.QuietHours?.TimeZone ?? "UTC" };
        // The hours may have been changed since the timer was set.
        var due = Planner.Earliest(Severities.All[0], wanted, now);
        var target = (await targets.OfAsync(timer.Tenant, timer.Principal, cancellationToken))
            .FirstOrDefault(static one =>
                one.Channel == NotificationChannels.Email && !one.Unsubscribed.Contains("*") && !one.Unsubscribed.Contains(EmailChannel.DigestScope));
        await db.WriteAsync(timer.Tenant, async work =>
        {
            var digest = Ids.New(clock);
            // Of a day whose digest has gone out already, the rest is tomorrow's.
            var made = target is not null && due == now && await DigestStore.BeginAsync(work, timer.Tenant, digest, timer.Principal, hour.DayOf(now), now);
            if (!made)
            {
                var next = due > now ? due : Planner.Earliest(Severities.All[0], wanted, hour.Next(now));
                await TimerStore.GoOnAsync(work, timer with { DueAt = next }, owner);
                return;
            }
            if (!await TimerStore.EndAsync(work, timer, owner)) throw new LostTimerException(timer.Id);
            if (await DigestStore.TakeAsync(work, timer.Tenant, timer.Principal, digest) == 0) return;
            await DeliveryStore.QueueAsync(work, new NewDelivery(timer.Tenant, "", digest, timer.Principal, NotificationChannels.Email, target!.Address, now, "digest"), now);
            work.OnCommit(signal.Ring);
        }, cancellationToken);
    }
}

/// <summary>Another replica has taken the timer; what was begun is undone.</summary>
internal sealed class LostTimerException(string id) : Exception($"Timer {id} was taken by another replica.");
