using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Does what is due of a run, as whoever started it. Each effect has a key under which the room that carries it out does it once; so it may be
/// begun again after a crash, and gives what it gave then.
/// </summary>
internal sealed class RunEffects(ITools tools, IConversations conversations, ICapsules capsules, RunRights rights, RunApprovalDesk desk, RunStore store, IKillSwitch killSwitch, TimeProvider clock)
{
    /// <summary>Asked again after this while its outcome is not known.</summary>
    public static readonly TimeSpan RepeatPause = TimeSpan.FromSeconds(1);

    private const int BusyTries = 20;
    private static readonly TimeSpan BusyPauseMost = TimeSpan.FromSeconds(15);

    /// <returns>What to tell the run, and whether the effect waits from now on for something that comes by itself.</returns>
    public async Task<(RunInput? Input, bool HandedOver)> PerformAsync(RunIdentity run, RunEffect effect, IRunHost host, CancellationToken cancellationToken)
    {
        killSwitch.ThrowIfEngaged(run.Tenant, new KillTarget(KillScope.Capsule, run.Capsule));
        try
        {
            if (effect is StopEffect stop)
            {
                await StopAsync(run, stop, host, cancellationToken);
                return (null, true);
            }
            var context = await rights.ContextAsync(run.Tenant, run.Starter, cancellationToken);
            switch (effect)
            {
                case CallTool call: return (await PatientAsync(() => CallAsync(context, run, call, cancellationToken), cancellationToken), false);
                case AskAgent ask: return (await PatientAsync(() => AskAsync(context, run, ask, cancellationToken), cancellationToken), false);
                case RequestApproval request: return (await desk.RequestAsync(context, run, request, cancellationToken), false);
                case StartNested nested:
                    await NestAsync(context, run, nested, host, cancellationToken);
                    return (null, true);
                default: throw new InvalidOperationException($"{effect.GetType().Name} is not done here.");
            }
        }
        catch (Problem problem) when (problem.Code.Code != KillSwitchProblems.EngagedCode)
        {
            return (Refused(effect, problem), false);
        }
    }

    /// <summary>
    /// Where a busy room asks to come again, or the same key is being done by somebody who may be gone, this comes again; no attempt of the step is
    /// spent on that. How long it may take is the run's own timer.
    /// </summary>
    private async Task<RunInput> PatientAsync(Func<Task<RunInput>> act, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
            try
            {
                return await act();
            }
            catch (Problem problem) when (tries < BusyTries && (problem.Code.Kind == ProblemKind.Busy || problem.Code.Code == ToolCodes.CallRunning))
            {
                var pause = problem.RetryAfter ?? RepeatPause;
                await Task.Delay(pause > BusyPauseMost ? BusyPauseMost : pause, clock, cancellationToken);
            }
    }

    private async Task<RunInput> CallAsync(RequestContext context, RunIdentity run, CallTool call, CancellationToken cancellationToken)
    {
        var result = await tools.CallAsync(context, new ToolCall(call.Adapter, call.Action, call.Params, call.Key)
        {
            Run = run.Id, Capsule = run.Capsule, Workspace = ToolCall.RunWorkspace(run.Id), Approval = call.Approval, Taints = call.Taints, TimeLimit = call.TimeLimit,
        }, cancellationToken);
        var (now, used) = (clock.NowMicros(), new EffectUse(0, result.CostNanos ?? 0));
        return result.Outcome switch
        {
            ToolOutcome.Succeeded => new EffectSucceeded(now, call.Path, call.Attempt, new EffectResult(OutputOf(result.Text, result.Structured), used) { Taints = result.Taints, Record = "tool_call/" + result.Id }),
            ToolOutcome.Awaiting => new EffectSuspended(now, call.Path, call.Attempt, result.Awaits!.Id),
            // Nobody knows whether it took effect: doing it again could do it twice.
            ToolOutcome.Unknown => new EffectFailed(now, call.Path, call.Attempt, new StepFailure(result.Code ?? "tool_outcome_unknown", result.Text), Retryable: false, used),
            _ => new EffectFailed(now, call.Path, call.Attempt, new StepFailure(result.Code ?? "tool_failed", result.Text), Retryable: true, used),
        };
    }

