using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// The second half of the main path: the model is asked with the routing, the governance and the bookkeeping of every call, its words are
/// moderated and released, the tools that it asks for are used, until it asks for none; and the last commit holds the answer, its proof, the
/// memory of what was asked and the journal line. What comes next is <see cref="Rounds"/>'s decision, from what is stored.
/// </summary>
internal sealed partial class AnswerTurn(
    Db db, SessionStore sessions, RoundStore rounds, OpenTurn open, RunTools tools, WaitingTurns waiting, IModelAnswers answers, IModeration moderation, IMemory memory, IWorkingMemory working,
    SessionStreams streams, TurnOwner owner, IKillSwitch killSwitch, TimeProvider clock, ILogger<AnswerTurn> log)
{
    internal const int OutputTokensMax = 1024;
    private const int TokensAroundMessage = 16;

    /// <summary>As docs/tokens-and-audio.md measures what providers add by themselves.</summary>
    private const int TokensAroundTools = 1024;

    /// <param name="cancelled">Ends the turn as cancelled; what was said is kept and marked.</param>
    public async Task RunAsync(PreparedTurn turn, Func<string?> cancelledBy, CancellationToken cancelled)
    {
        SessionMetrics.Running.Add(1);
        var outcome = "failed";
        // Releases go on after a cancel, so that what was produced is kept whole.
        var writer = new TurnWriter(db, moderation, streams, turn, Rounds.Text(turn.Rounds), CancellationToken.None);
        var reply = new Reply();
        try
        {
            outcome = await GoOnAsync(turn, writer, reply, cancelled) ? "completed" : "paused";
        }
        catch (TurnLostException exception)
        {
            Lost(log, turn.TurnId, exception);
            outcome = "lost";
        }
        catch (Exception exception) when (!turn.IsOpen)
        {
            // Nothing of it was stored: whoever asked hears why.
            turn.Refuse(exception is OperationCanceledException ? SessionProblems.Interrupted.Because("The server is stopping.", exception) : exception);
            outcome = "refused";
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            await KeepAsync(writer);
            if (cancelledBy() is { } by)
            {
                await CancelAsync(turn, writer.Released, reply, by);
                outcome = "cancelled";
            }
            else
            {
                var stopped = killSwitch.Stopped(turn.Context.Tenant, turn.Target) ?? SessionProblems.Interrupted.Because("The server is stopping.");
                await FailAsync(turn, writer.Released, new TurnFailure(stopped.Code.Code, stopped.Detail));
            }
        }
        catch (Problem problem)
        {
            await KeepAsync(writer);
            await FailAsync(turn, writer.Released, new TurnFailure(problem.Code.Code, problem.Detail));
        }
        catch (Exception exception)
        {
            Unexpected(log, turn.TurnId, exception);
            await KeepAsync(writer);
            await FailAsync(turn, writer.Released, new TurnFailure(SessionProblems.ModelFailed.Code, "The model did not answer; the operator's log has the cause."));
        }
        finally
        {
            SessionMetrics.Running.Add(-1);
            SessionMetrics.Turns.Add(1, new TagList { { "outcome", outcome } });
            SessionMetrics.Duration.Record(turn.Timings.Elapsed.TotalSeconds, new TagList { { "outcome", outcome } });
        }
    }

    /// <returns>False when it waits for a second person: whoever hears the decision goes on.</returns>
    private async Task<bool> GoOnAsync(PreparedTurn turn, TurnWriter writer, Reply reply, CancellationToken cancelled)
    {
        while (true)
            switch (Rounds.Next(turn.Rounds, turn.Limits))
            {
                case AskModel ask:
                    await AskAsync(turn, writer, reply, ask, cancelled);
                    break;
                case RunCalls run:
                    await tools.RunAsync(turn, run.Calls, cancelled);
                    turn.Timings.Mark("tools");
                    break;
                case AwaitDecisions awaited:
                    if (await waiting.PauseAsync(turn, awaited.Calls)) return false;
                    // A cancel was asked for at the same moment and is on its way here.
                    await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancelled);
                    break;
                case EndTurn end:
                    throw end.Problem;
                default:
                    await CompleteAsync(turn, writer.Released, reply);
                    return true;
            }
    }

    /// <summary>One call of the model. When it asks for tools, that is stored with all that going on needs before anything of it is done.</summary>
    private async Task AskAsync(PreparedTurn turn, TurnWriter writer, Reply reply, AskModel ask, CancellationToken cancelled)
    {
        var from = writer.Released.Length;
        var most = Math.Min(OutputTokensMax, ask.OutputTokensLeft ?? OutputTokensMax);
        reply.Begin();
        turn.ReadResults();
        await ListenAsync(turn, writer, reply, most, cancelled);
        await writer.FinishAsync();
        turn.Timings.Mark("model");
        var receipt = reply.Receipt ?? throw SessionProblems.ModelFailed.Because("The answer came without its receipt.");
        var response = reply.Updates.ToChatResponse();
        var said = writer.Released[from..];
        var lead = Rounds.Lead(writer.Released[..from], said);
        if (lead.Length > 0 && said.StartsWith(lead, StringComparison.Ordinal)) said = said[lead.Length..];
        var calls = ToolMessages.CallsOf(response, ask.Round, turn.Tools);
        var round = new TurnRound(ask.Round, said, receipt, reply.FinishReason, most, ToolMessages.ThoughtsOf(response), calls);
        if (round.Calls.Count > 0)
            await db.WriteAsync(turn.Context.Tenant, async work =>
            {
                await RoundStore.ThrowIfLostAsync(work, turn.Context.Tenant, turn.TurnId, owner.Id);
                await rounds.InsertAsync(work, turn.Context, turn.SessionId, turn.TurnId, round, ask.Round == 1 ? TurnCheckpoint.Of(turn) : null);
            }, CancellationToken.None);
        turn.Rounds.Add(round);
        reply.IsRunning = false;
    }

    private async Task ListenAsync(PreparedTurn turn, TurnWriter writer, Reply reply, long outputTokensMax, CancellationToken cancellationToken)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = (int)outputTokensMax,
            AdditionalProperties = new AdditionalPropertiesDictionary { [Evidence.Key] = turn.Evidence },
            Tools = turn.Tools.Count == 0 ? null : ToolMessages.Declare(turn.Tools),
        };
        List<ChatMessage> messages = [.. turn.Messages, .. ToolMessages.Of(turn.Rounds)];
        var first = turn.Rounds.Count == 0;
        // Whoever began to use tools goes on: its thoughts are signed for it, and another may not know what was asked.
        var model = first ? turn.Model : $"{turn.Rounds[^1].Receipt.Provider}/{turn.Rounds[^1].Receipt.Model}";
        var digest = first ? TextDigest.Of(turn.Prompt) : ToolMessages.DigestOf(messages);
        var request = new ModelRequest(model, messages, options, "session", digest, InputMax(turn))
        {
            // The attempts after the one that opened the turn are only calls.
            Approved = turn.IsApproved,
            Taints = turn.Taints,
            Session = turn.IsNew && first ? null : turn.SessionId,
            Opening = (work, call) => turn.IsOpen ? Task.CompletedTask : open.WriteAsync(work, turn, call),
        };
        var lead = turn.Rounds.Count > 0;
        await foreach (var update in answers.StreamAsync(turn.Context, request, cancellationToken))
        {
            if (update.FinishReason is { } reason) reply.FinishReason = reason.Value;
            if (update.AdditionalProperties is { } properties)
            {
                if (properties.TryGetValue(Quotation.Key, out var quoted) && quoted is IReadOnlyList<Quotation> quotations) reply.Quotations = quotations;
                if (properties.TryGetValue(CallReceipt.Key, out var given) && given is CallReceipt receipt) reply.Receipt = receipt;
            }
            if (update.Contents.Any(static content => content is FunctionCallContent or TextReasoningContent)) reply.Updates.Add(update);
            foreach (var content in update.Contents)
            {
                if (content is UsageContent usage) (reply.InputTokens, reply.OutputTokens) = (usage.Details.InputTokenCount, usage.Details.OutputTokenCount);
                if (content is not TextContent { Text.Length: > 0 } text) continue;
                turn.Timings.Since("first_token");
                if (lead) writer.Append(Rounds.Lead(writer.Released, text.Text));
                lead = false;
                writer.Append(text.Text);
            }
        }
    }

    /// <summary>A byte-level tokenizer makes at most one token of a byte; what marks a message's begin and role is a few more, and providers add to declared tools.</summary>
    private static long InputMax(PreparedTurn turn) =>
        turn.Messages.Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Text) + TokensAroundMessage)
        + turn.Rounds.Sum(static round => (long)Encoding.UTF8.GetByteCount(round.Said) + (1 + round.Calls.Count) * TokensAroundMessage)
        + (turn.Tools.Count == 0 ? 0 : ToolMessages.Bytes(turn.Rounds, turn.Tools) + TokensAroundTools);

    private async Task CompleteAsync(PreparedTurn turn, string answer, Reply reply)
    {
        var episode = await memory.PrepareAsync(
            turn.Context,
            new MemoryDraft(turn.Prompt, "episode", Ids.Derive("episode/" + turn.TurnId), "session/" + turn.SessionId, null, turn.SessionId, EventTime: turn.PreparedAt, Namespace: OpenTurn.ConversationPrefix + turn.Context.Principal.Id),
            CancellationToken.None);
        turn.Timings.Mark("embed");
        turn.Timings.Since("total");
        var citations = ComposePrompt.Citations(answer, turn.Evidence, reply.Quotations);
        var receipt = turn.Rounds[^1].Receipt;
        var usage = TurnUsage.Of(turn.Rounds);
        await db.WriteAsync(turn.Context.Tenant, async work =>
        {
            var memoryId = await memory.WriteAsync(work, turn.Context, episode);
            await working.AdmitAsync(work, turn.Context, turn.SessionId, [new WorkingDraft(episode, memoryId)]);
            var completed = new TurnCompleted(
                turn.TurnId, TextDigest.Of(answer), answer.Length, usage.InputTokens, usage.OutputTokens, usage.CostNanos, receipt.Currency, reply.FinishReason, memoryId,
                receipt.Provider, receipt.Model, receipt.CallId);
            var position = await EndAsync(work, turn, new CompleteTurnCommand(completed));
            var proof = new Proof(
                turn.Constitution, turn.Policy with { Obligations = [.. turn.Policy.Obligations.Concat(turn.Rounds.SelectMany(static round => round.Receipt.Obligations)).Distinct()] },
                turn.Memories, receipt.Provider, receipt.Model, usage.Proof, turn.Timings.Stages, position, receipt.CallId, turn.Rounds.Sum(static round => round.Receipt.Attempts))
            {
                ModelCalls = [.. turn.Rounds.Select(static round => round.Receipt.CallId)],
                Tools = TurnUsage.Tools(turn.Rounds),
            };
            await StoreAsync(work, turn, "completed", StreamEvent.TurnCompleted, answer, new TurnResult(citations, proof, turn.DegradedBy(receipt), turn.Moderation, reply.FinishReason), null);
        }, CancellationToken.None);
    }

    private Task CancelAsync(PreparedTurn turn, string said, Reply reply, string by) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        var input = Sum(turn, reply.IsRunning ? reply.InputTokens : 0, static one => one.InputTokens);
        var output = Sum(turn, reply.IsRunning ? reply.OutputTokens : 0, static one => one.OutputTokens);
        await EndAsync(work, turn, new CancelTurnCommand(new TurnCancelled(turn.TurnId, by, said.Length, input, output)));
        var citations = ComposePrompt.Citations(said, turn.Evidence, reply.Quotations);
        await StoreAsync(work, turn, "cancelled", StreamEvent.TurnCancelled, said, new TurnResult(citations, null, turn.DegradedReasons, turn.Moderation, "cancelled"), null);
    }, CancellationToken.None);

    private Task FailAsync(PreparedTurn turn, string said, TurnFailure failure) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await EndAsync(work, turn, new FailTurnCommand(new TurnFailed(turn.TurnId, failure.Code, said.Length)));
        await StoreAsync(work, turn, "failed", StreamEvent.TurnFailed, said, new TurnResult([], null, turn.DegradedReasons, turn.Moderation, null), failure);
    }, CancellationToken.None);

    /// <summary>Of the stored rounds and of the call that was broken off.</summary>
    private static long? Sum(PreparedTurn turn, long? last, Func<CallReceipt, long?> count) =>
        turn.Rounds.Aggregate(last, (sum, round) => sum + count(round.Receipt));

    private async Task<long> EndAsync(DbWork work, PreparedTurn turn, SessionCommand command)
    {
        await RoundStore.ThrowIfLostAsync(work, turn.Context.Tenant, turn.TurnId, owner.Id);
        var state = await SessionStore.StateAsync(work, turn.Context.Tenant, turn.SessionId);
        var (_, position) = await sessions.ApplyAsync(work, turn.Context, turn.SessionId, state, command);
        return position;
    }

    private async Task StoreAsync(DbWork work, PreparedTurn turn, string status, string type, string answer, TurnResult result, TurnFailure? failure)
    {
        await sessions.EndTurnAsync(work, turn.Context, turn.TurnId, status, answer, result, failure);
        var calls = turn.Rounds.Exists(static round => round.Calls.Count > 0) ? await rounds.EndOpenAsync(work, turn.Context.Tenant, turn.TurnId) : [];
        var view = new TurnView(
            turn.SessionId, turn.TurnId, turn.Number, status, turn.Prompt, answer, result.Citations, result.Proof, result.DegradedReasons, result.Moderation,
            failure, turn.PreparedAt, clock.GetUtcNow())
        {
            ParentTurn = turn.Parent,
            ToolCalls = calls,
        };
        await SessionStore.AddEventsAsync(work, turn.Context.Tenant, turn.SessionId, turn.TurnId, [(type, JsonSerializer.Serialize(view, SessionsJson.Default.TurnView))]);
        work.OnCommit(() => streams.Signal(turn.Context.Tenant, turn.SessionId));
    }

    /// <summary>Releases what is pending; when a rule or the database stops that, what was released before stands.</summary>
    private async Task KeepAsync(TurnWriter writer)
    {
        try
        {
            await writer.FinishAsync();
        }
        catch (Exception exception) when (exception is Problem or OperationCanceledException or System.Data.Common.DbException)
        {
            NotReleased(log, exception);
        }
    }

    [LoggerMessage(LogLevel.Error, "Turn {TurnId} failed.")]
    private static partial void Unexpected(ILogger log, string turnId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Turn {TurnId} was given up here.")]
    private static partial void Lost(ILogger log, string turnId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The end of an answer was not released.")]
    private static partial void NotReleased(ILogger log, Exception exception);

    private sealed class Reply
    {
        /// <summary>As the provider counted, also when the answer then did not come to its end; null is unknown.</summary>
        public long? InputTokens { get; set; }

        public long? OutputTokens { get; set; }

        /// <summary>A call of the model is under way, whose counts are in no round yet.</summary>
        public bool IsRunning { get; set; }

        /// <summary>Of a complete answer.</summary>
        public CallReceipt? Receipt { get; set; }

        public string? FinishReason { get; set; }

        public IReadOnlyList<Quotation> Quotations { get; set; } = [];

        /// <summary>Those that hold calls and thoughts.</summary>
        public List<ChatResponseUpdate> Updates { get; } = [];

        /// <summary>Another call of the model.</summary>
        public void Begin()
        {
            (InputTokens, OutputTokens, Receipt, FinishReason, IsRunning) = (null, null, null, null, true);
            Updates.Clear();
        }
    }
}
