using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Asks a model through its official client, as a governed call; for everything whose bytes are not passed on as they are.</summary>
internal sealed class GovernedChat(Router router, Inference clients, ModelCalls calls, IEvidenceSource? memory = null) : IModelAnswers
{
    private const int EvidenceLimit = 8;

    /// <summary>Returns when the call is durable and the first update has come, so whatever fails until then is a refusal with a status.</summary>
    /// <exception cref="Problem">Refused, or failed on every candidate.</exception>
    public async Task<GovernedStream> OpenAsync(RequestContext context, ModelRequest request, bool stream, CancellationToken cancellationToken)
    {
        var route = await router.FindAsync(context, request.Model, request.Role, cancellationToken);
        var model = route.Candidates[0];
        var call = await calls.PermitAsync(context, model, request.Purpose, stream, request.RequestSha256, request.InputTokensMax, request.Options.MaxOutputTokens, cancellationToken);
        await calls.OpenAsync(call);
        var options = request.Options.Clone();
        options.ModelId = model.Id;
        var opened = new GovernedStream(calls, call, attempts: 1);
        try
        {
            if (model.Provider == ExtractiveResponder.Provider) await AddEvidenceAsync(context, request, options, cancellationToken);
            await opened.BeginAsync(clients.ClientOf(model).GetStreamingResponseAsync(request.Messages, options, cancellationToken), cancellationToken);
            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(RequestContext context, ModelRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var opened = await OpenAsync(context, request, stream: true, cancellationToken);
        await foreach (var update in opened.ReadAsync()) yield return update;
        yield return new ChatResponseUpdate { AdditionalProperties = new AdditionalPropertiesDictionary { [CallReceipt.Key] = opened.Receipt } };
    }

    public async Task<ModelAnswer> AnswerAsync(RequestContext context, ModelRequest request, CancellationToken cancellationToken)
    {
        await using var opened = await OpenAsync(context, request, stream: false, cancellationToken);
        var response = await opened.ReadAsync().ToChatResponseAsync(CancellationToken.None);
        // Joining updates leaves their properties on the message; a caller looks at either.
        if (response.Messages.Count > 0) response.AdditionalProperties ??= response.Messages[^1].AdditionalProperties;
        return new ModelAnswer(response, opened.Receipt);
    }

    private async Task AddEvidenceAsync(RequestContext context, ModelRequest request, ChatOptions options, CancellationToken cancellationToken)
    {
        if (memory is null || options.AdditionalProperties?.ContainsKey(Evidence.Key) == true) return;
        var question = request.Messages.LastOrDefault(static message => message.Role == ChatRole.User)?.Text;
        if (string.IsNullOrEmpty(question)) return;
        options.AdditionalProperties = new AdditionalPropertiesDictionary(options.AdditionalProperties ?? []) { [Evidence.Key] = await memory.FindAsync(context, question, EvidenceLimit, cancellationToken) };
    }
}

/// <summary>A governed answer on its way. Disposing it before its end books it as left by its reader.</summary>
internal sealed class GovernedStream(ModelCalls calls, ModelCall call, int attempts) : IAsyncDisposable
{
    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private CancellationToken _cancellation;
    private bool _hasFirst;
    private bool _closed;

    public ModelCall Call => call;

    /// <summary>Final once <see cref="ReadAsync"/> has ended.</summary>
    public CallReceipt Receipt => new(
        call.Id, call.Model.Provider, call.Model.Id, call.Usage.InputTokens, call.Usage.OutputTokens, call.Usage.CachedInputTokens, call.Usage.ReasoningTokens,
        calls.CostNanos(call), call.Price?.Currency ?? "USD", call.FirstByteMs, call.DurationMs, call.OverheadMs, attempts);

    /// <summary>Waits for the first update.</summary>
    public async Task BeginAsync(IAsyncEnumerable<ChatResponseUpdate> updates, CancellationToken cancellationToken)
    {
        _cancellation = cancellationToken;
        _updates = updates.GetAsyncEnumerator(cancellationToken);
        _hasFirst = await NextAsync();
    }

    /// <summary>To be read once, to its end. Settles the call at the end of the answer.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> ReadAsync()
    {
        for (var more = _hasFirst; more; more = await NextAsync()) yield return _updates!.Current;
        _closed = true;
        await calls.SettleAsync(call);
    }

    public async ValueTask DisposeAsync()
    {
        if (_updates is not null) await _updates.DisposeAsync();
        if (!_closed) await CloseAsync("client_closed", reached: true);
    }

    private async Task<bool> NextAsync()
    {
        call.BeginWait();
        try
        {
            var more = await _updates!.MoveNextAsync();
            call.EndWait();
            if (!more) return false;
            call.FirstByte();
            call.Chunks++;
            foreach (var content in _updates.Current.Contents)
                if (content is UsageContent usage) call.Usage = AnswerChat.UsageOf(usage.Details);
            return true;
        }
        catch (Exception exception)
        {
            var problem = exception as Problem;
            var code = problem?.Code.Code ?? (_cancellation.IsCancellationRequested ? "client_closed" : PlatformProblems.Internal.Code);
            // Whoever left or ran out of time may have left work behind that the provider charges for.
            await CloseAsync(code, reached: call.Chunks > 0 || problem is null || problem.Code == InferenceProblems.Timeout);
            throw;
        }
    }

    private Task CloseAsync(string code, bool reached)
    {
        if (_closed) return Task.CompletedTask;
        _closed = true;
        return calls.FailAsync(call, code, reached);
    }
}
