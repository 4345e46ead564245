using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>Carries out what the gate obliges a call to before anything of it leaves: an answer of fewer tokens, texts without what a rule names.</summary>
internal sealed class ObligedCall(IRedaction redaction)
{
    public static readonly IReadOnlyList<string> Notices = [Obligation.Notify];

    private static readonly IReadOnlyList<string> WithoutWords = [Obligation.CapTokens, Obligation.Notify];
    private static readonly IReadOnlyList<string> Everything = [Obligation.CapTokens, Obligation.Redact, Obligation.Notify];

    /// <summary>What a call of this purpose carries out; what is not here denies. An embedding writes no tokens, so any cap holds.</summary>
    public static IReadOnlyList<string> MetFor(string purpose) => purpose switch
    {
        "chat" or "infer" or "request" or "session" or "benchmark" or "extraction" => Everything,
        "embeddings" => WithoutWords,
        _ => [],
    };

    /// <summary>Whether the answer depends on more than the request.</summary>
    public static bool Changes(ModelCall call) => call.Decision.Obligations.Any(static one => one.Kind is Obligation.CapTokens or Obligation.Redact);

    /// <param name="body">As it would go to the provider.</param>
    /// <exception cref="Platform.Problem">403 when the cap is below one token for each answer that is asked for.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> BodyAsync(ModelCall call, Envelope envelope, ReadOnlyMemory<byte> body, WireFormat format, ProviderKind kind, CancellationToken cancellationToken)
    {
        if (Obligation.CapOf(call.Decision.Obligations) is { } cap)
        {
            var each = cap / envelope.Choices;
            if (each == 0) throw InferenceProblems.Denied.Because($"The rules allow {cap} tokens in all, and {envelope.Choices} answers are asked for.");
            body = ProfileSettings.Cap(body, format, kind, each);
        }
        return await RedactorAsync(call, cancellationToken) is { } redact ? BodyTexts.Redact(body, redact) : body;
    }

    /// <param name="options">The call's own; changed in place.</param>
    public async ValueTask<IReadOnlyList<ChatMessage>> ChatAsync(ModelCall call, IReadOnlyList<ChatMessage> messages, ChatOptions options, CancellationToken cancellationToken)
    {
        if (Obligation.CapOf(call.Decision.Obligations) is { } cap) options.MaxOutputTokens = (int)Math.Min(cap, options.MaxOutputTokens ?? int.MaxValue);
        if (await RedactorAsync(call, cancellationToken) is not { } redact) return messages;
        if (options.Instructions is { } instructions) options.Instructions = redact(instructions) ?? instructions;
        return [.. messages.Select(message => Redacted(message, redact))];
    }

    /// <summary>Passages that a model is given beside the messages.</summary>
    public async ValueTask EvidenceAsync(ModelCall call, ChatOptions options, CancellationToken cancellationToken)
    {
        if (options.AdditionalProperties is not { } given || !given.TryGetValue(Evidence.Key, out var value) || value is not IReadOnlyList<Evidence> evidence) return;
        if (await RedactorAsync(call, cancellationToken) is not { } redact) return;
        options.AdditionalProperties = new AdditionalPropertiesDictionary(given)
        {
            [Evidence.Key] = (IReadOnlyList<Evidence>)[.. evidence.Select(one => redact(one.Text) is { } text ? one with { Text = text } : one)],
        };
    }

    private ValueTask<Func<string, string?>?> RedactorAsync(ModelCall call, CancellationToken cancellationToken) => redaction.OfAsync(call.Context.Tenant, call.Decision, cancellationToken);

    private static ChatMessage Redacted(ChatMessage message, Func<string, string?> redact)
    {
        var copy = message.Clone();
        copy.Contents = [.. message.Contents.Select(content => Redacted(content, redact))];
        return copy;
    }

    /// <summary>What holds text in a form that is not known here goes nowhere.</summary>
    private static AIContent Redacted(AIContent content, Func<string, string?> redact) => content switch
    {
        TextContent text => redact(text.Text) is { } clean ? new TextContent(clean) { AdditionalProperties = text.AdditionalProperties } : text,
        // Signed by the provider: it cannot be changed, so it goes only when nothing is found in it.
        TextReasoningContent thought => redact(thought.Text) is null ? thought : throw Denied("a thought of the model"),
        FunctionCallContent asked => new FunctionCallContent(asked.CallId, asked.Name, asked.Arguments?.ToDictionary(static pair => pair.Key, pair => Value(pair.Value, redact)))
        {
            AdditionalProperties = asked.AdditionalProperties,
        },
        FunctionResultContent result => new FunctionResultContent(result.CallId, Value(result.Result, redact)) { AdditionalProperties = result.AdditionalProperties },
        // Pictures and sound hold no text.
        DataContent or UriContent => content,
        _ => throw Denied(content.GetType().Name),
    };

    private static object? Value(object? value, Func<string, string?> redact) => value switch
    {
        null or bool or int or long or double or decimal => value,
        string text => redact(text) ?? text,
        JsonElement json => BodyTexts.Redact(json, redact),
        IEnumerable<AIContent> contents => (List<AIContent>)[.. contents.Select(content => Redacted(content, redact))],
        _ => throw Denied(value.GetType().Name),
    };

    private static Platform.Problem Denied(string what) => InferenceProblems.Denied.Because($"A rule obliges to redact, and {what} cannot be redacted.");
}
