using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// <c>POST /v1/templates/import</c>: an approved capsule becomes a template, is run at once where that is asked for, and is scheduled where
/// that is asked for; all of it or nothing. Where the policy wants a second person for the run, nothing is written before he has agreed.
/// </summary>
internal sealed class ImportTemplate(Db db, SaveTemplate templates, TemplateStore store, SaveSchedule schedules, ScheduleStore scheduled, StartRun start, TimeProvider clock)
{
    /// <param name="CapsuleId">An approved capsule.</param>
    /// <param name="Version">Null for its newest approved one.</param>
    /// <param name="TemplateId">Null for the capsule's id.</param>
    /// <param name="Run">Null for no run.</param>
    /// <param name="Schedule">Null for no schedule.</param>
    internal sealed record Request(string CapsuleId, string? Version = null, string? TemplateId = null, string? Name = null, JsonElement? Defaults = null, RunWish? Run = null, ScheduleWish? Schedule = null);

    internal sealed record RunWish(JsonElement? Inputs = null);

    internal sealed record ScheduleWish(string Cron, string TimeZone = "UTC", JsonElement? Inputs = null, string CatchUp = "latest", string Overlap = "skip");

    internal sealed record Response(RunTemplateView Template, StartRun.Response? Run, ScheduleView? Schedule);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/templates/import", (Request request, RequestContext context, ImportTemplate use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.RunManage).Produces<Response>(201).Produces<ApprovalWanted>(202).WithTags("templates").WithSummary("Make an approved capsule a template, run it and schedule it, in one call.");

    private async Task<IResult> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        if (request.Run is not null) context.Require(Capability.RunStart);
        if (request.Schedule is not null) context.Require(Capability.ScheduleManage);
        Check.That(request.Run?.Inputs is null or { ValueKind: JsonValueKind.Object }, "run.inputs", "must be an object").OrThrow();
        var template = await templates.OfAsync(request.TemplateId ?? request.CapsuleId, request.Name ?? request.CapsuleId, request.CapsuleId, request.Version, request.Defaults, context, cancellationToken);
        var row = request.Schedule is { } wish ? await RowAsync(wish, template, context, cancellationToken) : null;
        async Task WriteAsync(DbWork work)
        {
            await store.CreateAsync(work, context, template);
            // It names the template, which is there now.
            if (row is not null) await scheduled.CreateAsync(work, context, row with { Target = row.Target with { Template = template.Id, Capsule = null, Version = null } });
        }
        StartRun.Response? begun = null;
        if (request.Run is { } first)
        {
            var (run, wanted) = await start.BeginAsync(template.Capsule, template.CapsuleVersion, template.Name, TemplateRuns.Laid(template.Defaults, first.Inputs), context, cancellationToken, WriteAsync);
            if (wanted is not null) return TwoKeys.Answer(wanted);
            var one = run!.Identity;
            begun = new StartRun.Response(run.Id, run.Id, run.Id, run.Status, one.Capsule, one.CapsuleVersion, one.CreatedAt.ToInstant());
        }
        else await db.WriteAsync(context.Tenant, WriteAsync, cancellationToken);
        var written = await store.GetAsync(context.Tenant, template.Id, cancellationToken);
        var shown = row is null ? null : ScheduleView.Of(await scheduled.GetAsync(context.Tenant, row.Id, cancellationToken), null, clock.GetUtcNow());
        return TypedResults.Created($"/v1/templates/{template.Id}", new Response(written, begun, shown));
    }

    private async Task<ScheduleRow> RowAsync(ScheduleWish wish, RunTemplateView template, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(wish.Inputs is null or { ValueKind: JsonValueKind.Object }, "schedule.inputs", "must be an object").OrThrow();
        using var laid = JsonDocument.Parse(TemplateRuns.Laid(template.Defaults, wish.Inputs));
        // Checked with what it will run; the template itself is not there yet.
        var asked = new SaveSchedule.Request(template.Name, wish.Cron, wish.TimeZone, null, template.Capsule, template.CapsuleVersion, laid.RootElement.Clone(), wish.CatchUp, wish.Overlap);
        var row = await schedules.RowAsync(Ids.For(context, "schedule"), asked, context, cancellationToken);
        return row with { Target = row.Target with { Inputs = wish.Inputs } };
    }
}
