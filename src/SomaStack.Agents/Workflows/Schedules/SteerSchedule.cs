using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary><c>POST /v1/schedules/{id}/pause|resume|trigger|backfill</c> and the times that came: <c>GET /v1/schedules/{id}/fires</c>.</summary>
internal sealed class SteerSchedule(Db db, ScheduleStore store, TimeProvider clock)
{
    private const int BackfillMost = 100;

    internal sealed record PauseRequest(string? Reason = null);

    /// <param name="From">Included.</param>
    /// <param name="To">Included; not after now.</param>
    internal sealed record BackfillRequest(DateTimeOffset From, DateTimeOffset To);

    /// <param name="Added">Times that are begun now; those that had come before are not.</param>
    internal sealed record BackfillResponse(int Times, int Added);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/schedules/{id}/fires", (string id, RequestContext context, SteerSchedule use, string? cursor, int? limit, CancellationToken cancellationToken) => use.ListAsync(id, context, cursor, limit, cancellationToken))
            .Requires(Capability.RunRead).WithTags("schedules").WithSummary("What became of each time, newest first.");
        routes.MapPost("/v1/schedules/{id}/pause", (string id, PauseRequest? request, RequestContext context, SteerSchedule use, HttpContext http, CancellationToken cancellationToken) =>
                use.PauseAsync(id, request?.Reason, context, http, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Pause a schedule.");
        routes.MapPost("/v1/schedules/{id}/resume", (string id, RequestContext context, SteerSchedule use, HttpContext http, CancellationToken cancellationToken) => use.ResumeAsync(id, context, http, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Go on from now; times of the pause are not made up for.");
        routes.MapPost("/v1/schedules/{id}/trigger", (string id, RequestContext context, SteerSchedule use, CancellationToken cancellationToken) => use.TriggerAsync(id, context, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Begin one run now.");
        routes.MapPost("/v1/schedules/{id}/backfill", (string id, BackfillRequest request, RequestContext context, SteerSchedule use, CancellationToken cancellationToken) => use.BackfillAsync(id, request, context, cancellationToken))
            .Requires(Capability.ScheduleManage).WithTags("schedules").WithSummary("Make up for the times of a span that never came.");
    }

    private async Task<Ok<Page<FireView>>> ListAsync(string id, RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        await store.GetAsync(context.Tenant, id, cancellationToken);
        var most = Cursor.Limit(limit);
        var before = Cursor.Decode(cursor) is { } text ? long.TryParse(text, CultureInfo.InvariantCulture, out var micros) ? micros : throw Problem.Invalid("cursor", "is not a cursor that this server issued") : long.MaxValue;
        var page = Cursor.Page(await store.FiresAsync(context.Tenant, id, before, most + 1, cancellationToken), most, static row => row.DueAt.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<FireView>([.. page.Data.Select(FireView.Of)], page.NextCursor));
    }

    private async Task<Ok<ScheduleView>> PauseAsync(string id, string? reason, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        Check.That(reason is null or { Length: > 0 and <= 500 }, "reason", "must have 1 to 500 characters").OrThrow();
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        if (row.Paused is null) row = await ChangeAsync(row with { Paused = reason ?? $"Paused by {context.Principal.Id}.", NextAt = null }, "paused", context, cancellationToken);
        return View(row, http);
    }

    private async Task<Ok<ScheduleView>> ResumeAsync(string id, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        if (row.Paused is not null) row = await ChangeAsync(row with { Paused = null, NextAt = row.Timetable().Next(clock.GetUtcNow())?.ToMicros() }, "resumed", context, cancellationToken);
        return View(row, http);
    }

    private async Task<Accepted<FireView>> TriggerAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        var now = clock.GetUtcNow().ToMicros().ToInstant();
        await db.WriteAsync(context.Tenant, work => store.AddAsync(work, row.Tenant, row.Id, [now], "manual"), cancellationToken);
        return TypedResults.Accepted($"/v1/schedules/{id}/fires", new FireView(now, "manual", "due", null, null, null, null, now));
    }

    private async Task<Accepted<BackfillResponse>> BackfillAsync(string id, BackfillRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await store.GetAsync(context.Tenant, id, cancellationToken);
        Check.That(request.From <= request.To, "from", "must not be after 'to'").And(request.To <= clock.GetUtcNow(), "to", "must not be in the future").OrThrow();
        var times = row.Timetable().Between(request.From, request.To, BackfillMost) ?? throw Problem.Invalid("to", $"spans more than {BackfillMost} times; make several smaller ones");
        var added = await db.WriteAsync(context.Tenant, work => store.AddAsync(work, row.Tenant, row.Id, times, "backfill"), cancellationToken);
        return TypedResults.Accepted($"/v1/schedules/{id}/fires", new BackfillResponse(times.Count, added));
    }

    private async Task<ScheduleRow> ChangeAsync(ScheduleRow row, string what, RequestContext context, CancellationToken cancellationToken)
    {
        var next = row with { Version = row.Version + 1, UpdatedAt = clock.NowMicros() };
        await db.WriteAsync(context.Tenant, work => store.ReplaceAsync(work, context, next, what, next.Paused), cancellationToken);
        return next;
    }

    private Ok<ScheduleView> View(ScheduleRow row, HttpContext http)
    {
        http.Response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(ScheduleView.Of(row, null, clock.GetUtcNow()));
    }
}
