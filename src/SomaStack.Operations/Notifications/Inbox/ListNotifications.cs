using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>What one person has: the list, the ancestor's backlog, groups and counts. Everybody reads his own, whatever he may do otherwise.</summary>
internal sealed class ListNotifications(InboxReader reader, TimeProvider clock)
{
    private const int BacklogMax = 500;
    private const int BacklogDefault = 50;

    /// <param name="Results">Oldest first.</param>
    internal sealed record Backlog(DateTimeOffset GeneratedAt, string TenantId, IReadOnlyList<BacklogRecord> Results);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/notifications", static (
                string? state, string? severity, string? kind, string? group, string? cursor, int? limit, RequestContext context, ListNotifications use, CancellationToken cancellationToken) =>
                use.ListAsync(context, state, severity, kind, group, cursor, limit, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Your notifications, newest first; severity is the lowest shown.");
        routes.MapGet("/v1/notifications/backlog", static (int? limit, string? tenant_id, RequestContext context, ListNotifications use, CancellationToken cancellationToken) =>
                use.BacklogAsync(context, limit, tenant_id, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Your last notifications in the ancestor's form, oldest first.");
        routes.MapGet("/v1/notifications/counts", static (RequestContext context, ListNotifications use, CancellationToken cancellationToken) =>
                use.CountsAsync(context, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("How many are unread and how many wait for you.");
        routes.MapGet("/v1/notifications/groups", static (string? cursor, int? limit, RequestContext context, ListNotifications use, CancellationToken cancellationToken) =>
                use.GroupsAsync(context, cursor, limit, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Your notifications by group, the group that spoke last first.");
        routes.MapGet("/v1/notifications/{id}", static (string id, RequestContext context, ListNotifications use, CancellationToken cancellationToken) => use.GetAsync(context, id, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("One notification.");
    }

    internal async Task<Page<NotificationView>> ListAsync(
        RequestContext context, string? state, string? severity, string? kind, string? group, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        Check.That(state is null || InboxFilter.States.Contains(state), "state", "must be one of " + string.Join(", ", InboxFilter.States))
            .And(severity is null || Severities.Rank(severity) >= 0, "severity", "must be one of " + string.Join(", ", Severities.All))
            .And(kind is null || NotificationKinds.All.Contains(kind), "kind", "must be one of " + string.Join(", ", NotificationKinds.All))
            .And(group is null or { Length: <= DraftRules.KeyMax }, "group", $"must have at most {DraftRules.KeyMax} characters").OrThrow();
        var size = Cursor.Limit(limit);
        var filter = new InboxFilter(state ?? InboxFilter.Any, severity is null ? 0 : Severities.Rank(severity), kind ?? "", group ?? "");
        var rows = await reader.ListAsync(context.Tenant, context.Principal.Id, filter, Before(cursor), size + 1, clock.NowMicros(), cancellationToken);
        return Cursor.Page([.. rows.Select(row => NotificationView.Of(row.Item, row.Muted, clock.GetUtcNow()))], size, static view => view.Sequence.ToString(CultureInfo.InvariantCulture));
    }

    internal async Task<NotificationView> GetAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await reader.FindAsync(context.Tenant, context.Principal.Id, id, clock.NowMicros(), cancellationToken) is { } row
            ? NotificationView.Of(row.Item, row.Muted, clock.GetUtcNow())
            : throw NotificationProblems.Unknown.Because("No notification of yours has this id.");

    private Task<InboxCounts> CountsAsync(RequestContext context, CancellationToken cancellationToken) =>
        reader.CountsAsync(context.Tenant, context.Principal.Id, clock.NowMicros(), cancellationToken);

    private async Task<Backlog> BacklogAsync(RequestContext context, int? limit, string? tenant, CancellationToken cancellationToken)
    {
        SendNotification.OwnTenant(context, tenant);
        Check.That(limit is null or (>= 1 and <= BacklogMax), "limit", $"must be between 1 and {BacklogMax}").OrThrow();
        var rows = await reader.ListAsync(
            context.Tenant, context.Principal.Id, new InboxFilter(InboxFilter.Any, 0, "", ""), long.MaxValue, limit ?? BacklogDefault, clock.NowMicros(), cancellationToken);
        rows.Reverse();
        return new Backlog(clock.GetUtcNow(), context.Tenant, [.. rows.Select(static row => RecordOf(row.Item.Notification))]);
    }

    private async Task<Page<InboxGroup>> GroupsAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await reader.GroupsAsync(context.Tenant, context.Principal.Id, Before(cursor), size + 1, clock.NowMicros(), cancellationToken);
        return Cursor.Page(rows, size, static group => group.LastSequence.ToString(CultureInfo.InvariantCulture));
    }

    private static BacklogRecord RecordOf(Notification one) => new(one.Tenant, one.Channel, one.Body.Length > 0 ? one.Body : one.Title, one.Severity, one.Metadata, one.CreatedAt);

    private static long Before(string? cursor) => Cursor.Decode(cursor) is not { } text ? long.MaxValue
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
}
