using System.Buffers;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Writes an answer as events of Anthropic's format. Its blocks follow one another and never overlap, as that format has it. Pure but
/// for its output.
/// </summary>
internal sealed class MessagesWriter(IBufferWriter<byte> output, string id, string model)
{
    private readonly MessagesJson _json = new(output);
    private Type? _open;
    private int _index;
    private bool _called;
    private ChatFinishReason? _finish;
    private IReadOnlyList<Quotation>? _quotations;

    /// <summary>The model said why it stopped; an answer that ends without was cut.</summary>
    public bool IsFinished => _finish is not null;

    /// <summary>The first event. The counts of this format are cumulative, and nothing has been counted yet.</summary>
    public void Begin()
    {
        _json.Open("message_start"u8);
        _json.Writer.WriteStartObject("message"u8);
        _json.Head(id, model);
        _json.Writer.WriteStartArray("content"u8);
        _json.Writer.WriteEndArray();
        _json.Stop(null, called: false);
        _json.Usage(new TokenUsage(0, 0));
        _json.Writer.WriteEndObject();
        _json.Close();
        Ping();
    }

    /// <summary>Tells the reader that the model is still at work.</summary>
    public void Ping()
    {
        _json.Open("ping"u8);
        _json.Close();
    }

    public void Add(ChatResponseUpdate update)
    {
        foreach (var content in update.Contents) Add(content);
        if (update.FinishReason is { } finish) _finish = finish;
        _quotations = AnswerChat.QuotationsOf(update.AdditionalProperties) ?? _quotations;
    }

    public void End(TokenUsage usage)
    {
        Leave();
        _json.Open("message_delta"u8);
        _json.Writer.WriteStartObject("delta"u8);
        _json.Stop(_finish, _called);
        _json.Writer.WriteEndObject();
        _json.Usage(usage);
        _json.Quotations(_quotations);
        _json.Close();
        _json.Open("message_stop"u8);
        _json.Close();
    }

    private void Add(AIContent content)
    {
        switch (content)
        {
            case TextContent { Text.Length: > 0 } text:
                Enter(text);
                Delta("text_delta"u8, "text"u8, text.Text);
                break;
            case ErrorContent { Message.Length: > 0 } refusal:
                Enter(new TextContent(""));
                Delta("text_delta"u8, "text"u8, refusal.Message);
                break;
            case TextReasoningContent { Text.Length: > 0 } thought:
                Enter(thought);
                Delta("thinking_delta"u8, "thinking"u8, thought.Text);
                if (thought.ProtectedData is { Length: > 0 } seal) Delta("signature_delta"u8, "signature"u8, seal);
                break;
            case TextReasoningContent { ProtectedData: { Length: > 0 } sealing } when _open == typeof(TextReasoningContent):
                Delta("signature_delta"u8, "signature"u8, sealing);
                break;
            case TextReasoningContent { ProtectedData.Length: > 0 } hidden:
                Leave();
                Start(hidden);
                Finish();
                break;
            case FunctionCallContent call:
                _called = true;
                Leave();
                Start(call);
                Delta("input_json_delta"u8, "partial_json"u8, MessagesJson.Arguments(call));
                Finish();
                break;
            default:
                // Usage is booked with the call and told at the end.
                break;
        }
    }

    private void Enter(AIContent content)
    {
        if (_open == content.GetType()) return;
        Leave();
        Start(content);
        _open = content.GetType();
    }

    private void Leave()
    {
        if (_open is not null) Finish();
        _open = null;
    }

    private void Start(AIContent content)
    {
        _json.Open("content_block_start"u8);
        _json.Writer.WriteNumber("index"u8, _index);
        _json.Writer.WritePropertyName("content_block"u8);
        _json.Block(content, isBeginning: true);
        _json.Close();
    }

    private void Delta(ReadOnlySpan<byte> type, ReadOnlySpan<byte> name, string piece)
    {
        _json.Open("content_block_delta"u8);
        _json.Writer.WriteNumber("index"u8, _index);
        _json.Writer.WriteStartObject("delta"u8);
        _json.Writer.WriteString("type"u8, type);
        _json.Writer.WriteString(name, piece);
        _json.Writer.WriteEndObject();
        _json.Close();
    }

    private void Finish()
    {
        _json.Open("content_block_stop"u8);
        _json.Writer.WriteNumber("index"u8, _index++);
        _json.Close();
    }
}
