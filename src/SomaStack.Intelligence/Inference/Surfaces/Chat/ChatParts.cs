using System.Text;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>An answer of any provider in the words of OpenAI's chat, gathered piece by piece. Pure.</summary>
internal sealed class ChatParts
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _refusal = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<ChatToolCall> _calls = [];

    /// <summary>Null until the provider has said why it ended: without it the answer was cut.</summary>
    public ChatFinishReason? Finish { get; private set; }

    public QuotedAnswer? Quoted { get; private set; }

    public string? FinishReason => Finish is not { } finish ? null
        : finish == ChatFinishReason.Length ? "length"
        : finish == ChatFinishReason.ContentFilter ? "content_filter"
        : _calls.Count > 0 ? "tool_calls" : "stop";

    public ChatAnswerMessage Message => new(
        "assistant", _text.Length > 0 || (_calls.Count == 0 && _refusal.Length == 0) ? _text.ToString() : null, Optional(_refusal), Optional(_reasoning), _calls.Count == 0 ? null : _calls, Quoted);

    /// <summary>What an update adds, as deltas of a stream.</summary>
    public IReadOnlyList<ChatDelta> Add(ChatResponseUpdate update)
    {
        var deltas = new List<ChatDelta>(update.Contents.Count);
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    _text.Append(text.Text);
                    deltas.Add(new ChatDelta(Content: text.Text));
                    break;
                case TextReasoningContent { Text.Length: > 0 } thought:
                    _reasoning.Append(thought.Text);
                    deltas.Add(new ChatDelta(ReasoningContent: thought.Text));
                    break;
                case FunctionCallContent call:
                    var asked = new ChatToolCall(call.CallId, "function", new ChatFunctionCall(call.Name, ToolShapes.Arguments(call)));
                    _calls.Add(asked);
                    deltas.Add(new ChatDelta(ToolCalls: [asked with { Index = _calls.Count - 1 }]));
                    break;
                case ErrorContent error when ToolShapes.IsRefusal(error):
                    _refusal.Append(error.Message);
                    deltas.Add(new ChatDelta(Refusal: error.Message));
                    break;
            }
        }
        if (update.FinishReason is { } finish) Finish = finish;
        if (AnswerChat.QuotationsOf(update.AdditionalProperties) is { } quotations) Quoted = new QuotedAnswer(quotations, Words.Tokenizer);
        return deltas;
    }

    /// <summary>Null when the provider did not count: OpenAI's shape has no word for an unknown number.</summary>
    public static ChatUsage? UsageOf(TokenUsage usage) => usage is not { InputTokens: { } input, OutputTokens: { } output } ? null : new ChatUsage(input, output, input + output)
    {
        PromptTokensDetails = usage.CachedInputTokens is { } cached ? new ChatPromptDetails(cached) : null,
        CompletionTokensDetails = usage.ReasoningTokens is { } reasoning ? new ChatCompletionDetails(reasoning) : null,
    };

    private static string? Optional(StringBuilder text) => text.Length == 0 ? null : text.ToString();
}
