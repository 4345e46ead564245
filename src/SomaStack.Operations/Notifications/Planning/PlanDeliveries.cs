using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Works out the deliveries of one notification, a batch of people at a time; how far it came stands in its timer. A broadcast to many costs
/// two queries for a batch of people who are reached nowhere outside, and four more for each one who is.
/// </summary>
internal sealed class PlanDeliveries(
    NotificationStore store, InboxStore inbox, TargetStore targets, DeliveryHistory history, IPeople people, INotificationPreferences preferences, DeliverySignal signal, Db db, TimeProvider clock)
{
    public const int Batch = 200;

    private static readonly NotificationPreferences Everything = new([.. NotificationChannels.All.Select(static channel => new ChannelPreference(channel))]);

    private sealed record Person(string Principal, IReadOnlyList<Planned> Planned, DigestPreference Digest, QuietHours? Quiet);

    public async Task RunAsync(TimerRow timer, string owner, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros().ToInstant();
        var notification = await store.FindAsync(timer.Tenant, timer.Notification, cancellationToken);
        var over = notification is null || notification.ResolvedAt is not null || notification.ExpiresAt <= now;
        List<string> batch = over ? [] : await BatchAsync(notification!, timer, cancellationToken);
        var planned = new List<Person>();
        var reached = batch.Count == 0 ? [] : await targets.ReachedAsync(timer.Tenant, batch, cancellationToken);
        foreach (var principal in reached) planned.Add(await PlanAsync(notification!, principal, now, cancellationToken));
        // The tenant's own endpoints hear of everything that is not addressed by name: they stand in for the room, not for a person.
        if (!over && timer is { AfterPrincipal: "", Step: 0 } && notification!.Audience.Principals is null) planned.Add(await PlanAsync(notification, "", now, cancellationToken));
        await db.WriteAsync(timer.Tenant, async work =>
        {
            var mine = batch.Count < Batch ? await TimerStore.EndAsync(work, timer, owner) : await TimerStore.GoOnAsync(work, timer with { AfterPrincipal = batch[^1], DueAt = now }, owner);
            if (!mine) return;
            foreach (var person in planned) await WriteAsync(work, notification!, person, timer.Step, now);
            work.OnCommit(signal.Ring);
        }, cancellationToken);
    }

    private async Task<List<string>> BatchAsync(Notification notification, TimerRow timer, CancellationToken cancellationToken) => notification.Everybody
        ? await people.ListAsync(timer.Tenant, timer.AfterPrincipal, Batch, cancellationToken)
        : await inbox.AddressedAsync(timer.Tenant, notification.Id, timer.AfterPrincipal, Batch, cancellationToken);

    private async Task<Person> PlanAsync(Notification notification, string principal, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // An endpoint of the tenant says itself what it wants, and sleeps never.
        var wanted = principal.Length == 0 ? Everything : await preferences.OfAsync(notification.Tenant, principal, cancellationToken);
        var (sent, grouped) = await history.OfAsync(notification, principal, now - TimeSpan.FromHours(1), now - Planner.GroupWindow, cancellationToken);
        var facts = new PersonFacts(
            wanted, await targets.OfAsync(notification.Tenant, principal, cancellationToken), await inbox.MutesAsync(notification.Tenant, principal, cancellationToken), sent, grouped);
        return new Person(principal, Planner.Plan(notification, facts, now), wanted.Digest ?? DigestPreference.Default with { TimeZone = wanted.QuietHours?.TimeZone ?? "UTC" }, wanted.QuietHours);
    }

    private async Task WriteAsync(DbWork work, Notification notification, Person person, long step, DateTimeOffset now)
    {
        foreach (var one in person.Planned)
        {
            if (one.Fate is Fate.Now or Fate.Later)
                await DeliveryStore.QueueAsync(
                    work, new NewDelivery(notification.Tenant, notification.Id, "", person.Principal, one.Target.Channel, one.Target.Address, one.DueAt, step > 0 ? "escalation" : one.Reason), now);
            work.OnCommit(() => NotificationMetrics.Planned.Add(1, new("channel", one.Target.Channel), new("fate", Name(one.Fate)), new("reason", one.Reason)));
        }
        if (person.Planned.FirstOrDefault(static one => one.Fate == Fate.Digest) is not { } item) return;
        await DigestStore.AddAsync(work, notification, person.Principal, item.Reason, now);
        var due = person.Digest.Next(now);
        await TimerStore.AddAsync(work, new TimerRow(notification.Tenant, Ids.New(clock), TimerKinds.Digest, "", person.Principal, "", 0, person.Quiet?.FirstOutside(due) ?? due));
    }

    private static string Name(Fate fate) => fate switch
    {
        Fate.Now => "now",
        Fate.Later => "later",
        Fate.Digest => "digest",
        _ => "inbox_only",
    };
}
