namespace SomaStack.Platform.Cel;

/// <summary>The arithmetic operators: 64 bits, and an error instead of a wrong result.</summary>
internal static class Arithmetic
{
    public static Value Add(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != b.Kind) return (a.Kind, b.Kind) switch
        {
            (ValueKind.Timestamp, ValueKind.Duration) => Times.Shift(a, b.Ticks),
            (ValueKind.Duration, ValueKind.Timestamp) => Times.Shift(b, a.Ticks),
            _ => Fault.NoOverload,
        };
        switch (a.Kind)
        {
            case ValueKind.Int or ValueKind.Duration:
                var sum = unchecked(a.Int + b.Int);
                if (((a.Int ^ sum) & (b.Int ^ sum)) < 0) return a.Kind == ValueKind.Int ? Fault.Overflow : Fault.Range;
                return a.Kind == ValueKind.Int ? Value.Of(sum) : Value.Duration(sum);
            case ValueKind.Uint:
                var total = unchecked(a.Uint + b.Uint);
                return total < a.Uint ? Fault.Overflow : Value.Of(total);
            case ValueKind.Double: return Value.Of(a.Double + b.Double);
            case ValueKind.String:
                frame.Charge((a.Text.Length + b.Text.Length) >> 6);
                return Value.Of(a.Text + b.Text);
            case ValueKind.Bytes:
                frame.Charge((a.Bytes.Length + b.Bytes.Length) >> 6);
                return Value.Of((byte[])[.. a.Bytes, .. b.Bytes]);
            case ValueKind.List:
                frame.Charge(a.List.Count + b.List.Count);
                return Value.Of(new CelList([.. a.List.Items, .. b.List.Items]));
            default: return Fault.NoOverload;
        }
    }

    public static Value Subtract(Frame frame, in Value a, in Value b)
    {
        if (a.Kind == ValueKind.Timestamp && b.Kind == ValueKind.Timestamp) return Times.Between(b, a);
        if (a.Kind == ValueKind.Timestamp && b.Kind == ValueKind.Duration) return b.Ticks == long.MinValue ? Fault.Range : Times.Shift(a, -b.Ticks);
        if (a.Kind != b.Kind) return Fault.NoOverload;
        switch (a.Kind)
        {
            case ValueKind.Int or ValueKind.Duration:
                var rest = unchecked(a.Int - b.Int);
                if (((a.Int ^ b.Int) & (a.Int ^ rest)) < 0) return a.Kind == ValueKind.Int ? Fault.Overflow : Fault.Range;
                return a.Kind == ValueKind.Int ? Value.Of(rest) : Value.Duration(rest);
            case ValueKind.Uint: return a.Uint < b.Uint ? Fault.Overflow : Value.Of(a.Uint - b.Uint);
            case ValueKind.Double: return Value.Of(a.Double - b.Double);
            default: return Fault.NoOverload;
        }
    }

    public static Value Multiply(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != b.Kind) return Fault.NoOverload;
        switch (a.Kind)
        {
            case ValueKind.Int:
                var high = Math.BigMul(a.Int, b.Int, out var low);
                return high == low >> 63 ? Value.Of(low) : Fault.Overflow;
            case ValueKind.Uint: return Math.BigMul(a.Uint, b.Uint, out var product) == 0 ? Value.Of(product) : Fault.Overflow;
            case ValueKind.Double: return Value.Of(a.Double * b.Double);
            default: return Fault.NoOverload;
        }
    }

    public static Value Divide(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != b.Kind) return Fault.NoOverload;
        switch (a.Kind)
        {
            case ValueKind.Int: return b.Int == 0 ? Fault.DivideByZero : a.Int == long.MinValue && b.Int == -1 ? Fault.Overflow : Value.Of(a.Int / b.Int);
            case ValueKind.Uint: return b.Uint == 0 ? Fault.DivideByZero : Value.Of(a.Uint / b.Uint);
            case ValueKind.Double: return Value.Of(a.Double / b.Double);
            default: return Fault.NoOverload;
        }
    }

    public static Value Remainder(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != b.Kind) return Fault.NoOverload;
        return a.Kind switch
        {
            ValueKind.Int => b.Int == 0 ? Fault.ModulusByZero : a.Int == long.MinValue && b.Int == -1 ? Fault.Overflow : Value.Of(a.Int % b.Int),
            ValueKind.Uint => b.Uint == 0 ? Fault.ModulusByZero : Value.Of(a.Uint % b.Uint),
            _ => Fault.NoOverload,
        };
    }

    public static Value Negate(Frame frame, in Value a) => a.Kind switch
    {
        ValueKind.Int => a.Int == long.MinValue ? Fault.Overflow : Value.Of(-a.Int),
        ValueKind.Double => Value.Of(-a.Double),
        _ => Fault.NoOverload,
    };
}
