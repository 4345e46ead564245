using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// <c>/v1/workflows</c>: a list of instructions, each for a persona, done one after the other. They are runs like all others, shown as a list of
/// steps; a step says <c>completed</c> only when it is.
/// </summary>
internal sealed class ListedWorkflows(StartRun start, ReadRuns reads, RunStore store)
{
    public const string Kind = "workflow";

    private const string Starter = "guide";

    /// <param name="StepIndex">Says the order; each once.</param>
    /// <param name="Persona">Null for the starter.</param>
    internal sealed record StepRequest(int StepIndex, string Instruction, string? Persona = null);

    /// <param name="TenantId">Your own, when it is given.</param>
    /// <param name="CapsuleId">Yours to correlate by; what is done is in the steps.</param>
    internal sealed record Request(string Name, IReadOnlyList<StepRequest> Steps, string? TenantId = null, string? CapsuleId = null);

    /// <param name="Status">pending, running, retrying, waiting_approval, completed, failed or cancelled.</param>
    /// <param name="Result">The answer, or why there is none.</param>
    internal sealed record StepResult(int StepIndex, string Persona, string Instruction, string Status, string? Result);

    internal sealed record View(string WorkflowId, string Name, string TenantId, string? CapsuleId, string Status, IReadOnlyList<StepResult> Steps, DateTimeOffset CreatedAt);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/workflows", (Request request, RequestContext context, ListedWorkflows use, CancellationToken cancellationToken) => use.CreateAsync(request, context, cancellationToken))
            .Requires(Capability.RunStart).Produces<View>(201).Produces<ApprovalWanted>(202).WithTags("runs").WithSummary("Start instructions, one after the other.");
        routes.MapGet("/v1/workflows", async (RequestContext context, ListedWorkflows use, string? cursor, int? limit, CancellationToken cancellationToken) =>
                TypedResults.Ok(await use.ListAsync(context, cursor, Cursor.Limit(limit), cancellationToken)))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("List instructions that were started.");
        routes.MapGet("/v1/workflows/{id}", async (string id, RequestContext context, ListedWorkflows use, CancellationToken cancellationToken) => TypedResults.Ok(await use.GetAsync(context, id, cancellationToken)))
            .Requires(Capability.RunRead).WithTags("runs").WithSummary("Read how far instructions have come.");
    }

    private async Task<IResult> CreateAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Name is { Length: > 0 and <= 200 }, "name", "must have 1 to 200 characters").And(request.Steps.Count > 0, "steps", "must not be empty")
            .And(request.Steps.DistinctBy(static step => step.StepIndex).Count() == request.Steps.Count, "steps", "must have each step_index once")
            .And(request.TenantId is null || request.TenantId == context.Tenant, "tenant_id", "must be your own, or be left out").And(request.CapsuleId is null or { Length: <= 128 }, "capsule_id", "must have at most 128 characters").OrThrow();
        var ordered = request.Steps.OrderBy(static step => step.StepIndex).ToArray();
        var (capsule, inputs) = Directives.Compile(request.Name, [.. ordered.Select(static step => new Directive(step.Persona ?? Starter, step.Instruction, Metadata: Index(step.StepIndex)))]);
        var about = new RunAbout(Metadata: request.CapsuleId is null ? null : Element(new JsonObject { ["capsule_id"] = request.CapsuleId }));
        var (row, wanted) = await start.BeginAsync(new RunOrder(Kind, request.Name, capsule, inputs, null, about), context, cancellationToken);
        return wanted is not null ? TwoKeys.Answer(wanted) : TypedResults.Created($"/v1/workflows/{row!.Id}", await GetAsync(context, row.Id, cancellationToken));
    }

    private async Task<Page<View>> ListAsync(RequestContext context, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var page = await store.ListAsync(context.Tenant, null, null, Kind, null, cursor, limit, cancellationToken);
        var views = new List<View>(page.Data.Count);
        foreach (var row in page.Data) views.Add(await GetAsync(context, row.Id, cancellationToken));
        return new Page<View>(views, page.NextCursor);
    }

    private async Task<View> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var (row, state) = await reads.StateAsync(context.Tenant, id, cancellationToken);
        if (row.Identity.Kind != Kind) throw WorkflowProblems.Unknown.Because("No workflow of this tenant has this id.");
        using var inputs = JsonDocument.Parse(state.Inputs);
        var asked = inputs.RootElement.GetProperty("directives");
        var steps = state.Steps.Select((step, i) => Result(asked[i], step.Own));
        var capsule = row.Identity.About.Metadata is { } metadata ? metadata.GetProperty("capsule_id").GetString() : null;
        return new View(row.Id, row.Identity.Name, row.Tenant, capsule, state.Status.Name(), [.. steps], row.Identity.CreatedAt.ToInstant());
    }

    private static StepResult Result(JsonElement asked, Unit unit)
    {
        var result = unit.Failure is { } failure ? $"{failure.Code}: {failure.Detail}" : unit.Output is { } output ? TextOf(output) : null;
        var status = unit.Status == StepStatus.Waiting && unit.Approval is not null ? "waiting_approval" : unit.Status.Name();
        return new StepResult(asked.GetProperty("metadata").GetProperty("step_index").GetInt32(), asked.GetProperty("agent_id").GetString()!, asked.GetProperty("prompt").GetString()!, status, result);
    }

    private static string? TextOf(string output)
    {
        using var document = JsonDocument.Parse(output);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("text", out var text) ? text.GetString() : output;
    }

    private static JsonElement Index(int index) => Element(new JsonObject { ["step_index"] = index });

    private static JsonElement Element(JsonObject value) => JsonElement.Parse(value.ToJsonString());
}
