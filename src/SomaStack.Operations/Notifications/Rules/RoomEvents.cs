using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Hears the rooms' events and does what <see cref="EventRules"/> says, in the transaction that also moves the consumer on. Ids follow from the
/// event, so an event that is delivered or replayed again tells nobody twice.
/// </summary>
internal sealed class RoomEvents(PublishNotification publish, IPeople people, Journal journal, LiveHints live, ISettings settings, TimeProvider clock)
{
    /// <summary>Never renamed: the consumer's place hangs on it.</summary>
    public const string Consumer = "notifications.rules";

    /// <summary>What is older when it is heard is history: an installation that gets this room must not be told of its whole past.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromDays(3);

    public async Task TakeAsync(JournalLine line, DbWork work)
    {
        if (line.OccurredAt < clock.GetUtcNow() - Fresh) return;
        var effects = EventRules.Of(line);
        for (var i = 0; i < effects.Count; i++)
        {
            var effect = effects[i];
            foreach (var tenant in await TenantsAsync(line, work, effect))
            {
                var context = RequestContext.ForSystem(tenant, settings.Mode) with { TraceId = line.TraceId };
                if (effect is Tell tell) await publish.PublishAsync(work, context, tell.Draft with { Id = Ids.Derive($"notification\n{tenant}\n{line.Id}\n{i}") });
                else if (effect is Resolve over) await ResolveAsync(work, context, over);
            }
        }
    }

    private async Task<IReadOnlyList<string>> TenantsAsync(JournalLine line, DbWork work, RuleEffect effect) => line.Tenant != Db.AllTenants ? [line.Tenant] : effect switch
    {
        Tell { Installation: true } tell => await people.TenantsAsync(work, tell.Draft.Audience.Capability),
        Resolve => await people.TenantsAsync(work, null),
        _ => [],
    };

    /// <summary>What it was about is over: nobody is asked any more, and feeds take it off their lists of what waits.</summary>
    private async Task ResolveAsync(DbWork work, RequestContext context, Resolve over)
    {
        foreach (var one in await NotificationStore.ResolveAsync(work, context.Tenant, over.Subject, over.Resolution, clock.NowMicros()))
        {
            await TimerStore.RemoveAsync(work, context.Tenant, TimerKinds.Escalate, one.Id);
            await live.ChangedAsync(work, context.Tenant, "", one.Id);
            await journal.AppendAsync(work, context, NotificationEvents.Resolved, new NotificationResolved(one.Id, one.Sequence, over.Resolution), NotificationsJson.Default.NotificationResolved);
        }
    }
}
