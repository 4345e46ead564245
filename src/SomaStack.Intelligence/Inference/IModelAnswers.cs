using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>Asks a model under governance: routing with fallbacks, gate, reservation and journal line before the call, settlement after it.</summary>
public interface IModelAnswers
{
    /// <summary>Which models a request would go to, best first, at least one. Asks none of them.</summary>
    /// <param name="model">As in <see cref="ModelRequest"/>.</param>
    /// <exception cref="Problem">404 <c>model_unknown</c> listing what there is.</exception>
    ValueTask<IReadOnlyList<ModelCandidate>> CandidatesAsync(RequestContext context, string? model, string role, CancellationToken cancellationToken);

    /// <summary>Nothing is yielded before the call is durable; the last update carries a <see cref="CallReceipt"/> under <see cref="CallReceipt.Key"/>.</summary>
    /// <exception cref="Problem">Refused, or failed on every candidate; after the first update also when the answer was cut.</exception>
    IAsyncEnumerable<ChatResponseUpdate> StreamAsync(RequestContext context, ModelRequest request, CancellationToken cancellationToken);

    /// <exception cref="Problem">Refused, failed on every candidate, or cut.</exception>
    Task<ModelAnswer> AnswerAsync(RequestContext context, ModelRequest request, CancellationToken cancellationToken);
}

/// <param name="Model">A name of <c>GET /v1/models</c>, <c>provider/model</c>, or null for the tenant's choice for the role.</param>
/// <param name="Purpose">What the call is for, as it stands in journal and ledger: chat, infer, request, session, benchmark, extraction.</param>
/// <param name="RequestSha256">Lower-hex digest of the request as it came in; binds the gate's decision to it.</param>
/// <param name="InputTokensMax">An upper bound for the reservation: a byte-level tokenizer makes at most one token of a byte.</param>
public sealed record ModelRequest(string? Model, IReadOnlyList<ChatMessage> Messages, ChatOptions Options, string Purpose, string RequestSha256, long InputTokensMax)
{
    /// <summary>chat, planning, code: which of the tenant's choices stands in when no model is named.</summary>
    public string Role { get; init; } = "chat";

    /// <summary>The caller spends an approval in <see cref="Opening"/> that covers the model call too: only a denial refuses it then.</summary>
    public bool Approved { get; init; }

    /// <summary>Labels of the content that the messages derive from, as moderation gave them; the gate's rules see them.</summary>
    public IReadOnlyList<string> Taints { get; init; } = [];

    /// <summary>The session in whose course the call is made, for rules over sequences.</summary>
    public string? Session { get; init; }

    /// <summary>The answer is moderated while it comes. Whoever moderates it itself leaves this out.</summary>
    public bool Watched { get; init; }

    /// <summary>The caller's own id of the request, which stands in the lines of all its attempts; the trace when absent.</summary>
    public string? RequestId { get; init; }

    /// <summary>
    /// Joins the transaction that opens an attempt's call: what it writes is durable with the reservation and the call's first journal line,
    /// before the provider is asked. It is run again for each attempt, and when a transaction is repeated.
    /// </summary>
    public Func<DbWork, OpenedCall, Task>? Opening { get; init; }

    /// <summary>Hears of each attempt's call when it is open, so that a surface can name it in its headers whatever comes of it.</summary>
    internal Action<ModelCall>? Announce { get; init; }

    /// <summary>Attempts that the same request has already had in another format.</summary>
    internal int AttemptsBefore { get; init; }
}

/// <summary>A model that a request may go to.</summary>
/// <param name="ContextTokens">How much it reads at most; null when its server does not say.</param>
/// <param name="UsesTools">False when it is known to call none; a server does not say, so one that cannot may refuse the request.</param>
public sealed record ModelCandidate(string Provider, string Model, int? ContextTokens, bool UsesTools);

/// <param name="CallId">Also the id of its reservation.</param>
public sealed record OpenedCall(string CallId, string Provider, string Model);

public sealed record ModelAnswer(ChatResponse Response, CallReceipt Receipt);

/// <summary>What a call came to.</summary>
/// <param name="InputTokens">As the provider counted, cached ones included; null when it did not say. Likewise below.</param>
/// <param name="CostNanos">Null when price or usage is unknown.</param>
/// <param name="FirstTokenMs">From the request to the first piece of the answer.</param>
/// <param name="OverheadMs">What this server added, without the waits for the provider and the reader.</param>
/// <param name="Attempts">Calls that it took, 1 without a retry or fallback.</param>
public sealed record CallReceipt(
    string CallId, string Provider, string Model, long? InputTokens, long? OutputTokens, long? CachedInputTokens, long? ReasoningTokens, long? CostNanos, string Currency,
    double? FirstTokenMs, double DurationMs, double OverheadMs, int Attempts)
{
    public const string Key = "somastack.receipt";

    /// <summary>What the rules obliged the call to; all of it was carried out.</summary>
    public IReadOnlyList<Obligation> Obligations { get; init; } = [];
}
