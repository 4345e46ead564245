using System.Text;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A governed answer on its way. Disposing it before its end books it as left by its reader.</summary>
internal sealed class GovernedStream(ModelCalls calls, Attempts attempts, ModelCall call, IReadOnlyList<ChatMessage> messages, AttemptDeadline deadline, OutputWatch? watch = null) : IAttempt
{
    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private bool _hasFirst;
    private bool _closed;
    private bool _finished;
    private int _textBytes;

    public ModelCall Call => call;

    public Problem? Failure { get; private set; }

    /// <summary>Final once <see cref="ReadAsync"/> has ended.</summary>
    public CallReceipt Receipt => new(
        call.Id, call.Model.Provider, call.Model.Id, call.Usage.InputTokens, call.Usage.OutputTokens, call.Usage.CachedInputTokens, call.Usage.ReasoningTokens,
        calls.CostNanos(call), call.Price?.Currency ?? "USD", call.FirstByteMs, call.DurationMs, call.OverheadMs, call.Attempt)
    {
        Obligations = call.Decision.Obligations,
    };

    /// <summary>Waits for the first update. A failure until then is in <see cref="Failure"/>.</summary>
    /// <exception cref="OperationCanceledException">The caller left, or another attempt won; booked.</exception>
    public async Task BeginAsync(Func<Task<IAsyncEnumerable<ChatResponseUpdate>>> ask)
    {
        deadline.Expect(deadline.Limits.FirstByte);
        try
        {
            _updates = (await ask()).GetAsyncEnumerator(deadline.Token);
            _hasFirst = await NextAsync();
        }
        catch (Exception exception)
        {
            Failure = await FailedAsync(exception);
            if (Failure is null) throw;
        }
    }

    /// <summary>To be read once, to its end. Settles the call at the end of the answer.</summary>
    /// <exception cref="Problem">The answer was cut; booked.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> ReadAsync()
    {
        var more = _hasFirst;
        while (more)
        {
            yield return _updates!.Current;
            deadline.Expect(deadline.Limits.Idle);
            try
            {
                more = await NextAsync();
            }
            catch (Exception exception)
            {
                if (await FailedAsync(exception) is not { } problem) throw;
                // An answer that was only long, or read slowly, is no fault of the model.
                if (!deadline.IsOver && !OutputWatch.Stops(problem)) attempts.Cut(call.Model);
                if (ReferenceEquals(problem, exception)) throw;
                throw problem;
            }
        }
        // Every format names a reason with the end of its stream, and the official clients take a cut one for complete.
        if (!_finished)
        {
            attempts.Cut(call.Model);
            var cut = InferenceProblems.Garbled.Because("Its stream ended before it was complete.");
            await CloseAsync(cut.Code.Code, reached: true, hungUp: false);
            throw cut;
        }
        _closed = true;
        await calls.SettleAsync(call);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_updates is not null) await _updates.DisposeAsync();
        }
        finally
        {
            // Whoever stops reading has left, whether or not its connection has.
            await CloseAsync(deadline.IsUnwanted ? deadline.Reason : "client_closed", reached: true, hungUp: true);
            deadline.Dispose();
        }
    }

    private async Task<bool> NextAsync()
    {
        call.BeginWait();
        var more = await _updates!.MoveNextAsync();
        call.EndWait();
        // A slow reader is not the provider's silence.
        deadline.Expect(deadline.Limits.Total);
        if (!more) return false;
        call.FirstByte();
        call.Chunks++;
        call.Watch.See(_updates.Current);
        _finished |= _updates.Current.FinishReason is not null;
        foreach (var content in _updates.Current.Contents)
            switch (content)
            {
                case UsageContent usage: call.Usage = AnswerChat.UsageOf(usage.Details); break;
                case TextContent text: _textBytes += Encoding.UTF8.GetByteCount(text.Text); break;
                case TextReasoningContent reasoning: _textBytes += Encoding.UTF8.GetByteCount(reasoning.Text); break;
            }
        // After it was counted: what is withheld was written, and is paid for.
        if (watch is not null) await watch.UpdateAsync(_updates.Current, deadline.Token);
        return true;
    }

    private async Task<Problem?> FailedAsync(Exception exception)
    {
        var problem = deadline.Explain(exception);
        // Whoever left or ran out of time may have left work behind that the provider charges for.
        var hungUp = problem is null || problem.Code == InferenceProblems.Timeout || deadline.IsStopped || OutputWatch.Stops(problem);
        await CloseAsync(problem?.Code.Code ?? deadline.Reason, reached: call.Chunks > 0 || hungUp, hungUp && call.Chunks > 0);
        return problem;
    }

    private Task CloseAsync(string code, bool reached, bool hungUp)
    {
        if (_closed) return Task.CompletedTask;
        _closed = true;
        if (hungUp) call.Estimate(TokenEstimate.OfBytes(SentBytes()), TokenEstimate.OfBytes(_textBytes));
        return calls.FailAsync(call, code, reached);
    }

    private int SentBytes()
    {
        var bytes = 0;
        foreach (var message in messages) bytes += Encoding.UTF8.GetByteCount(message.Text);
        return bytes;
    }
}
