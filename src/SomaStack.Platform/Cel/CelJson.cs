using System.Buffers;
using System.Globalization;
using System.Text;

namespace SomaStack.Platform.Cel;

/// <summary>Values of the language as JSON, in the canonical form where JSON knows the value.</summary>
public static class CelJson
{
    /// <summary>Null when there is no JSON for it: an error, a number that is not finite, nesting beyond <see cref="CanonicalJson.MaxDepth"/>.</summary>
    public static string? Text(in Value value, Frame frame)
    {
        var output = new ArrayBufferWriter<byte>(64);
        return TryWrite(value, frame, output) ? Encoding.UTF8.GetString(output.WrittenSpan) : null;
    }

    public static bool TryWrite(in Value value, Frame frame, IBufferWriter<byte> output)
    {
        try
        {
            return Write(value, frame, output, 0);
        }
        catch (FormatException)
        {
            // Half a surrogate pair, or a key twice: no I-JSON.
            return false;
        }
    }

    /// <summary>As it stands inside other text: a text is itself, null is nothing, lists and maps are JSON.</summary>
    public static string? Inline(in Value value, Frame frame) => value.Kind switch
    {
        ValueKind.String => value.Text,
        ValueKind.Null => "",
        ValueKind.Bool => value.IsTrue ? "true" : "false",
        ValueKind.Timestamp => Times.Text(value),
        ValueKind.Duration => Times.DurationText(value.Ticks),
        _ => Text(value, frame),
    };

    private static bool Write(in Value value, Frame frame, IBufferWriter<byte> output, int depth)
    {
        frame.Charge(1);
        if (depth > CanonicalJson.MaxDepth) return false;
        switch (value.Kind)
        {
            case ValueKind.Null: output.Write("null"u8); return true;
            case ValueKind.Bool: output.Write(value.IsTrue ? "true"u8 : "false"u8); return true;
            case ValueKind.Int: Ascii(value.Int.ToString(CultureInfo.InvariantCulture), output); return true;
            case ValueKind.Uint: Ascii(value.Uint.ToString(CultureInfo.InvariantCulture), output); return true;
            case ValueKind.Double:
                if (!double.IsFinite(value.Double)) return false;
                Ascii(CanonicalJson.Number(value.Double), output);
                return true;
            case ValueKind.String: return WriteText(value.Text, frame, output);
            case ValueKind.Bytes: return WriteText(Convert.ToBase64String(value.Bytes), frame, output);
            case ValueKind.Timestamp: return WriteText(Times.Text(value), frame, output);
            case ValueKind.Duration: return WriteText(Times.DurationText(value.Ticks), frame, output);
            case ValueKind.Type: return WriteText(value.Text, frame, output);
            case ValueKind.List: return WriteList(value.List, frame, output, depth);
            case ValueKind.Map: return WriteMap(value.Map, frame, output, depth);
            default: return false;
        }
    }

    private static bool WriteText(string text, Frame frame, IBufferWriter<byte> output)
    {
        frame.Charge(text.Length >> 6);
        CanonicalJson.WriteString(text, output);
        return true;
    }

    private static bool WriteList(CelList list, Frame frame, IBufferWriter<byte> output, int depth)
    {
        output.Write("["u8);
        for (var i = 0; i < list.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            if (!Write(list.Items[i], frame, output, depth + 1)) return false;
        }
        output.Write("]"u8);
        return true;
    }

    private static bool WriteMap(CelMap map, Frame frame, IBufferWriter<byte> output, int depth)
    {
        if (map is JsonMap json)
        {
            CanonicalJson.Write(json.Element, output);
            return true;
        }
        var members = new SortedDictionary<string, Value>(StringComparer.Ordinal);
        foreach (var key in map.Keys(frame))
        {
            // A number as a key has no JSON of its own; its text has, if no other key reads the same.
            if (key.Kind is ValueKind.Double or ValueKind.Error || Inline(key, frame) is not { } name || !map.TryGet(key, frame, out var value) || !members.TryAdd(name, value)) return false;
        }
        output.Write("{"u8);
        var first = true;
        foreach (var (name, value) in members)
        {
            if (!first) output.Write(","u8);
            first = false;
            CanonicalJson.WriteString(name, output);
            output.Write(":"u8);
            if (!Write(value, frame, output, depth + 1)) return false;
        }
        output.Write("}"u8);
        return true;
    }

    private static void Ascii(string text, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(text.Length);
        output.Advance(Encoding.ASCII.GetBytes(text, span));
    }
}
