using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary><c>GET /v1/mao</c>, newest first, and <c>GET /v1/mao/{id}</c>: one run with its steps, what it waits for and what it has used.</summary>
internal sealed class ReadRuns(RunStore store, RunProgress progress)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/mao", async (RequestContext context, ReadRuns use, string? status, string? capsule, string? kind, string? parent, string? cursor, int? limit, CancellationToken cancellationToken) =>
                TypedResults.Ok(await use.ListAsync(context, status, capsule, kind, parent, cursor, Cursor.Limit(limit), cancellationToken)))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("List runs.");
        routes.MapGet("/v1/mao/{id}", async Task<Ok<RunDetail>> (string id, RequestContext context, ReadRuns use, HttpContext http, CancellationToken cancellationToken) =>
            {
                var view = await use.GetAsync(context, id, cancellationToken);
                http.Response.Headers.ETag = Routes.ETag(view.Events);
                return TypedResults.Ok(view);
            })
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Read a run with its steps.");
    }

    public async Task<Page<RunSummary>> ListAsync(
        RequestContext context, string? status, string? capsule, string? kind, string? parent, string? cursor, int limit, CancellationToken cancellationToken)
    {
        Check.That(status is null || RunStatuses.Parse(status) is not null, "status", "must be running, waiting, compensating, completed, failed or cancelled").OrThrow();
        var page = await store.ListAsync(context.Tenant, status, capsule, kind, parent, cursor, limit, cancellationToken);
        return new Page<RunSummary>([.. page.Data.Select(RunSummary.Of)], page.NextCursor);
    }

    public async Task<RunDetail> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var (row, state) = await StateAsync(context.Tenant, id, cancellationToken);
        return RunDetail.Of(row, state);
    }

    /// <summary>The row first: the history is as new or newer, so nothing that the row says is missing in it. One that was continued meanwhile is read again.</summary>
    public async Task<(RunRow Row, RunState State)> StateAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await store.GetAsync(tenant, id, cancellationToken);
            var state = await progress.ReadAsync(row, cancellationToken);
            var again = await store.GetAsync(tenant, id, cancellationToken);
            if (again.Base == row.Base && state.Plan is not null) return (again, state);
        }
    }
}
