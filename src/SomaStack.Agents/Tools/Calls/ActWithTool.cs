using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Lets the adapter's kind do it, inside the manifest's time, and says honestly what is known afterwards.</summary>
internal sealed partial class ActWithTool(AdapterSecrets secrets, TimeProvider clock, ILogger<ActWithTool> log)
{
    /// <summary>Refusals that come before the tool is reached: nothing is owed and nothing can have happened.</summary>
    private static readonly string[] Before = [ToolProblems.Unavailable.Code, ToolProblems.SecretMissing.Code, PlatformProblems.AddressRefused.Code];

    public async Task<ActedCall> RunAsync(PlannedCall plan, RunningCalls.Running slot, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        using var late = new CancellationTokenSource(plan.Limit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(slot.Token, cancellationToken, late.Token);
        ActedCall acted;
        try
        {
            using var arguments = JsonDocument.Parse(plan.Arguments);
            var bound = await secrets.OpenAsync(plan.Context.Tenant, plan.Adapter.Id, limit.Token);
            // What the caller brought a yes for is this call; the tool's own doings need their own.
            var context = plan.Context with { Approval = null };
            var answer = await plan.Adapter.Kind.ExecuteAsync(new AdapterCall(context, plan.Manifest, plan.Action.Action, arguments.RootElement, plan.Call, bound), limit.Token);
            acted = new ActedCall(answer.IsError ? ToolOutcome.Failed : ToolOutcome.Succeeded, answer.IsError ? ToolProblems.Failed.Code : null, answer.Text, answer.Structured, answer.Taints, default);
        }
        catch (Problem problem) when (problem.Code != ToolProblems.Timeout && problem.Code != PlatformProblems.Timeout)
        {
            acted = new ActedCall(ToolOutcome.Failed, problem.Code.Code, Words(problem), null, [], default, Array.IndexOf(Before, problem.Code.Code) < 0);
        }
        catch (Exception exception) when (exception is Problem || limit.IsCancellationRequested)
        {
            acted = Stopped(plan, slot, cancellationToken);
        }
        catch (Exception exception)
        {
            Broke(log, plan.Adapter.Id, plan.Action.Action.Name, exception);
            acted = plan.IsRepeatable
                ? new ActedCall(ToolOutcome.Failed, ToolProblems.Failed.Code, "The tool broke off without an answer. Nothing that it does is harmed by another try.", null, [], default)
                : new ActedCall(ToolOutcome.Unknown, ToolProblems.OutcomeUnknown.Code, "The tool broke off without an answer, so nobody knows whether it took effect.", null, [], default);
        }
        var took = clock.GetElapsedTime(since);
        var labels = new TagList { { "kind", plan.Manifest.Kind }, { "outcome", CallRow.StateOf(acted.Outcome) } };
        ToolMetrics.Duration.Record(took.TotalSeconds, labels);
        return acted with { Took = took };
    }

    /// <summary>Cut off while it was at work: of what cannot be repeated nobody knows whether it took effect.</summary>
    private static ActedCall Stopped(PlannedCall plan, RunningCalls.Running slot, CancellationToken cancellationToken)
    {
        var late = !slot.Token.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
        var code = late ? ToolProblems.Timeout.Code : ToolProblems.Cancelled.Code;
        var why = late ? $"The tool did not end within {plan.Limit.TotalSeconds:0.###} seconds." : "The call was stopped while the tool was at work.";
        return plan.IsRepeatable
            ? new ActedCall(ToolOutcome.Failed, code, why, null, [], default)
            : new ActedCall(ToolOutcome.Unknown, code, why + " Nobody knows whether it took effect.", null, [], default);
    }

    /// <summary>A model reads it: what went wrong, and what would help.</summary>
    private static string Words(Problem problem) => problem.Reasons.Count == 0
        ? $"{problem.Detail} {problem.Code.Remedy}"
        : $"{problem.Detail} {string.Join(" ", problem.Reasons.Select(static reason => reason.Message))} {problem.Code.Remedy}";

    [LoggerMessage(LogLevel.Warning, "The tool {Adapter}.{Action} broke off.")]
    private static partial void Broke(ILogger log, string adapter, string action, Exception exception);
}
