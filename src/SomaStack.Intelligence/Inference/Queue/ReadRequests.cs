using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// <c>GET /v1/requests</c>, <c>/v1/requests/dead</c>, <c>/v1/requests/{id}</c> and its events. A principal reads its own; whoever has
/// <c>tenant:admin</c> reads all of the tenant's.
/// </summary>
internal static class ReadRequests
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/requests", ListAsync).Requires(Capability.InferenceInvoke).WithTags("requests").WithSummary("List your requests, newest first.");
        routes.MapGet("/v1/requests/dead", DeadAsync).Requires(Capability.InferenceInvoke).WithTags("requests").WithSummary("List requests that were tried as often as they may be.");
        routes.MapGet("/v1/requests/{id}", OneAsync).Requires(Capability.InferenceInvoke).WithTags("requests").WithSummary("Read a request and its result.");
        routes.MapGet("/v1/requests/{id}/events", EventsAsync).Requires(Capability.InferenceInvoke).WithoutTimeLimit()
            .Produces(200, contentType: "text/event-stream").WithTags("requests").WithSummary("Follow a request, resumable.");
    }

    public static bool SeesAll(RequestContext context) => context.Capabilities.Has(Capability.TenantAdmin);

    private static async Task<Ok<Page<RequestSummary>>> ListAsync(
        RequestContext context, RequestStore store, CancellationToken cancellationToken, string? state = null, string? cursor = null, int? limit = null)
    {
        Check.That(state is null || RequestRow.PhaseOf(state) is not null, "state", "must be queued, running, succeeded, failed or cancelled").OrThrow();
        return TypedResults.Ok(await store.ListAsync(context, SeesAll(context), state, onlyDead: false, cursor, Cursor.Limit(limit), cancellationToken));
    }

    private static async Task<Ok<Page<RequestSummary>>> DeadAsync(RequestContext context, RequestStore store, CancellationToken cancellationToken, string? cursor = null, int? limit = null) =>
        TypedResults.Ok(await store.ListAsync(context, SeesAll(context), "failed", onlyDead: true, cursor, Cursor.Limit(limit), cancellationToken));

    private static async Task<Ok<RequestView>> OneAsync(string id, RequestContext context, RequestStore store, CancellationToken cancellationToken)
    {
        var (row, result) = await store.GetAsync(context, id, SeesAll(context), cancellationToken);
        return TypedResults.Ok(row.View(result is null ? null : JsonSerializer.Deserialize(result, QueueJson.Default.RequestResult)));
    }

    private static async Task<IResult> EventsAsync(
        string id, RequestContext context, RequestStore store, ReadStream streams, HttpContext http, CancellationToken cancellationToken, long after = 0)
    {
        Check.That(after >= 0, "after", "must not be negative").OrThrow();
        await store.GetAsync(context, id, SeesAll(context), cancellationToken);
        if (http.Request.Headers.TryGetValue("Last-Event-ID", out var last) && long.TryParse(last, out var seen) && seen > after) after = seen;
        return new EventStream<RequestStreamEvent>(streams.ReadAsync(context.Tenant, id, after, http.RequestAborted), static item => new ServerSentEvent(item.Seq, item.Type, item.Data));
    }
}
