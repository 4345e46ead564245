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
/// moderated and released, and the last commit holds the answer, its proof, the memory of what was asked and the journal line.
/// </summary>
internal sealed partial class AnswerTurn(
    Db db, SessionStore sessions, OpenTurn open, IModelAnswers answers, IModeration moderation, IMemory memory, IWorkingMemory working, SessionStreams streams,
    IKillSwitch killSwitch, TimeProvider clock, ILogger<AnswerTurn> log)
{
    internal const int OutputTokensMax = 1024;
    private const int TokensAroundMessage = 16;

    /// <param name="cancelled">Ends the turn as cancelled; what was said is kept and marked.</param>
    public async Task RunAsync(PreparedTurn turn, Func<string?> cancelledBy, CancellationToken cancelled)
    {
        SessionMetrics.Running.Add(1);
        var outcome = "failed";
        // Releases go on after a cancel, so that what was produced is kept whole.
        var writer = new TurnWriter(db, moderation, streams, turn, CancellationToken.None);
        var reply = new Reply();
        try
        {
            await ListenAsync(turn, writer, reply, cancelled);
            await writer.FinishAsync();
            turn.Timings.Mark("model");
            await CompleteAsync(turn, writer.Released, reply);
            outcome = "completed";
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

    private async Task ListenAsync(PreparedTurn turn, TurnWriter writer, Reply reply, CancellationToken cancellationToken)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = (int)Math.Min(OutputTokensMax, turn.OutputTokensCap ?? OutputTokensMax),
            AdditionalProperties = new AdditionalPropertiesDictionary { [Evidence.Key] = turn.Evidence },
        };
        var request = new ModelRequest(turn.Model, turn.Messages, options, "session", Digest.Of(turn.Prompt), InputMax(turn.Messages))
        {
            // The attempts after the one that opened the turn are only calls.
            Approved = turn.Approved is not null,
            Taints = turn.Taints,
            Session = turn.IsNew ? null : turn.SessionId,
            Opening = (work, call) => turn.IsOpen ? Task.CompletedTask : open.WriteAsync(work, turn, call),
        };
        await foreach (var update in answers.StreamAsync(turn.Context, request, cancellationToken))
        {
            if (update.FinishReason is { } reason) reply.FinishReason = reason.Value;
            if (update.AdditionalProperties is { } properties)
            {
                if (properties.TryGetValue(Quotation.Key, out var quoted) && quoted is IReadOnlyList<Quotation> quotations) reply.Quotations = quotations;
                if (properties.TryGetValue(CallReceipt.Key, out var given) && given is CallReceipt receipt) reply.Receipt = receipt;
            }
            foreach (var content in update.Contents)
            {
                if (content is UsageContent usage) (reply.InputTokens, reply.OutputTokens) = (usage.Details.InputTokenCount, usage.Details.OutputTokenCount);
                if (content is not TextContent { Text.Length: > 0 } text) continue;
                turn.Timings.Since("first_token");
                writer.Append(text.Text);
            }
        }
    }

    /// <summary>A byte-level tokenizer makes at most one token of a byte; what marks a message's begin and role is a few more.</summary>
    private static long InputMax(IReadOnlyList<ChatMessage> messages) => messages.Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Text) + TokensAroundMessage);

    private async Task CompleteAsync(PreparedTurn turn, string answer, Reply reply)
    {
        var episode = await memory.PrepareAsync(
            turn.Context,
            new MemoryDraft(turn.Prompt, "episode", Ids.Derive("episode/" + turn.TurnId), "session/" + turn.SessionId, null, turn.SessionId, EventTime: turn.PreparedAt, Namespace: OpenTurn.ConversationPrefix + turn.Context.Principal.Id),
            CancellationToken.None);
        turn.Timings.Mark("embed");
        turn.Timings.Since("total");
        var citations = ComposePrompt.Citations(answer, turn.Evidence, reply.Quotations);
        var receipt = reply.Receipt ?? throw SessionProblems.ModelFailed.Because("The answer came without its receipt.");
        await db.WriteAsync(turn.Context.Tenant, async work =>
        {
            var memoryId = await memory.WriteAsync(work, turn.Context, episode);
            await working.AdmitAsync(work, turn.Context, turn.SessionId, [new WorkingDraft(episode, memoryId)]);
            var completed = new TurnCompleted(
                turn.TurnId, Digest.Of(answer), answer.Length, receipt.InputTokens, receipt.OutputTokens, receipt.CostNanos, receipt.Currency, reply.FinishReason, memoryId,
                receipt.Provider, receipt.Model, receipt.CallId);
            var position = await EndAsync(work, turn, new CompleteTurnCommand(completed));
            var cost = receipt.CostNanos is { } nanos ? new CostProof(nanos / 1_000_000_000m, receipt.Currency) : null;
            var proof = new Proof(
                turn.Constitution, turn.Policy with { Obligations = [.. turn.Policy.Obligations.Concat(receipt.Obligations).Distinct()] }, turn.Memories, receipt.Provider, receipt.Model,
                new UsageProof(receipt.InputTokens, receipt.OutputTokens, cost), turn.Timings.Stages, position, receipt.CallId, receipt.Attempts);
            await StoreAsync(work, turn, "completed", StreamEvent.TurnCompleted, answer, new TurnResult(citations, proof, turn.DegradedReasons, turn.Moderation, reply.FinishReason), null);
        }, CancellationToken.None);
    }

    private Task CancelAsync(PreparedTurn turn, string said, Reply reply, string by) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await EndAsync(work, turn, new CancelTurnCommand(new TurnCancelled(turn.TurnId, by, said.Length, reply.InputTokens, reply.OutputTokens)));
        var citations = ComposePrompt.Citations(said, turn.Evidence, reply.Quotations);
        await StoreAsync(work, turn, "cancelled", StreamEvent.TurnCancelled, said, new TurnResult(citations, null, turn.DegradedReasons, turn.Moderation, "cancelled"), null);
    }, CancellationToken.None);

    private Task FailAsync(PreparedTurn turn, string said, TurnFailure failure) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await EndAsync(work, turn, new FailTurnCommand(new TurnFailed(turn.TurnId, failure.Code, said.Length)));
        await StoreAsync(work, turn, "failed", StreamEvent.TurnFailed, said, new TurnResult([], null, turn.DegradedReasons, turn.Moderation, null), failure);
    }, CancellationToken.None);

    private async Task<long> EndAsync(DbWork work, PreparedTurn turn, SessionCommand command)
    {
        var state = await SessionStore.StateAsync(work, turn.Context.Tenant, turn.SessionId);
        var (_, position) = await sessions.ApplyAsync(work, turn.Context, turn.SessionId, state, command);
        return position;
    }

    private async Task StoreAsync(DbWork work, PreparedTurn turn, string status, string type, string answer, TurnResult result, TurnFailure? failure)
    {
        await sessions.EndTurnAsync(work, turn.Context, turn.TurnId, status, answer, result, failure);
        var view = new TurnView(
            turn.SessionId, turn.TurnId, turn.Number, status, turn.Prompt, answer, result.Citations, result.Proof, result.DegradedReasons, result.Moderation,
            failure, turn.PreparedAt, clock.GetUtcNow());
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

    [LoggerMessage(LogLevel.Warning, "The end of an answer was not released.")]
    private static partial void NotReleased(ILogger log, Exception exception);

    private sealed class Reply
    {
        /// <summary>As the provider counted, also when the answer then did not come to its end; null is unknown.</summary>
        public long? InputTokens { get; set; }

        public long? OutputTokens { get; set; }

        /// <summary>Of a complete answer.</summary>
        public CallReceipt? Receipt { get; set; }

        public string? FinishReason { get; set; }

        public IReadOnlyList<Quotation> Quotations { get; set; } = [];
    }
}
