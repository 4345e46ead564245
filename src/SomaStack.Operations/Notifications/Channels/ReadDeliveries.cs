using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Principal">Null for the tenant's own endpoint.</param>
/// <param name="Target">The id of an endpoint; of another person's address only its ends.</param>
/// <param name="Reason">Why it was due when it was: now, quiet_hours, escalation or digest.</param>
internal sealed record DeliveryView(
    string Id, string? Notification, string? Digest, string? Principal, string Channel, string Target, string State, long Attempts, string Reason, DateTimeOffset CreatedAt,
    DateTimeOffset DueAt, DateTimeOffset GiveUpAt, string? LastError, DateTimeOffset? EndedAt)
{
    public static DeliveryView Of(LedgerRow row, string viewer) => new(
        row.Id, Filled(row.Notification), Filled(row.Digest), Filled(row.Principal), row.Channel,
        row.Channel == NotificationChannels.Webhook || row.Principal == viewer ? row.Target : Masked(row.Target), row.State, row.Attempt, row.Reason, row.CreatedAt, row.DueAt, row.GiveUpAt,
        row.LastError, row.EndedAt);

    internal static string Masked(string address)
    {
        var at = address.LastIndexOf('@');
        return at > 0 ? address[..1] + "\u2026" + address[at..] : address.Length > 4 ? address[..2] + "\u2026" + address[^2..] : "\u2026";
    }

    private static string? Filled(string text) => text.Length == 0 ? null : text;
}

internal sealed record AttemptView(long Attempt, DateTimeOffset StartedAt, double TookMs, string Outcome, string Reason, long? Status);

internal sealed record DeliveryDetail(DeliveryView Delivery, IReadOnlyList<AttemptView> Attempts);

/// <summary>The ledger of what was sent: everybody his own, an administrator the tenant's.</summary>
internal sealed class ReadDeliveries(DeliveryStore store)
{
    private const string Path = "/v1/notifications/deliveries";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (
                RequestContext context, ReadDeliveries use, string? state, string? channel, string? target, string? notification, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, new DeliveryFilter(state, channel, target, notification), cursor, limit, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("List deliveries, newest first.");
        routes.MapGet("/v1/notifications/dead-letters", (RequestContext context, ReadDeliveries use, string? channel, string? target, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, new DeliveryFilter(DeliveryStates.Dead, channel, target), cursor, limit, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("List deliveries that were given up.");
        routes.MapGet(Path + "/{id}", (string id, RequestContext context, ReadDeliveries use, CancellationToken cancellationToken) => use.GetAsync(context, id, cancellationToken))
            .ForAnyPrincipal().WithTags("notifications").WithSummary("Read a delivery with its attempts.");
    }

    internal async Task<Ok<Page<DeliveryView>>> ListAsync(RequestContext context, DeliveryFilter filter, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        Check.That(filter.State is null || DeliveryStates.All.Contains(filter.State), "state", "must be one of " + string.Join(", ", DeliveryStates.All))
            .And(filter.Channel is null || NotificationChannels.All.Contains(filter.Channel), "channel", "must be one of " + string.Join(", ", NotificationChannels.All))
            .And(filter.Target is null or { Length: > 0 and <= 320 }, "target", "must have 1 to 320 characters")
            .And(filter.Notification is null or { Length: > 0 and <= 64 }, "notification", "must have 1 to 64 characters")
            .OrThrow();
        var size = Cursor.Limit(limit);
        var own = context.Capabilities.Has(Capability.TenantAdmin) ? null : context.Principal.Id;
        var rows = await store.ListAsync(context.Tenant, own, filter, Cursor.Decode(cursor), size + 1, cancellationToken);
        return TypedResults.Ok(Cursor.Page([.. rows.Select(row => DeliveryView.Of(row, context.Principal.Id))], size, static view => view.Id));
    }

    internal async Task<Ok<DeliveryDetail>> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await FindAsync(context, id, cancellationToken);
        var attempts = await store.AttemptsAsync(context.Tenant, id, cancellationToken);
        return TypedResults.Ok(new DeliveryDetail(
            DeliveryView.Of(row, context.Principal.Id),
            [.. attempts.Select(static one => new AttemptView(one.Attempt, one.StartedAt, Math.Round(one.Took.TotalMilliseconds, 3), one.Outcome, one.Reason, one.Status))]));
    }

    /// <exception cref="Problem">404 for what the caller may not see.</exception>
    public async Task<LedgerRow> FindAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        return row is not null && (row.Principal == context.Principal.Id || context.Capabilities.Has(Capability.TenantAdmin))
            ? row
            : throw ChannelProblems.DeliveryUnknown.Because("No delivery that you may see has this id.");
    }
}
