using System.Text;
using System.Text.Json;

namespace SomaStack.Intelligence.Inference;

/// <summary>One item of a response's output, growing while it is open.</summary>
internal sealed class ResponseItem(string id, string type)
{
    public string Id => id;

    /// <summary>message, reasoning or function_call.</summary>
    public string Type => type;

    public string? CallId { get; init; }

    public string? Name { get; init; }

    /// <summary>The message is a refusal.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>Text of a message or of a thought; JSON text of a call's arguments.</summary>
    public StringBuilder Text { get; } = new();

    public bool IsDone { get; set; }

    /// <summary>The name of the deltas and of their end: <c>response.output_text</c>.</summary>
    public string Stem => type switch
    {
        "reasoning" => "response.reasoning_summary_text",
        "function_call" => "response.function_call_arguments",
        _ => IsRefusal ? "response.refusal" : "response.output_text",
    };

    /// <summary>The name of the events about its part, and the field that numbers the part; calls have no parts.</summary>
    public (string Event, string Index)? Part => type switch
    {
        "reasoning" => ("response.reasoning_summary_part", "summary_index"),
        "function_call" => null,
        _ => ("response.content_part", "content_index"),
    };

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, type);
        if (type == "reasoning")
        {
            json.WriteStartArray("summary"u8);
            if (IsDone) WritePart(json, Text.ToString());
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("status"u8, IsDone ? "completed"u8 : "in_progress"u8);
            if (type == "function_call") WriteCall(json);
            else WriteMessage(json);
        }
        json.WriteEndObject();
    }

    public void WritePart(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type == "reasoning" ? "summary_text"u8 : IsRefusal ? "refusal"u8 : "output_text"u8);
        json.WriteString(IsRefusal ? "refusal"u8 : "text"u8, text);
        if (type == "message" && !IsRefusal)
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private void WriteMessage(Utf8JsonWriter json)
    {
        json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray("content"u8);
        if (IsDone) WritePart(json, Text.ToString());
        json.WriteEndArray();
    }

    private void WriteCall(Utf8JsonWriter json)
    {
        json.WriteString("call_id"u8, CallId);
        json.WriteString("name"u8, Name);
        json.WriteString("arguments"u8, IsDone ? Text.ToString() : "");
    }
}
