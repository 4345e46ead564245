using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// What waits, what was refused and how far behind the replay is. Everybody sees his own items; a tenant's administrator sees all of the tenant.
/// </summary>
internal static class ReadOutbox
{
    /// <param name="Id">The client's own, or the Idempotency-Key of a request that had to wait.</param>
    /// <param name="ItemId">Names it in <c>/v1/outbox/dead-letters/{id}</c>.</param>
    internal sealed record ItemView(
        string Id, string ItemId, string Op, string Key, string State, DateTimeOffset AcceptedAt, DateTimeOffset? CreatedAt, long Attempts, DateTimeOffset? NextAttemptAt, string? LastError, long Bytes);

    /// <param name="Body">What was refused.</param>
    internal sealed record LetterView(
        string Id, string ItemId, string Op, string Key, string Principal, DateTimeOffset AcceptedAt, DateTimeOffset? CreatedAt, long Attempts, string? Reason, JsonElement Body);

    /// <param name="OldestAgeSeconds">Null when nothing waits.</param>
    /// <param name="ReplayRate">Items a second that this replica applied, over the last minute.</param>
    /// <param name="Brain">in_process, reachable or unreachable.</param>
    internal sealed record StatusView(long Depth, long Bytes, double? OldestAgeSeconds, double ReplayRate, long DeadLetters, string Brain, string Buffer);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/outbox", ListAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("List buffered writes in the order of acceptance.");
        routes.MapGet("/v1/outbox/status", StatusAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Depth, age and replay rate of the tenant's buffer.");
        routes.MapGet("/v1/outbox/dead-letters", LettersAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("List buffered writes that were refused.");
        routes.MapPost("/v1/outbox/dead-letters/{id}/replay", ReplayAsync).Requires(Capability.MemoryWrite).WithoutReplay().Produces<ItemView>(202).WithTags("memory").WithSummary("Queue a refused write again.");
    }

    private static async Task<Ok<Page<ItemView>>> ListAsync(RequestContext context, Buffers buffers, string? state, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        Check.That(state is null or BufferState.Queued or BufferState.Dead or BufferState.Done, "state", "must be queued, dead or done").OrThrow();
        var page = await buffers.PageAsync(context.Tenant, SeenBy(context), state, cursor, Cursor.Limit(limit), cancellationToken);
        return TypedResults.Ok(new Page<ItemView>([.. page.Data.Select(View)], page.NextCursor));
    }

    private static async Task<Ok<Page<LetterView>>> LettersAsync(RequestContext context, Buffers buffers, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var page = await buffers.PageAsync(context.Tenant, SeenBy(context), BufferState.Dead, cursor, Cursor.Limit(limit), cancellationToken);
        return TypedResults.Ok(new Page<LetterView>([.. page.Data.Select(Letter)], page.NextCursor));
    }

    private static async Task<Ok<StatusView>> StatusAsync(RequestContext context, Buffers buffers, IBrain brain, BufferMonitor monitor, TimeProvider clock, CancellationToken cancellationToken)
    {
        var totals = await buffers.TotalsAsync(context.Tenant, cancellationToken);
        var age = totals.Oldest is { } oldest ? Math.Max(0, Math.Round((clock.GetUtcNow() - oldest).TotalSeconds, 3)) : (double?)null;
        return TypedResults.Ok(new StatusView(totals.Queued, totals.Bytes, age, Math.Round(monitor.ReplayRate, 3), totals.Dead, brain.State, buffers.Front.Name));
    }

    private static async Task<Accepted<ItemView>> ReplayAsync(string id, RequestContext context, Buffers buffers, CancellationToken cancellationToken)
    {
        Check.That(id.Length <= 64, "id", "must have at most 64 characters").OrThrow();
        var found = await buffers.FindAsync(context.Tenant, id, cancellationToken);
        if (found is not { Item: { State: BufferState.Dead } letter } || SeenBy(context) is { } principal && letter.Item.Principal != principal
            || !await found.Value.Buffer.ReplayAsync(context.Tenant, id, cancellationToken))
            throw GatewayProblems.LetterUnknown.Because("No dead letter of yours has this id.");
        buffers.Accepted.Ring();
        return TypedResults.Accepted((string?)null, View(letter with { State = BufferState.Queued, Attempts = 0 }));
    }

    private static string? SeenBy(RequestContext context) => context.Capabilities.Has(Capability.TenantAdmin) ? null : context.Principal.Id;

    private static ItemView View(BufferedItem item) => new(
        item.Item.ClientId, item.Item.Id, item.Item.Op, item.Item.OrderKey, item.State, item.CreatedAt, item.Item.ClientCreatedAt, item.Attempts,
        item.State == BufferState.Queued ? item.NextAttemptAt : null, item.LastError, item.Bytes);

    private static LetterView Letter(BufferedItem item) => new(
        item.Item.ClientId, item.Item.Id, item.Item.Op, item.Item.OrderKey, item.Item.Principal, item.CreatedAt, item.Item.ClientCreatedAt, item.Attempts, item.LastError, JsonElement.Parse(item.Item.Body));
}
