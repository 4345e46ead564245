using System.Text;
using System.Text.RegularExpressions;

namespace SomaStack.Platform.Cel;

/// <summary>A compiled expression. Errors are values, so nothing here throws but for the cost bound.</summary>
internal abstract class Node
{
    public abstract Value Eval(Frame frame);

    /// <summary>The same without a value, where only truth is wanted.</summary>
    public virtual Truth Test(Frame frame)
    {
        var value = Eval(frame);
        if (value.Kind == ValueKind.Bool) return value.IsTrue ? Truth.True : Truth.False;
        return frame.Error(value.IsError ? value.Fault : Fault.NoOverload);
    }

    protected static Value Of(Truth truth, Frame frame) => truth switch { Truth.True => Value.True, Truth.False => Value.False, _ => frame.Fault };
}

internal sealed class ConstNode(Value value) : Node
{
    public Value Value => value;

    public override Value Eval(Frame frame) => value;
}

internal sealed class SlotNode(int slot) : Node
{
    public int Slot => slot;

    public override Value Eval(Frame frame) => frame.Slots[slot];
}

internal sealed class SelectNode(Node operand, string field) : Node
{
    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(field);
    private readonly Fault _missing = new("no_such_key", $"There is no '{field}'.");

    public override Value Eval(Frame frame)
    {
        var map = operand.Eval(frame);
        if (map.Kind != ValueKind.Map) return map.IsError ? map : Fault.NoOverload;
        return map.Map.TryGet(field, _utf8, frame, out var value) ? value : _missing;
    }
}

internal sealed class HasNode(Node operand, string field) : Node
{
    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(field);

    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        var map = operand.Eval(frame);
        if (map.Kind != ValueKind.Map) return frame.Error(map.IsError ? map.Fault : Fault.NoOverload);
        return map.Map.Has(field, _utf8, frame) ? Truth.True : Truth.False;
    }
}

/// <summary><c>has(a.b)</c> of a variable with a dot in its name: true unless it is null.</summary>
internal sealed class IsSetNode(int slot) : Node
{
    public override Value Eval(Frame frame) => frame.Slots[slot].IsError ? frame.Slots[slot] : Value.Of(frame.Slots[slot].Kind != ValueKind.Null);
}

/// <summary>Any operand that decides does, wherever the errors are; otherwise the first error counts.</summary>
internal sealed class LogicNode(Node[] operands, bool isAnd) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        var decides = isAnd ? Truth.False : Truth.True;
        Fault? error = null;
        foreach (var operand in operands)
        {
            var truth = operand.Test(frame);
            if (truth == decides) return truth;
            if (truth == Truth.Error) error ??= frame.Fault;
        }
        return error is null ? (isAnd ? Truth.True : Truth.False) : frame.Error(error);
    }
}

internal sealed class NotNode(Node operand) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame) => operand.Test(frame) switch { Truth.True => Truth.False, Truth.False => Truth.True, var error => error };
}

internal sealed class ConditionalNode(Node condition, Node then, Node otherwise) : Node
{
    public override Value Eval(Frame frame) => condition.Test(frame) switch { Truth.True => then.Eval(frame), Truth.False => otherwise.Eval(frame), _ => frame.Fault };
}

internal sealed class EqualNode(Node left, Node right, bool negated) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        var a = left.Eval(frame);
        if (a.IsError) return frame.Error(a.Fault);
        var b = right.Eval(frame);
        if (b.IsError) return frame.Error(b.Fault);
        return Value.Same(a, b, frame) != negated ? Truth.True : Truth.False;
    }
}

/// <summary>The commonest test of rules: a variable against a text that is written out.</summary>
internal sealed class IsTextNode(int slot, string text, bool negated) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        ref readonly var value = ref frame.Slots[slot];
        if (value.Kind == ValueKind.String) return (value.Text == text) != negated ? Truth.True : Truth.False;
        return value.IsError ? frame.Error(value.Fault) : negated ? Truth.True : Truth.False;
    }
}