    private async Task<RunInput> AskAsync(RequestContext context, RunIdentity run, AskAgent ask, CancellationToken cancellationToken)
    {
        var wanted = JsonSerializer.Deserialize(ask.Params, WorkflowsJson.Default.AgentParams) ?? throw Problem.Invalid("params", "must be an object");
        if (wanted.Capabilities is { } only) context = context with { Capabilities = CapabilitySet.Of(only.Where(context.Capabilities.Has)) };
        var left = ask.TokensLeft is { } tokens && wanted.MaxTokens is { } most ? Math.Min(tokens, most) : ask.TokensLeft ?? wanted.MaxTokens;
        var answer = await conversations.AskAsync(context, new TurnQuestion(ask.Key, wanted.Prompt ?? "", wanted.Persona, wanted.Model)
        {
            Session = wanted.Session, Tools = wanted.Tools, Run = run.Id, Capsule = run.Capsule, OutputTokensMax = left, ToolRoundsMax = wanted.ToolRounds ?? 8, Taints = ask.Taints,
        }, cancellationToken);
        var now = clock.NowMicros();
        var used = new EffectUse((answer.InputTokens ?? 0) + (answer.OutputTokens ?? 0), answer.CostNanos ?? 0);
        switch (answer.Status)
        {
            case "completed":
                var output = new JsonObject { ["text"] = answer.Text, ["session"] = answer.Session, ["turn"] = answer.Turn, ["input_tokens"] = answer.InputTokens, ["output_tokens"] = answer.OutputTokens, ["cost_nanos"] = answer.CostNanos };
                return new EffectSucceeded(now, ask.Path, ask.Attempt, new EffectResult(output.ToJsonString(), used) { Taints = answer.Taints, Record = "session/" + answer.Session });
            case "waiting":
                return new EffectSuspended(now, ask.Path, ask.Attempt, answer.Awaits!.Id);
            default:
                var code = answer.Code ?? "turn_" + answer.Status;
                return new EffectFailed(now, ask.Path, ask.Attempt, new StepFailure(code, answer.Detail ?? $"The turn ended as {answer.Status}."), Retryable: answer.Status == "failed", used);
        }
    }

    private async Task NestAsync(RequestContext context, RunIdentity run, StartNested nested, IRunHost host, CancellationToken cancellationToken)
    {
        var id = RunBeginnings.NestedId(run, nested.Path, nested.Attempt);
        if (await store.FindAsync(run.Tenant, id, cancellationToken) is not null) return;
        var depth = await DepthAsync(run, cancellationToken);
        var capsule = await capsules.ApprovedAsync(context, nested.CapsuleId, nested.Version, cancellationToken);
        var plan = new RunPlan(capsule, id, run.Id, depth, nested.Left) { Taints = nested.Taints };
        var identity = new RunIdentity(
            run.Tenant, id, "capsule", capsule.Summary, capsule.Id, capsule.Version, host.Name, run.Starter, new RunParent(run.Id, nested.Path, nested.Attempt), null,
            new RunAbout(), clock.NowMicros());
        await host.StartAsync(new RunBeginning(identity, RunDecider.Decide(RunState.None, new BeginRun(clock.NowMicros(), plan, nested.Inputs, RunDecider.Version))), cancellationToken);
    }

    private async Task<int> DepthAsync(RunIdentity run, CancellationToken cancellationToken)
    {
        var depth = 1;
        for (var one = run; one.Parent is { } parent && depth <= RunInputs.DepthMax; depth++) one = (await store.GetAsync(run.Tenant, parent.Run, cancellationToken)).Identity;
        return depth;
    }

    /// <summary>Ends what goes on outside this process: a turn, a nested run, a question to a second person.</summary>
    private async Task StopAsync(RunIdentity run, StopEffect stop, IRunHost host, CancellationToken cancellationToken)
    {
        var context = run.Starter.In(run.Tenant, DeploymentMode.Production, "");
        await desk.WithdrawAsync(run, stop.Key, cancellationToken);
        await conversations.CancelAsync(context, conversations.SessionOf(context, stop.Key), cancellationToken);
        var nested = RunBeginnings.NestedId(run, stop.Path, stop.Attempt);
        if (await store.FindAsync(run.Tenant, nested, cancellationToken) is { EndedAt: null })
            try
            {
                await host.TellAsync(context, nested, new CancelRun(clock.NowMicros(), run.Starter.Id, "The run that nested it does not need it any more."), cancellationToken);
            }
            catch (Problem problem) when (problem.Code == WorkflowProblems.Ended)
            {
                // It ended by itself at the same moment.
            }
    }

    private EffectFailed Refused(RunEffect effect, Problem problem) => new(
        clock.NowMicros(), effect.Path, effect.Attempt, new StepFailure(problem.Code.Code, problem.Detail),
        Retryable: problem.Code.Kind is ProblemKind.Busy or ProblemKind.Upstream or ProblemKind.Unavailable or ProblemKind.Timeout or ProblemKind.Locked, default);

    /// <summary>What the steps after it read: the members of a structured answer, and its text as <c>text</c> unless the answer has one.</summary>
    internal static string OutputOf(string text, string? structured)
    {
        if (structured is null) return new JsonObject { ["text"] = text }.ToJsonString();
        if (JsonNode.Parse(structured) is not JsonObject answer) return new JsonObject { ["text"] = text, ["value"] = JsonNode.Parse(structured) }.ToJsonString();
        answer.TryAdd("text", text);
        return answer.ToJsonString();
    }
}

/// <param name="Capabilities">At most these of what the starter holds; null for all of them.</param>
internal sealed record AgentParams(
    string? Prompt = null, string? Persona = null, string? Model = null, string? Session = null, IReadOnlyList<string>? Tools = null, IReadOnlyList<string>? Capabilities = null, long? MaxTokens = null,
    int? ToolRounds = null);
