using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>The parts that Anthropic's whole answers and events have in common.</summary>
internal sealed class MessagesJson(IBufferWriter<byte> output)
{
    public Utf8JsonWriter Writer { get; } = new(output);

    /// <summary>The whole answer as one object.</summary>
    public static void Whole(IBufferWriter<byte> output, string id, string model, ChatResponse response, TokenUsage usage)
    {
        var json = new MessagesJson(output);
        var called = false;
        json.Writer.WriteStartObject();
        json.Head(id, model);
        json.Writer.WriteStartArray("content"u8);
        foreach (var message in response.Messages)
            foreach (var content in message.Contents)
            {
                called |= content is FunctionCallContent;
                if (HasBlock(content)) json.Block(content, isBeginning: false);
            }
        json.Writer.WriteEndArray();
        json.Stop(response.FinishReason, called);
        json.Usage(usage);
        json.Quotations(AnswerChat.QuotationsOf(response.AdditionalProperties));
        json.Writer.WriteEndObject();
        json.Writer.Flush();
    }

    /// <summary>Begins an event whose data is an object with this type.</summary>
    public void Open(ReadOnlySpan<byte> type)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: "u8);
        Writer.Reset(output);
        Writer.WriteStartObject();
        Writer.WriteString("type"u8, type);
    }

    public void Close()
    {
        Writer.WriteEndObject();
        Writer.Flush();
        output.Write("\n\n"u8);
    }

    public void Head(string id, string model)
    {
        Writer.WriteString("id"u8, id);
        Writer.WriteString("type"u8, "message"u8);
        Writer.WriteString("role"u8, "assistant"u8);
        Writer.WriteString("model"u8, model);
    }

    /// <param name="called">Some servers say that the model just stopped when it wants a tool.</param>
    public void Stop(ChatFinishReason? reason, bool called)
    {
        if (reason is not { } why) Writer.WriteNull("stop_reason"u8);
        else
            Writer.WriteString("stop_reason"u8,
                why == ChatFinishReason.Length ? "max_tokens"u8
                : why == ChatFinishReason.ContentFilter ? "refusal"u8
                : called || why == ChatFinishReason.ToolCalls ? "tool_use"u8
                : "end_turn"u8);
        Writer.WriteNull("stop_sequence"u8);
    }

    /// <summary>Anthropic counts apart what was read from a cache and what was written to it. What is unknown is null.</summary>
    public void Usage(TokenUsage usage)
    {
        Writer.WriteStartObject("usage"u8);
        Count("input_tokens"u8, usage.InputTokens - (usage.CachedInputTokens ?? 0) - (usage.CacheWriteTokens ?? 0));
        Count("cache_creation_input_tokens"u8, usage.CacheWriteTokens);
        Count("cache_read_input_tokens"u8, usage.CachedInputTokens);
        Count("output_tokens"u8, usage.OutputTokens);
        if (usage.ReasoningTokens is { } thought)
        {
            Writer.WriteStartObject("output_tokens_details"u8);
            Writer.WriteNumber("thinking_tokens"u8, thought);
            Writer.WriteEndObject();
        }
        Writer.WriteEndObject();
    }

    /// <summary>What the built-in responder quotes; an addition that Anthropic's clients ignore.</summary>
    public void Quotations(IReadOnlyList<Quotation>? quotations)
    {
        if (quotations is null) return;
        Writer.WriteStartObject("somastack"u8);
        Writer.WritePropertyName("quotations"u8);
        JsonSerializer.Serialize(Writer, quotations, InferenceJson.Default.IReadOnlyListQuotation);
        Writer.WriteString("tokenizer"u8, Words.Tokenizer);
        Writer.WriteEndObject();
    }

    /// <param name="isBeginning">Its text, or its input, follows in events.</param>
    public void Block(AIContent content, bool isBeginning)
    {
        Writer.WriteStartObject();
        switch (content)
        {
            case TextReasoningContent { Text.Length: 0, ProtectedData: { Length: > 0 } hidden }:
                Writer.WriteString("type"u8, "redacted_thinking"u8);
                Writer.WriteString("data"u8, hidden);
                break;
            case TextReasoningContent thought:
                Writer.WriteString("type"u8, "thinking"u8);
                Writer.WriteString("thinking"u8, isBeginning ? "" : thought.Text);
                Writer.WriteString("signature"u8, isBeginning ? "" : thought.ProtectedData ?? "");
                break;
            case FunctionCallContent call:
                Writer.WriteString("type"u8, "tool_use"u8);
                Writer.WriteString("id"u8, call.CallId);
                Writer.WriteString("name"u8, call.Name);
                Writer.WritePropertyName("input"u8);
                Writer.WriteRawValue(isBeginning ? "{}" : Arguments(call));
                break;
            default:
                Writer.WriteString("type"u8, "text"u8);
                Writer.WriteString("text"u8, isBeginning ? "" : (content as TextContent)?.Text ?? ((ErrorContent)content).Message);
                break;
        }
        Writer.WriteEndObject();
    }

    /// <exception cref="Platform.Problem">502 when the model's arguments are no JSON.</exception>
    public static string Arguments(FunctionCallContent call)
    {
        if (call.Exception is { } exception) throw InferenceProblems.Garbled.Because("The arguments of its tool call are no JSON object.", exception);
        return ToolShapes.Arguments(call);
    }

    private static bool HasBlock(AIContent content) => content is TextContent { Text.Length: > 0 } or ErrorContent { Message.Length: > 0 } or FunctionCallContent
        || content is TextReasoningContent thought && (thought.Text.Length > 0 || thought.ProtectedData is { Length: > 0 });

    private void Count(ReadOnlySpan<byte> name, long? count)
    {
        if (count is { } known) Writer.WriteNumber(name, known);
        else Writer.WriteNull(name);
    }
}