internal enum OrderKind : byte
{
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

internal sealed class OrderNode(Node left, Node right, OrderKind kind) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        var a = left.Eval(frame);
        if (a.IsError) return frame.Error(a.Fault);
        var b = right.Eval(frame);
        if (b.IsError) return frame.Error(b.Fault);
        var order = Value.Compare(a, b);
        if (order == Value.Incomparable) return frame.Error(Fault.NoOverload);
        if (order == Value.Unordered) return Truth.False;
        var holds = kind switch { OrderKind.Less => order < 0, OrderKind.LessOrEqual => order <= 0, OrderKind.Greater => order > 0, _ => order >= 0 };
        return holds ? Truth.True : Truth.False;
    }
}

internal sealed class InNode(Node item, Node container) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        var value = item.Eval(frame);
        if (value.IsError) return frame.Error(value.Fault);
        var where = container.Eval(frame);
        return where.Kind switch
        {
            ValueKind.List => where.List.Contains(value, frame) ? Truth.True : Truth.False,
            ValueKind.Map => where.Map.TryGet(value, frame, out _) ? Truth.True : Truth.False,
            _ => frame.Error(where.IsError ? where.Fault : Fault.NoOverload),
        };
    }
}

internal sealed class IndexNode(Node container, Node index) : Node
{
    public override Value Eval(Frame frame)
    {
        var where = container.Eval(frame);
        if (where.IsError) return where;
        var key = index.Eval(frame);
        if (key.IsError) return key;
        if (where.Kind == ValueKind.Map) return where.Map.TryGet(key, frame, out var value) ? value : Fault.NoKey;
        if (where.Kind != ValueKind.List) return Fault.NoOverload;
        var items = where.List.Items;
        switch (key.Kind)
        {
            case ValueKind.Int: return key.Int >= 0 && key.Int < items.Length ? items[(int)key.Int] : Fault.Index;
            case ValueKind.Uint: return key.Uint < (ulong)items.Length ? items[(int)key.Uint] : Fault.Index;
            case ValueKind.Double: return key.Double >= 0 && key.Double < items.Length && key.Double == Math.Floor(key.Double) ? items[(int)key.Double] : Fault.Index;
            default: return Fault.NoOverload;
        }
    }
}

internal sealed class UnaryNode(UnaryFunction function, Node operand) : Node
{
    public override Value Eval(Frame frame)
    {
        var a = operand.Eval(frame);
        return a.IsError ? a : function(frame, a);
    }
}

internal sealed class BinaryNode(BinaryFunction function, Node left, Node right) : Node
{
    public override Value Eval(Frame frame)
    {
        var a = left.Eval(frame);
        if (a.IsError) return a;
        var b = right.Eval(frame);
        return b.IsError ? b : function(frame, a, b);
    }
}

internal sealed class MatchNode(Node operand, Regex pattern, int length) : Node
{
    public override Value Eval(Frame frame)
    {
        var a = operand.Eval(frame);
        return a.IsError ? a : Texts.Matches(frame, a, pattern, length);
    }
}

internal sealed class ListNode(Node[] items) : Node
{
    public override Value Eval(Frame frame)
    {
        var values = new Value[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            values[i] = items[i].Eval(frame);
            if (values[i].IsError) return values[i];
        }
        return Value.Of(new CelList(values));
    }
}

internal sealed class MapNode((Node Key, Node Value)[] entries) : Node
{
    public override Value Eval(Frame frame)
    {
        var map = new WrittenMap(entries.Length);
        foreach (var entry in entries)
        {
            var key = entry.Key.Eval(frame);
            if (key.IsError) return key;
            var value = entry.Value.Eval(frame);
            if (value.IsError) return value;
            if (map.Add(key, value) is { } fault) return fault;
        }
        return Value.Of(map);
    }
}
