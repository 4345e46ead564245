using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <summary>A value of the document and where it stands.</summary>
internal abstract record CapsuleNode(int Line, int Column)
{
    /// <summary>What a fault calls it.</summary>
    public abstract string Kind { get; }

    /// <exception cref="FormatException">A text holds half a surrogate pair.</exception>
    public string ToJson()
    {
        var output = new ArrayBufferWriter<byte>(256);
        Write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>RFC 8785: keys in order, no spaces.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        switch (this)
        {
            case ScalarNode scalar: output.Write(Encoding.UTF8.GetBytes(scalar.Json())); break;
            case ListNode list:
                output.Write("["u8);
                for (var i = 0; i < list.Items.Count; i++)
                {
                    if (i > 0) output.Write(","u8);
                    list.Items[i].Write(output);
                }
                output.Write("]"u8);
                break;
            case MapNode map:
                output.Write("{"u8);
                var first = true;
                foreach (var (key, value) in map.Members.OrderBy(static member => member.Key.Text, StringComparer.Ordinal))
                {
                    if (!first) output.Write(","u8);
                    first = false;
                    CanonicalJson.WriteString(key.Text, output);
                    output.Write(":"u8);
                    value.Write(output);
                }
                output.Write("}"u8);
                break;
        }
    }

    /// <summary>From JSON that has no lines of its own; everything stands at the beginning.</summary>
    public static CapsuleNode Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new MapNode([.. json.EnumerateObject().Select(static member => (new ScalarNode(member.Name, ScalarStyle.Quoted, 1, 1), Of(member.Value)))], 1, 1),
        JsonValueKind.Array => new ListNode([.. json.EnumerateArray().Select(Of)], 1, 1),
        JsonValueKind.String => new ScalarNode(json.GetString()!, ScalarStyle.Quoted, 1, 1),
        _ => new ScalarNode(json.GetRawText(), ScalarStyle.Plain, 1, 1),
    };
}

internal enum ScalarStyle
{
    Plain,
    Quoted,

    /// <summary>Written below its key, line by line.</summary>
    Literal,
    Folded,
}

internal sealed record MapNode(IReadOnlyList<(ScalarNode Key, CapsuleNode Value)> Members, int Line, int Column) : CapsuleNode(Line, Column)
{
    public override string Kind => "a mapping";

    public CapsuleNode? Find(string name)
    {
        foreach (var (key, value) in Members)
            if (key.Text == name) return value;
        return null;
    }
}

internal sealed record ListNode(IReadOnlyList<CapsuleNode> Items, int Line, int Column) : CapsuleNode(Line, Column)
{
    public override string Kind => "a list";
}

/// <summary>YAML 1.2's core schema: a plain true, false, null or number is one; everything else is text.</summary>
internal sealed record ScalarNode(string Text, ScalarStyle Style, int Line, int Column) : CapsuleNode(Line, Column)
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private bool IsPlain => Style == ScalarStyle.Plain;

    public bool IsNull => IsPlain && (Text is "" or "~" or "null" or "Null" or "NULL");

    public bool? Truth => !IsPlain ? null : Text switch { "true" or "True" or "TRUE" => true, "false" or "False" or "FALSE" => false, _ => null };

    public double? Number => IsPlain && Text.Length is > 0 and < 40 && (char.IsAsciiDigit(Text[^1]) || Text[^1] == '.') && (char.IsAsciiDigit(Text[0]) || Text[0] is '-' or '+' or '.')
        && double.TryParse(Text, Decimal, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>Whole and exact.</summary>
    public long? Whole => Number is { } number && number == Math.Floor(number) && Math.Abs(number) <= 9_007_199_254_740_992 ? (long)number : null;

    public bool IsText => !IsNull && Truth is null && Number is null;

    public override string Kind => IsNull ? "nothing" : Truth is not null ? "true or false" : Whole is not null ? "a whole number" : Number is not null ? "a number" : "text";

    public string Json()
    {
        if (IsNull) return "null";
        if (Truth is { } truth) return truth ? "true" : "false";
        if (Number is { } number) return CanonicalJson.Number(number);
        var output = new ArrayBufferWriter<byte>(Text.Length + 2);
        CanonicalJson.WriteString(Text, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
