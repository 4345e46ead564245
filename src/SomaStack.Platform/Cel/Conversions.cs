using System.Globalization;
using System.Text;
using SomaStack.Platform;

namespace SomaStack.Platform.Cel;

/// <summary>The functions that are named like types, and <c>size</c>.</summary>
internal static class Conversions
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static Value Size(Frame frame, in Value a)
    {
        switch (a.Kind)
        {
            case ValueKind.String:
                // Code points: a surrogate pair is one.
                frame.Charge(a.Text.Length >> 6);
                var count = 0L;
                foreach (var unit in a.Text)
                    if (!char.IsLowSurrogate(unit)) count++;
                return Value.Of(count);
            case ValueKind.Bytes: return Value.Of((long)a.Bytes.Length);
            case ValueKind.List: return Value.Of((long)a.List.Count);
            case ValueKind.Map: return Value.Of((long)a.Map.Count);
            default: return Fault.NoOverload;
        }
    }

    public static Value ToInt(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Int => a,
        ValueKind.Uint => a.Uint <= long.MaxValue ? Value.Of((long)a.Uint) : Fault.Range,
        // Both limits are outside, as in the conformance suite: they are not exact as doubles.
        ValueKind.Double => a.Double is > -9223372036854775808.0 and < 9223372036854775808.0 ? Value.Of((long)a.Double) : Fault.Range,
        ValueKind.String => long.TryParse(a.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Value.Of(number) : Fault.Conversion,
        ValueKind.Timestamp => Value.Of(a.Seconds),
        _ => Fault.NoOverload,
    };

    public static Value ToUint(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Uint => a,
        ValueKind.Int => a.Int >= 0 ? Value.Of((ulong)a.Int) : Fault.Range,
        ValueKind.Double => a.Double is >= 0 and < 18446744073709551616.0 ? Value.Of((ulong)a.Double) : Fault.Range,
        ValueKind.String => ulong.TryParse(a.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Value.Of(number) : Fault.Conversion,
        _ => Fault.NoOverload,
    };

    public static Value ToDouble(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Double => a,
        ValueKind.Int => Value.Of((double)a.Int),
        ValueKind.Uint => Value.Of((double)a.Uint),
        ValueKind.String => a.Text switch
        {
            "NaN" => Value.Of(double.NaN),
            "Infinity" or "+Infinity" or "inf" or "+inf" => Value.Of(double.PositiveInfinity),
            "-Infinity" or "-inf" => Value.Of(double.NegativeInfinity),
            var text when double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number) => Value.Of(number),
            _ => Fault.Conversion,
        },
        _ => Fault.NoOverload,
    };

    /// <summary>A double is written in the shortest form that reads back as itself, as in canonical JSON.</summary>
    public static Value ToText(Frame frame, in Value a)
    {
        switch (a.Kind)
        {
            case ValueKind.String: return a;
            case ValueKind.Bool: return Value.Of(a.IsTrue ? "true" : "false");
            case ValueKind.Int: return Value.Of(a.Int.ToString(CultureInfo.InvariantCulture));
            case ValueKind.Uint: return Value.Of(a.Uint.ToString(CultureInfo.InvariantCulture));
            case ValueKind.Double: return Value.Of(double.IsFinite(a.Double) ? CanonicalJson.Number(a.Double) : double.IsNaN(a.Double) ? "NaN" : a.Double > 0 ? "Infinity" : "-Infinity");
            case ValueKind.Timestamp: return Value.Of(Times.Text(a));
            case ValueKind.Duration: return Value.Of(Times.DurationText(a.Ticks));
            case ValueKind.Bytes:
                frame.Charge(a.Bytes.Length >> 6);
                try
                {
                    return Value.Of(Strict.GetString(a.Bytes));
                }
                catch (DecoderFallbackException)
                {
                    return Fault.Conversion;
                }
            default: return Fault.NoOverload;
        }
    }

    public static Value ToBytes(Frame frame, in Value a)
    {
        if (a.Kind == ValueKind.Bytes) return a;
        if (a.Kind != ValueKind.String) return Fault.NoOverload;
        frame.Charge(a.Text.Length >> 6);
        return Value.Of(Encoding.UTF8.GetBytes(a.Text));
    }

    public static Value ToBool(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Bool => a,
        ValueKind.String => a.Text switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => Value.True,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => Value.False,
            _ => Fault.Conversion,
        },
        _ => Fault.NoOverload,
    };

    public static Value ToTimestamp(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Timestamp => a,
        ValueKind.Int => Times.At(a.Int, 0),
        ValueKind.String => Times.Parse(a.Text),
        _ => Fault.NoOverload,
    };

    public static Value ToDuration(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Duration => a,
        ValueKind.String => Times.ParseDuration(a.Text),
        _ => Fault.NoOverload,
    };
}
