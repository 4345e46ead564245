using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Asks a model through its official client, as a governed call; for everything whose bytes are not passed on as they are.</summary>
internal sealed class GovernedChat(Router router, Inference clients, ModelCalls calls, Attempts attempts, ObligedCall obliged, RequestScreen screen, IEvidenceSource? memory = null) : IModelAnswers
{
    private const int EvidenceLimit = 8;

    /// <summary>Returns when the call is durable and the first update has come, so whatever fails until then is a refusal with a status.</summary>
    /// <exception cref="Problem">Refused, or failed on every candidate.</exception>
    public async Task<GovernedStream> OpenAsync(RequestContext context, ModelRequest request, bool stream, CancellationToken cancellationToken)
    {
        var route = await router.FindAsync(context, request.Model, request.Role, cancellationToken);
        var wished = Settle(request.Options, route);
        var first = await calls.PermitAsync(
            context, route.Candidates[0], request.Purpose, stream, request.RequestSha256, request.InputTokensMax, wished.MaxOutputTokens, cancellationToken,
            mayAsk: request.Opening is null, approved: request.Approved, origin: new CallOrigin(TaintsOf(request, route.Candidates[0]), request.Session));
        (first.RequestId, first.Attempt) = (request.RequestId ?? context.TraceId, request.AttemptsBefore + 1);
        // The answer comes piece by piece whether or not its reader sees it so.
        var plan = new AttemptPlan<GovernedStream>(route, Stream: true, (call, deadline) => BeginAsync(context, request, wished, call, deadline), cancellationToken);
        GovernedStream opened;
        try
        {
            opened = (await attempts.RunAsync(plan, first))!;
        }
        finally
        {
            foreach (var overtaken in plan.Overtaken) await overtaken;
        }
        if (opened.Failure is not { } failure) return opened;
        await opened.DisposeAsync();
        throw failure;
    }

    public async ValueTask<IReadOnlyList<ModelCandidate>> CandidatesAsync(RequestContext context, string? model, string role, CancellationToken cancellationToken) =>
        [.. (await router.FindAsync(context, model, role, cancellationToken)).Candidates.Select(static one => new ModelCandidate(one.Provider, one.Id, one.ContextTokens, one.Provider != ExtractiveResponder.Provider))];

    private async Task<GovernedStream> BeginAsync(RequestContext context, ModelRequest request, ChatOptions wished, ModelCall call, AttemptDeadline deadline)
    {
        var options = wished.Clone();
        options.ModelId = call.Model.Id;
        var messages = await obliged.ChatAsync(call, request.Messages, options, deadline.Token);
        if (request.Opening is { } opening) call.Opening = work => opening(work, new OpenedCall(call.Id, call.Model.Provider, call.Model.Id));
        await calls.OpenAsync(call);
        request.Announce?.Invoke(call);
        var opened = new GovernedStream(calls, attempts, call, messages, deadline, request.Watched ? screen.Watch(context) : null);
        try
        {
            await opened.BeginAsync(async () =>
            {
                if (call.Model.Provider == ExtractiveResponder.Provider) await AddEvidenceAsync(context, request, options, deadline.Token);
                await obliged.EvidenceAsync(call, options, deadline.Token);
                return clients.ClientOf(call.Model).GetStreamingResponseAsync(messages, options, deadline.Token);
            });
            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the choice was left to the profile, its settings stand in for what the request does not set.</summary>
    private static ChatOptions Settle(ChatOptions options, Route route)
    {
        if (route is not { ByRole: true, Profile: { } profile } || (profile.Temperature is null && profile.MaxTokens is null)) return options;
        var settled = options.Clone();
        settled.Temperature ??= (float?)profile.Temperature;
        settled.MaxOutputTokens ??= (int?)profile.MaxTokens;
        return settled;
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
        var found = await screen.MemoriesAsync(context, await memory.FindAsync(context, question, EvidenceLimit, cancellationToken), cancellationToken);
        options.AdditionalProperties = new AdditionalPropertiesDictionary(options.AdditionalProperties ?? []) { [Evidence.Key] = found };
    }

    /// <summary>The built-in responder reads memory to answer, also where the request brought none.</summary>
    private IReadOnlyList<string> TaintsOf(ModelRequest request, KnownModel model) =>
        memory is null || model.Provider != ExtractiveResponder.Provider || request.Options.AdditionalProperties?.ContainsKey(Evidence.Key) == true || request.Taints.Contains("memory")
            ? request.Taints : [.. request.Taints, "memory"];
}
