using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Carries out the tool calls of one round, some at a time. Each is stored as begun before it is handed over and stored again with what became
/// of it before anybody uses that; its key is the same in every process, so whoever goes on after a crash meets the recorded result.
/// </summary>
internal sealed partial class RunTools(ITools tools, Db db, RoundStore store, SessionStreams streams, TurnOwner owner, TimeProvider clock, ILogger<RunTools> log)
{
    private const int AtOnce = 4;

    /// <summary>So long another process is waited for that has the call under way; its lease runs out earlier.</summary>
    private static readonly TimeSpan ElsewhereMax = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <exception cref="OperationCanceledException">The turn is to end; what was begun is recorded by the tools themselves.</exception>
    /// <exception cref="TurnLostException">Another process has the turn.</exception>
    public async Task RunAsync(PreparedTurn turn, IReadOnlyList<TurnToolCall> calls, CancellationToken cancellationToken)
    {
        await BeginAsync(turn, calls);
        using var storing = new SemaphoreSlim(1);
        await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (call, stop) =>
        {
            var ended = call.Refused is { } refused ? Ended(call, refused)
                : call.Decided is { Code: { } code } no ? Ended(call, new CallResult("denied", $"A person was asked and there is no yes. {no.Detail}".TrimEnd(), code))
                : await CallAsync(turn, call, stop);
            // One at a time: each adds to the stream, and to what the session has read.
            await storing.WaitAsync(CancellationToken.None);
            try
            {
                await StoreAsync(turn, ended);
                turn.Replace(ended);
            }
            finally
            {
                storing.Release();
            }
        });
    }

    private Task BeginAsync(PreparedTurn turn, IReadOnlyList<TurnToolCall> calls) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await RoundStore.ThrowIfLostAsync(work, turn.Context.Tenant, turn.TurnId, owner.Id);
        foreach (var call in calls.Where(static call => call.State == CallState.Planned))
        {
            var begun = call with { State = CallState.Begun };
            await store.SaveAsync(work, turn.Context.Tenant, turn.TurnId, begun);
            var started = new ToolStartedData(turn.SessionId, turn.TurnId, ToolCallView.Of(begun));
            await AddAsync(work, turn, StreamEvent.ToolStarted, JsonSerializer.Serialize(started, SessionsJson.Default.ToolStartedData));
        }
        work.OnCommit(() => streams.Signal(turn.Context.Tenant, turn.SessionId));
    }, CancellationToken.None);

    private async Task<TurnToolCall> CallAsync(PreparedTurn turn, TurnToolCall call, CancellationToken cancellationToken)
    {
        var key = $"turn/{turn.TurnId}/{call.Round}/{call.Number}";
        var tool = turn.Tools.First(one => one.Wire == call.WireName);
        var asked = new ToolCall(tool.Adapter, tool.Action, call.Arguments, key)
        {
            Session = turn.SessionId,
            Run = turn.Terms.Run,
            Persona = turn.Persona,
            Capsule = turn.Terms.Capsule,
            Workspace = turn.Terms.Run is { } run ? ToolCall.RunWorkspace(run) : turn.SessionId,
            Approval = call.Decided is { Code: null } ? call.Approval?.Id : null,
            Taints = turn.Taints,
        };
        var context = turn.Context with { IdempotencyKey = key, Approval = null };
        var begun = clock.GetTimestamp();
        while (true)
        {
            try
            {
                return Of(turn, call, tool, await tools.CallAsync(context, asked, cancellationToken));
            }
            catch (Problem problem) when (problem.Code.Code == ToolCodes.CallRunning && clock.GetElapsedTime(begun) < ElsewhereMax)
            {
                // The process that had the turn before may still be at it, or its lease is running out.
                await Task.Delay(problem.RetryAfter is { } left && left < Look ? left : Look, clock, cancellationToken);
            }
            catch (Problem problem)
            {
                NotMade(log, turn.TurnId, call.Name, problem.Code.Code);
                var outcome = problem.Code.Code == ToolCodes.CallRunning ? "unknown" : problem.Code.Kind is ProblemKind.Forbidden or ProblemKind.Unauthenticated ? "denied" : "failed";
                var text = string.Join(' ', [problem.Detail, .. problem.Reasons.Select(static reason => reason.Message), .. problem.Errors.Select(static error => $"{error.Field} {error.Message}.")]);
                return Ended(call, new CallResult(outcome, text, problem.Code.Code) { TookMs = clock.GetElapsedTime(begun).TotalMilliseconds });
            }
        }
    }

    private static TurnToolCall Of(PreparedTurn turn, TurnToolCall call, OfferedTool tool, ToolResult result)
    {
        if (result.Outcome == ToolOutcome.Awaiting && result.Awaits is { } approval)
            return call with { State = CallState.Awaiting, Decided = null, Approval = new TurnApproval(approval.Id, approval.Digest, approval.ExpiresAt, approval.Needs) };
        var outcome = result.Outcome switch { ToolOutcome.Succeeded => "succeeded", ToolOutcome.Failed => "failed", _ => "unknown" };
        return Ended(call, new CallResult(outcome, ToolMessages.Cut(result.Text.Replace('\0', '\uFFFD'), ToolMessages.LengthMax(turn.ContextTokens)), result.Code, "tool_call/" + result.Id)
        {
            Taints = result.Taints,
            CostNanos = result.CostNanos,
            Currency = result.Currency,
            TookMs = result.Took.TotalMilliseconds,
            Replayed = result.Replayed,
            Delegated = tool.Adapter == SessionsAdapter.AdapterName ? SessionsAdapter.UseOf(result.Structured) : null,
        });
    }

    private static TurnToolCall Ended(TurnToolCall call, CallResult result) => call with { State = CallState.Ended, Result = result, Refused = null };

    private Task StoreAsync(PreparedTurn turn, TurnToolCall call) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await RoundStore.ThrowIfLostAsync(work, turn.Context.Tenant, turn.TurnId, owner.Id);
        await store.SaveAsync(work, turn.Context.Tenant, turn.TurnId, call);
        var view = ToolCallView.Of(call);
        if (call.State == CallState.Awaiting)
        {
            var asked = new ApprovalRequiredData(turn.SessionId, turn.TurnId, turn.Number, call.Approval!, []) { Call = view };
            await AddAsync(work, turn, StreamEvent.ApprovalRequired, JsonSerializer.Serialize(asked, SessionsJson.Default.ApprovalRequiredData));
        }
        else
        {
            var taints = TurnTaints.Join(await SessionStore.TaintsAsync(work, turn.Context.Tenant, turn.SessionId) ?? turn.Taints, call.Result!.Taints);
            await AddAsync(work, turn, StreamEvent.ToolCompleted, JsonSerializer.Serialize(new ToolCompletedData(turn.SessionId, turn.TurnId, view, taints), SessionsJson.Default.ToolCompletedData));
        }
        work.OnCommit(() => streams.Signal(turn.Context.Tenant, turn.SessionId));
    }, CancellationToken.None);

    private static Task<IReadOnlyList<StreamEvent>> AddAsync(DbWork work, PreparedTurn turn, string type, string data) =>
        SessionStore.AddEventsAsync(work, turn.Context.Tenant, turn.SessionId, turn.TurnId, [(type, data)]);

    [LoggerMessage(LogLevel.Information, "Turn {TurnId} asked for {Tool}, which was refused: {Code}.")]
    private static partial void NotMade(ILogger log, string turnId, string tool, string code);
}
