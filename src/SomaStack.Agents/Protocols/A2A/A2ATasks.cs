using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>
/// Tasks are turns of sessions: opened once for a message id, carried by the same path as a person's message, and looked up again after a crash
/// by the same id. What this process works on it knows; whatever else is asked for is asked of the conversation itself, which has it in rows.
/// </summary>
internal sealed class A2ATasks(TaskStore store, IConversations conversations, Db db, TimeProvider clock) : IHostedService, IDisposable
{
    private const int AtOnceMax = 256;

    /// <summary>How long a look at a task that another process works on may take.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(string Tenant, string Id), Task<TaskRow>> _working = new();
    private readonly CancellationTokenSource _stopping = new();

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_working.Values.Select(static work => work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>Opens the task of a message, or finds the one that it has.</summary>
    public async Task<TaskRow> OpenAsync(RequestContext context, string messageId, string? conversation, string? persona, string prompt, CancellationToken cancellationToken)
    {
        if (_working.Count >= AtOnceMax) throw new Problem(ProtocolProblems.TooManyTasks, $"This server works on {AtOnceMax} tasks at once.") { RetryAfter = TimeSpan.FromSeconds(1) };
        var id = Ids.Derive($"a2a\n{context.Tenant}\n{context.Principal.Id}\n{messageId}");
        if (await store.FindAsync(context, id, cancellationToken) is { } known) return Same(known, prompt);
        var session = conversation is null ? null : await store.SessionAsync(context, conversation, cancellationToken);
        var now = clock.GetUtcNow();
        var row = new TaskRow(
            id, context.Principal.Id, conversation ?? Ids.Derive("a2a-context\n" + id), messageId, persona, prompt, A2AState.Submitted,
            session ?? conversations.SessionOf(context, QuestionOf(id)), null, null, null, null, now, now, 1);
        try
        {
            await store.OpenAsync(context, row, TextDigest.Of(prompt), cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            return Same((await store.FindAsync(context, id, cancellationToken))!, prompt);
        }
        return row;
    }

    /// <summary>Works on the task until it is over or waits for a second person. Who waits for it may go away; the work goes on.</summary>
    public Task<TaskRow> WorkAsync(RequestContext context, TaskRow task)
    {
        if (A2AState.IsOver(task.State)) return Task.FromResult(task);
        var key = (context.Tenant, task.Id);
        // Begun at most once here: the loser of a race awaits the winner's.
        var mine = new TaskCompletionSource<TaskRow>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_working.TryAdd(key, mine.Task)) return _working.TryGetValue(key, out var theirs) ? theirs : WorkAsync(context, task);
        return RunAsync();

        async Task<TaskRow> RunAsync()
        {
            try
            {
                var done = await AdvanceAsync(context, task, _stopping.Token);
                mine.SetResult(done);
                return done;
            }
            catch (Exception exception)
            {
                mine.SetException(exception);
                _ = mine.Task.Exception;
                throw;
            }
            finally
            {
                _working.TryRemove(key, out _);
            }
        }
    }

    /// <summary>The task as it is now. One that nobody here works on is looked at again, since its turn may have moved on.</summary>
    /// <returns>Null when it is none of this principal's.</returns>
    public async Task<TaskRow?> FindAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(context, id, cancellationToken) is not { } task) return null;
        if (A2AState.IsOver(task.State) || _working.ContainsKey((context.Tenant, id))) return task;
        using var look = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        look.CancelAfter(LookLimit);
        try
        {
            return await AdvanceAsync(context, task, look.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return await store.FindAsync(context, id, cancellationToken);
        }
    }

    /// <returns>Null when it is over and cannot be cancelled.</returns>
    public async Task<TaskRow?> CancelAsync(RequestContext context, TaskRow task, CancellationToken cancellationToken)
    {
        if (A2AState.IsOver(task.State)) return null;
        var ended = await conversations.CancelAsync(context, task.Session!, cancellationToken);
        if (_working.TryGetValue((context.Tenant, task.Id), out var work)) return await work.WaitAsync(cancellationToken);
        var now = (await FindAsync(context, task.Id, cancellationToken))!;
        return ended || A2AState.IsOver(now.State) ? now : null;
    }

    private async Task<TaskRow> AdvanceAsync(RequestContext context, TaskRow task, CancellationToken cancellationToken)
    {
        if (task.State == A2AState.Submitted) task = await store.MoveAsync(context, task, task with { State = A2AState.Working }, cancellationToken);
        TaskRow after;
        try
        {
            // Whether the context has a session of ours yet decides if this begins one or goes on in it.
            var session = task.Session == conversations.SessionOf(context, QuestionOf(task.Id)) ? null : task.Session;
            var turn = await conversations.AskAsync(context, new TurnQuestion(QuestionOf(task.Id), task.Prompt, task.Persona) { Session = session }, cancellationToken);
            after = task with { State = A2AState.OfTurn(turn.Status), Session = turn.Session, Answer = turn.Text, Code = turn.Code, Detail = turn.Detail, Approval = turn.Awaits?.Id };
        }
        catch (Problem problem) when (problem.Code.Kind is not (ProblemKind.Busy or ProblemKind.Conflict))
        {
            // Refused before there was a turn: what denies is a rejection, anything else a failure.
            after = task with { State = problem.Code.Kind == ProblemKind.Forbidden ? A2AState.Rejected : A2AState.Failed, Code = problem.Code.Code, Detail = problem.Detail };
        }
        return after.State == task.State && after.Approval == task.Approval ? task : await store.MoveAsync(context, task, after, cancellationToken);
    }

    private static TaskRow Same(TaskRow known, string prompt) =>
        known.Prompt == prompt ? known : throw RpcError.Params("This messageId was used for another message.");

    private static string QuestionOf(string task) => "a2a/" + task;
}
