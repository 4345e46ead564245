using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="DryRun">True (the default) does nothing and says what would happen.</param>
internal sealed record ProvisionRequest(string DeliverableId, IReadOnlyList<ProvisionAction> Actions, bool DryRun = true, IReadOnlyList<string>? Taints = null);

/// <param name="Tool">The adapter.</param>
/// <param name="ApprovalId">The yes that this action waited for.</param>
internal sealed record ProvisionAction(string Tool, string Action, JsonElement? Arguments = null, string? ApprovalId = null);

internal sealed record ProvisionAnswer(string DeliverableId, string TenantId, bool DryRun, IReadOnlyList<ProvisionResult> Results);

/// <param name="Status">Dry: would_run, would_ask or would_refuse. Real: completed, failed, unknown, awaiting_approval, refused or skipped.</param>
/// <param name="JobId">Null where nothing was begun.</param>
/// <param name="Gate">The policy's answer; null where it was not reached.</param>
internal sealed record ProvisionResult(string Tool, string Action, string Status, string? JobId, string? Code, string Message, ProvisionGate? Gate, string? ApprovalId, CallOutput? Output);

internal sealed record ProvisionGate(string Verdict, double Score, double Threshold, IReadOnlyList<Reason> Reasons);

/// <summary>
/// <c>POST /v1/provision</c>: several actions for one deliverable, in their order. What did not succeed stops those after it. Sent again it
/// goes on where it stopped: an action that has ended is never done twice for the same deliverable.
/// </summary>
internal sealed class Provision(ExecuteTool execute, RunningCalls running)
{
    public const int ActionsMax = 50;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/provision", static (ProvisionRequest request, RequestContext context, Provision use, CancellationToken cancellationToken) => use.RunAsync(context, request, cancellationToken))
        .Requires(Capability.ToolExecute).WithoutReplay().WithoutTimeLimit().WithTags("tools").WithSummary("Carry out several actions, or say what they would do.");

    internal async Task<Ok<ProvisionAnswer>> RunAsync(RequestContext context, ProvisionRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.DeliverableId.Length is >= 1 and <= 64, "deliverable_id", "must have 1 to 64 characters")
            .And(request.Actions.Count is >= 1 and <= ActionsMax && request.Actions.All(static action => action is not null), "actions", $"must be 1 to {ActionsMax} actions").OrThrow();
        var results = new List<ProvisionResult>(request.Actions.Count);
        var stopped = false;
        for (var i = 0; i < request.Actions.Count; i++)
        {
            var action = request.Actions[i];
            // The whole list is in the key: a changed list is another intent, and its actions have keys of their own.
            var key = "provision/" + Ids.Derive($"{context.Principal.Id}\n{request.DeliverableId}\n{i}\n{action.Tool}\n{action.Action}\n{action.Arguments?.GetRawText()}");
            var call = CallAdapter.ToCall(context, action.Tool, new CallRequest(action.Action, action.Arguments, Taints: request.Taints), key) with { Approval = action.ApprovalId };
            if (request.DryRun) results.Add(await TryAsync(context, action, call, cancellationToken));
            else if (stopped) results.Add(new ProvisionResult(action.Tool, action.Action, "skipped", null, null, "An action before it did not succeed.", null, null, null));
            else
            {
                var (result, succeeded) = await CallAsync(context, action, call);
                results.Add(result);
                stopped = !succeeded;
            }
        }
        return TypedResults.Ok(new ProvisionAnswer(request.DeliverableId, context.Tenant, request.DryRun, results));
    }

    private async Task<ProvisionResult> TryAsync(RequestContext context, ProvisionAction action, ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            var plan = await execute.TryAsync(context, call, cancellationToken);
            var decision = plan.Decision;
            var (status, message) = decision.Verdict switch
            {
                Verdict.Allow => ("would_run", "The policy allows it."),
                Verdict.NeedsApproval => ("would_ask", "A second person would be asked."),
                _ => ("would_refuse", "The policy denies it."),
            };
            var verdict = decision.Verdict switch { Verdict.Allow => "allow", Verdict.NeedsApproval => "needs_approval", _ => "deny" };
            return new ProvisionResult(action.Tool, action.Action, status, null, null, message, new ProvisionGate(verdict, decision.Score, decision.Threshold, decision.Reasons), null, null);
        }
        catch (Problem problem)
        {
            return new ProvisionResult(action.Tool, action.Action, "would_refuse", null, problem.Code.Code, problem.Detail, null, null, null);
        }
    }

    private async Task<(ProvisionResult, bool)> CallAsync(RequestContext context, ProvisionAction action, ToolCall call)
    {
        try
        {
            var done = CallAnswer.Of(await execute.RunAsync(context, call, running.Stopping));
            var message = done.Replayed ? "It had been done before." : done.Status == "completed" ? "It was done." : done.Output.Text;
            return (new ProvisionResult(action.Tool, action.Action, done.Status, done.JobId, done.Code, message, null, done.Approval?.Id, done.Approval is null ? done.Output : null), done.Status == "completed");
        }
        catch (Problem problem)
        {
            return (new ProvisionResult(action.Tool, action.Action, "refused", null, problem.Code.Code, problem.Detail, null, null, null), false);
        }
    }
}
