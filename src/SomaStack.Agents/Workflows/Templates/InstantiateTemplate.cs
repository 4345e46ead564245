using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary><c>POST /v1/templates/{id}/instantiate</c>: a run of the template's capsule, with its defaults and what is given here.</summary>
internal static class InstantiateTemplate
{
    /// <param name="Parameters">Inputs; they win over the template's defaults.</param>
    internal sealed record Request(JsonElement? Parameters = null, string? Name = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/templates/{id}/instantiate", RunAsync).Requires(Capability.RunStart).Produces<StartRun.Response>(202).Produces<ApprovalWanted>(202).WithTags("templates").WithSummary("Start a run from a template.");

    private static async Task<IResult> RunAsync(string id, Request? request, RequestContext context, TemplateRuns runs, CancellationToken cancellationToken)
    {
        Check.That(request?.Parameters is null or { ValueKind: JsonValueKind.Object }, "parameters", "must be an object")
            .And(request?.Name is null or { Length: > 0 and <= 200 }, "name", "must have 1 to 200 characters").OrThrow();
        var (run, wanted) = await runs.BeginAsync(context, new ScheduleTarget(id, null, null, request?.Parameters), request?.Name, cancellationToken);
        if (wanted is not null) return TwoKeys.Answer(wanted);
        var one = run!.Identity;
        return TypedResults.Accepted($"/v1/mao/{run.Id}", new StartRun.Response(run.Id, run.Id, run.Id, run.Status, one.Capsule, one.CapsuleVersion, one.CreatedAt.ToInstant()));
    }
}
