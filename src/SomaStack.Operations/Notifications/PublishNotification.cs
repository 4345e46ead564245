using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>The one way in, whatever it comes from: a route, another program's message or a room's event.</summary>
internal sealed class PublishNotification(IPeople people, Journal journal, TimerSignal signal, LiveHints live, TimeProvider clock) : INotifications
{
    public const int HoldersMax = 1000;

    public async Task<PublishedNotification> PublishAsync(DbWork work, RequestContext context, NotificationDraft draft)
    {
        DraftRules.Check(draft);
        // Before anything is looked up: of two that publish the same at once, the second waits here and then sees the first.
        var sequence = await NotificationStore.NextSequenceAsync(work, context.Tenant);
        var now = clock.NowMicros().ToInstant();
        if (draft.Id is { } known && await NotificationStore.FindAsync(work, context.Tenant, known) is { } there) return Known(there);
        if (draft.DedupeKey is { } key && await NotificationStore.FindOpenAsync(work, context.Tenant, key, now.ToMicros()) is { } open) return await AgainAsync(work, context, open, now);

        var row = RowOf(context, draft, sequence, now);
        var reached = await ReachedAsync(work, context.Tenant, draft.Audience);
        await NotificationStore.InsertAsync(work, row, draft.DedupeKey is null ? DateTimeOffset.UnixEpoch : now + draft.DedupeWindow);
        await InboxStore.AddressAsync(work, context.Tenant, row.Id, sequence, reached);
        await TimerStore.AddAsync(work, new TimerRow(context.Tenant, Ids.New(clock), TimerKinds.Plan, row.Id, "", "", 0, now));
        if (row.RequiresAck && EscalationRule.Due(row.Severity, 0, now) is { } due)
            await TimerStore.AddAsync(work, new TimerRow(context.Tenant, Ids.New(clock), TimerKinds.Escalate, row.Id, "", "", 0, due));
        await journal.AppendAsync(
            work, context, Subject(row.Id), 1, NotificationEvents.Published,
            new NotificationPublished(row.Id, sequence, row.Kind, row.Severity, row.Source, row.Subject, row.Everybody, reached, row.RequiresAck, now), NotificationsJson.Default.NotificationPublished);
        await live.PublishedAsync(work, context.Tenant, sequence);
        work.OnCommit(signal.Ring);
        work.OnCommit(() => NotificationMetrics.Published.Add(1, new("kind", row.Kind), new("severity", row.Severity)));
        return new PublishedNotification(row.Id, sequence, 1, false);
    }

    public static string Subject(string id) => "notification/" + id;

    private async Task<PublishedNotification> AgainAsync(DbWork work, RequestContext context, Notification open, DateTimeOffset now)
    {
        await NotificationStore.CountAgainAsync(work, context.Tenant, open.Id, now.ToMicros());
        await journal.AppendAsync(
            work, context, NotificationEvents.Repeated, new NotificationRepeated(open.Id, open.Sequence, open.Count + 1), NotificationsJson.Default.NotificationRepeated);
        await live.ChangedAsync(work, context.Tenant, "", open.Id);
        work.OnCommit(static () => NotificationMetrics.Repeated.Add(1));
        return new PublishedNotification(open.Id, open.Sequence, open.Count + 1, true);
    }

    private async Task<List<string>> ReachedAsync(DbWork work, string tenant, Audience audience)
    {
        if (audience.Everybody) return [];
        var reached = audience.Capability is { } capability
            ? await people.HoldersAsync(work, tenant, capability, HoldersMax)
            : await people.ActiveAsync(work, tenant, [.. audience.Principals!.Distinct(StringComparer.Ordinal)]);
        reached.Remove(audience.Except ?? "");
        return reached;
    }

    private static Notification RowOf(RequestContext context, NotificationDraft draft, long sequence, DateTimeOffset now) => new(
        context.Tenant, draft.Id ?? Ids.New(), sequence, draft.Kind, draft.Severity, draft.Title, draft.Body, draft.Link, draft.Channel, draft.GroupKey, draft.DedupeKey, draft.Source,
        draft.Subject, draft.Untrusted, draft.Metadata, draft.Audience, draft.RequiresAck, context.Principal.Id, now, draft.ExpiresAt, 1, now, null, null, null, null);

    private static PublishedNotification Known(Notification there) => new(there.Id, there.Sequence, there.Count, true);
}
