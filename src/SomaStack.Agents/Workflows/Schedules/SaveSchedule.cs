using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// <c>/v1/schedules</c>: list, read, create, replace and delete. A schedule acts as whoever wrote it last, with the rights of then, and
/// they are looked at again each time: nobody lends his rights to what somebody else wrote.
/// </summary>
internal sealed class SaveSchedule(Db db, ScheduleStore store, TemplateRuns templates, TimeProvider clock)
{
    private const int InputsMost = 64 * 1024;

    /// <param name="Template">A template's id; or a capsule.</param>
    /// <param name="Version">Of the capsule; null for the newest approved one at each time.</param>
    /// <param name="Cron">Minute, hour, day of month, month, day of week.</param>
    /// <param name="TimeZone">An IANA name.</param>
    /// <param name="CatchUp">skip, latest or all: what becomes of times at which the program was down.</param>
    /// <param name="Overlap">skip or allow.</param>
    internal sealed record Request(
        string Name, string Cron, string TimeZone = "UTC", string? Template = null, string? Capsule = null, string? Version = null, JsonElement? Inputs = null, string CatchUp = "latest", string Overlap = "skip",
        bool Paused = false);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/schedules", (RequestContext context, SaveSchedule use, string? cursor, int? limit, CancellationToken cancellationToken) => use.ListAsync(context, cursor, limit, cancellationToken))
            .Requires(Capability.RunRead).WithTags("schedules").WithSummary("List schedules with their next five times.");
        routes.MapGet("/v1/schedules/{id}", (string id, RequestContext context, SaveSchedule use, HttpContext http, CancellationToken cancellationToken) => use.GetAsync(id, context, http, cancellationToken))
            .Requires(Capability.RunRead).WithTags("schedules").WithSummary("Read a schedule.");
        routes.MapPost("/v1/schedules", (Request request, RequestContext context, SaveSchedule use, HttpContext http, CancellationToken cancellationToken) => use.CreateAsync(request, context, http, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Run a capsule or a template at set times.");
        routes.MapPut("/v1/schedules/{id}", (string id, Request request, RequestContext context, SaveSchedule use, HttpContext http, CancellationToken cancellationToken) => use.ReplaceAsync(id, request, context, http, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Replace a schedule; needs If-Match. From then on it acts as you.");
        routes.MapDelete("/v1/schedules/{id}", (string id, RequestContext context, SaveSchedule use, HttpContext http, CancellationToken cancellationToken) => use.DeleteAsync(id, context, http, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Delete a schedule; needs If-Match. Runs that it began go on.");
    }

    /// <summary>Checks everything that can be wrong with it, and reads no more than that.</summary>
    public async Task<ScheduleRow> RowAsync(string id, Request request, RequestContext context, CancellationToken cancellationToken)
    {
        context.Require(Capability.RunStart);
        var now = clock.GetUtcNow();
        var table = Timetable.TryCreate(request.Cron, request.TimeZone, out var fault);
        Check.That(!string.IsNullOrWhiteSpace(request.Name) && request.Name.Length <= 200, "name", "must have 1 to 200 characters")
            .And(request.Cron.Length <= 200 && fault?.Field != "cron", "cron", fault?.Field == "cron" ? fault.Value.Message : "must have at most 200 characters")
            .And(fault?.Field != "time_zone", "time_zone", fault?.Message ?? "")
            .And(table is null || table.Next(now) is not null, "cron", "never comes")
            .And(request.Template is null != request.Capsule is null, "capsule", "is needed, or 'template'; not both")
            .And(request.Version is null || request.Capsule is not null, "version", "belongs to 'capsule'")
            .And(request.Inputs is not { } given || (given.ValueKind == JsonValueKind.Object && given.GetRawText().Length <= InputsMost), "inputs", $"must be an object of at most {InputsMost} bytes")
            .And(request.CatchUp is "skip" or "latest" or "all", "catch_up", "must be skip, latest or all")
            .And(request.Overlap is "skip" or "allow", "overlap", "must be skip or allow").OrThrow();
        var target = new ScheduleTarget(request.Template, request.Capsule, request.Version, request.Inputs);
        await templates.CheckAsync(context, target, cancellationToken);
        return new ScheduleRow(
            context.Tenant, id, request.Name, target, request.Cron, request.TimeZone, Enum.Parse<CatchUp>(request.CatchUp, ignoreCase: true), request.Overlap, RunStarter.Of(context),
            request.Paused ? $"Paused by {context.Principal.Id}." : null, 0, request.Paused ? null : table!.Next(now)?.ToMicros(), 1, now.ToMicros(), now.ToMicros());
    }

    private async Task<Ok<Page<ScheduleView>>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var most = Cursor.Limit(limit);
        var page = Cursor.Page(await store.ListAsync(context.Tenant, Cursor.Decode(cursor) ?? "", most + 1, cancellationToken), most, static row => row.Id);
        var last = await store.LastAsync(context.Tenant, page.Data, cancellationToken);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new Page<ScheduleView>([.. page.Data.Select(row => ScheduleView.Of(row, last.GetValueOrDefault(row.Id), now))], page.NextCursor));
    }

    private async Task<Ok<ScheduleView>> GetAsync(string id, RequestContext context, HttpContext http, CancellationToken cancellationToken) =>
        TypedResults.Ok(await ViewAsync(await store.GetAsync(context.Tenant, id, cancellationToken), http, cancellationToken));

    private async Task<Created<ScheduleView>> CreateAsync(Request request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var row = await RowAsync(Ids.For(context, "schedule"), request, context, cancellationToken);
        await db.WriteAsync(context.Tenant, work => store.CreateAsync(work, context, row), cancellationToken);
        return TypedResults.Created($"/v1/schedules/{row.Id}", await ViewAsync(await store.GetAsync(context.Tenant, row.Id, cancellationToken), http, cancellationToken));
    }

    private async Task<Ok<ScheduleView>> ReplaceAsync(string id, Request request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var expected = Routes.IfMatch(http.Request);
        var old = await store.GetAsync(context.Tenant, id, cancellationToken);
        if (old.Version != expected) throw PlatformProblems.VersionMismatch.Because($"The schedule is at version {old.Version}.");
        var row = await RowAsync(id, request, context, cancellationToken) with { Version = expected + 1, CreatedAt = old.CreatedAt, Missed = old.Missed };
        await db.WriteAsync(context.Tenant, work => store.ReplaceAsync(work, context, row, "replaced", null), cancellationToken);
        return TypedResults.Ok(await ViewAsync(row, http, cancellationToken));
    }

    private async Task<NoContent> DeleteAsync(string id, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var expected = Routes.IfMatch(http.Request);
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        if (row.Version != expected) throw PlatformProblems.VersionMismatch.Because($"The schedule is at version {row.Version}.");
        await db.WriteAsync(context.Tenant, work => store.DeleteAsync(work, context, row), cancellationToken);
        return TypedResults.NoContent();
    }

    private async Task<ScheduleView> ViewAsync(ScheduleRow row, HttpContext http, CancellationToken cancellationToken)
    {
        http.Response.Headers.ETag = Routes.ETag(row.Version);
        var last = await store.FiresAsync(row.Tenant, row.Id, long.MaxValue, 1, cancellationToken);
        return ScheduleView.Of(row, last.Count == 0 ? null : last[0], clock.GetUtcNow());
    }
}
