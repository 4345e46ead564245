using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// An answer of any provider as a response object, gathered piece by piece; with an output, each piece is told at once as the events
/// of OpenAI's stream, numbered from 0.
/// </summary>
/// <param name="id">Without its prefix; items take it too.</param>
/// <param name="createdAt">Unix seconds.</param>
/// <param name="request">What the response repeats of it.</param>
/// <param name="output">Null for a whole answer.</param>
internal sealed class ResponseParts(string id, long createdAt, string model, JsonField request, IBufferWriter<byte>? output)
{
    private readonly List<ResponseItem> _items = [];
    private ResponseItem? _open;
    private QuotedAnswer? _quoted;
    private long _sequence;

    /// <summary>Null until the provider has said why it ended: without it the answer was cut.</summary>
    public ChatFinishReason? Finish { get; private set; }

    private string Status => Finish == ChatFinishReason.Length || Finish == ChatFinishReason.ContentFilter ? "incomplete" : "completed";

    /// <summary>The two events before the first piece.</summary>
    public void Begin()
    {
        Tell("response.created", json => WriteResponse(json, "in_progress", null));
        Tell("response.in_progress", json => WriteResponse(json, "in_progress", null));
    }

    public void Add(ChatResponseUpdate update)
    {
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    Grow("message", false, text.Text);
                    break;
                case TextReasoningContent { Text.Length: > 0 } thought:
                    Grow("reasoning", false, thought.Text);
                    break;
                case ErrorContent { Message.Length: > 0 } error when ToolShapes.IsRefusal(error):
                    Grow("message", true, error.Message);
                    break;
                case FunctionCallContent call:
                    Close();
                    Open(new ResponseItem(NewId("fc"), "function_call") { CallId = call.CallId, Name = call.Name });
                    Append(ToolShapes.Arguments(call));
                    Close();
                    break;
            }
        }
        if (update.FinishReason is { } finish) Finish = finish;
        if (AnswerChat.QuotationsOf(update.AdditionalProperties) is { } quotations) _quoted = new QuotedAnswer(quotations, Words.Tokenizer);
    }

    /// <summary>The last event: completed, or incomplete with its reason.</summary>
    public void End(TokenUsage usage)
    {
        Close();
        Tell("response." + Status, json => WriteResponse(json, Status, usage));
    }

    /// <summary>The whole answer.</summary>
    public byte[] ToBytes(TokenUsage usage)
    {
        Close();
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteResponse(json, Status, usage);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private void Grow(string type, bool refusal, string text)
    {
        if (_open is not { } open || open.Type != type || open.IsRefusal != refusal)
        {
            Close();
            Open(new ResponseItem(NewId(type == "message" ? "msg" : "rs"), type) { IsRefusal = refusal });
        }
        Append(text);
    }

    private void Open(ResponseItem item)
    {
        _items.Add(_open = item);
        TellOf("response.output_item.added", item, withId: false, json => WriteItem(json, item));
        if (item.Part is { } part) TellOf(part.Event + ".added", item, withId: true, json => WritePart(json, item, ""));
    }

    private void Append(string text)
    {
        var item = _open!;
        item.Text.Append(text);
        TellOf(item.Stem + ".delta", item, withId: true, json => json.WriteString("delta"u8, text));
    }

    private void Close()
    {
        if (_open is not { } item) return;
        _open = null;
        item.IsDone = true;
        if (output is null) return;
        var text = item.Text.ToString();
        TellOf(item.Stem + ".done", item, withId: true, json =>
        {
            if (item.Name is { } name) json.WriteString("name"u8, name);
            json.WriteString(item.Type == "function_call" ? "arguments"u8 : item.IsRefusal ? "refusal"u8 : "text"u8, text);
        });
        if (item.Part is { } part) TellOf(part.Event + ".done", item, withId: true, json => WritePart(json, item, text));
        TellOf("response.output_item.done", item, withId: false, json => WriteItem(json, item));
    }

    private static void WriteItem(Utf8JsonWriter json, ResponseItem item)
    {
        json.WritePropertyName("item"u8);
        item.Write(json);
    }

    private static void WritePart(Utf8JsonWriter json, ResponseItem item, string text)
    {
        json.WritePropertyName("part"u8);
        item.WritePart(json, text);
    }

    private void TellOf(string type, ResponseItem item, bool withId, Action<Utf8JsonWriter> write) => Tell(type, json =>
    {
        if (withId) json.WriteString("item_id"u8, item.Id);
        json.WriteNumber("output_index"u8, _items.Count - 1);
        if (withId && item.Part is { } part) json.WriteNumber(part.Index, 0);
        write(json);
    });

    private void Tell(string type, Action<Utf8JsonWriter> write)
    {
        if (output is null) return;
        output.Write(Encoding.UTF8.GetBytes($"event: {type}\ndata: "));
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteNumber("sequence_number"u8, _sequence++);
            if (type is "response.created" or "response.in_progress" or "response.completed" or "response.incomplete")
            {
                json.WriteStartObject("response"u8);
                write(json);
                json.WriteEndObject();
            }
            else write(json);
            json.WriteEndObject();
        }
        output.Write("\n\n"u8);
    }

    private void WriteResponse(Utf8JsonWriter json, string status, TokenUsage? usage)
    {
        json.WriteString("id"u8, "resp_" + id);
        json.WriteString("object"u8, "response"u8);
        json.WriteNumber("created_at"u8, createdAt);
        json.WriteString("status"u8, status);
        json.WriteBoolean("background"u8, false);
        json.WriteNull("error"u8);
        if (status == "incomplete")
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, Finish == ChatFinishReason.Length ? "max_output_tokens"u8 : "content_filter"u8);
            json.WriteEndObject();
        }
        else json.WriteNull("incomplete_details"u8);
        json.WriteString("model"u8, model);
        json.WriteStartArray("output"u8);
        if (status != "in_progress")
            foreach (var item in _items) item.Write(json);
        json.WriteEndArray();
        WriteRequest(json);
        WriteUsage(json, usage);
        if (_quoted is null || status == "in_progress") return;
        json.WritePropertyName("somastack"u8);
        JsonSerializer.Serialize(json, _quoted, InferenceJson.Default.QuotedAnswer);
    }

    /// <summary>What OpenAI's clients expect to be repeated; what was not asked for is null or OpenAI's documented default.</summary>
    private void WriteRequest(Utf8JsonWriter json)
    {
        foreach (var name in (ReadOnlySpan<string>)["instructions", "max_output_tokens", "temperature", "top_p", "user", "reasoning"])
        {
            json.WritePropertyName(name);
            if (request[name].IsThere) request[name].Value.WriteTo(json);
            else json.WriteNullValue();
        }
        foreach (var (name, otherwise) in (ReadOnlySpan<(string, string)>)[("parallel_tool_calls", "true"), ("tool_choice", "\"auto\""), ("tools", "[]"), ("metadata", "{}"), ("text", """{"format":{"type":"text"}}""")])
        {
            json.WritePropertyName(name);
            if (request[name].IsThere) request[name].Value.WriteTo(json);
            else json.WriteRawValue(otherwise);
        }
        json.WriteNull("previous_response_id"u8);
        json.WriteString("truncation"u8, "disabled"u8);
        // Nothing is kept here that could be asked for again.
        json.WriteBoolean("store"u8, false);
    }

    private static void WriteUsage(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is not { InputTokens: { } input, OutputTokens: { } written })
        {
            json.WriteNull("usage"u8);
            return;
        }
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, input);
        WriteDetail(json, "input_tokens_details", "cached_tokens", usage.CachedInputTokens);
        json.WriteNumber("output_tokens"u8, written);
        WriteDetail(json, "output_tokens_details", "reasoning_tokens", usage.ReasoningTokens);
        json.WriteNumber("total_tokens"u8, input + written);
        json.WriteEndObject();
    }

    private static void WriteDetail(Utf8JsonWriter json, string name, string field, long? count)
    {
        json.WriteStartObject(name);
        if (count is { } known) json.WriteNumber(field, known);
        json.WriteEndObject();
    }

    private string NewId(string prefix) => $"{prefix}_{id}_{_items.Count}";
}
