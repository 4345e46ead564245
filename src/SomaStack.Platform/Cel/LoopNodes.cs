namespace SomaStack.Platform.Cel;

/// <summary>What the macros share: what they run over, and what an element costs.</summary>
/// <param name="Cost">Steps for an element: the size of what is evaluated for it.</param>
internal readonly record struct Loop(Node Range, int Slot, int Cost)
{
    /// <summary>The elements of a list or the keys of a map; false with the fault in <paramref name="frame"/>.</summary>
    public bool TryItems(Frame frame, out ReadOnlySpan<Value> items)
    {
        var range = Range.Eval(frame);
        items = range.Kind switch { ValueKind.List => range.List.Items, ValueKind.Map => range.Map.Keys(frame), _ => default };
        if (range.Kind is ValueKind.List or ValueKind.Map) return true;
        frame.Error(range.IsError ? range.Fault : Fault.NoOverload);
        return false;
    }

    public void Enter(Frame frame, in Value item)
    {
        frame.Charge(Cost);
        frame.Slots[Slot] = item;
    }
}

/// <summary><c>all</c> and <c>exists</c>: as if the results were joined by <c>&amp;&amp;</c> or <c>||</c>.</summary>
internal sealed class QuantifierNode(Loop loop, Node predicate, bool isAll) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        if (!loop.TryItems(frame, out var items)) return Truth.Error;
        var decides = isAll ? Truth.False : Truth.True;
        Fault? error = null;
        foreach (ref readonly var item in items)
        {
            loop.Enter(frame, item);
            var truth = predicate.Test(frame);
            if (truth == decides) return truth;
            if (truth == Truth.Error) error ??= frame.Fault;
        }
        return error is null ? (isAll ? Truth.True : Truth.False) : frame.Error(error);
    }
}

/// <summary>An error in any element is an error of the whole, even when it is already false.</summary>
internal sealed class ExistsOneNode(Loop loop, Node predicate) : Node
{
    public override Value Eval(Frame frame) => Of(Test(frame), frame);

    public override Truth Test(Frame frame)
    {
        if (!loop.TryItems(frame, out var items)) return Truth.Error;
        var count = 0;
        foreach (ref readonly var item in items)
        {
            loop.Enter(frame, item);
            var truth = predicate.Test(frame);
            if (truth == Truth.Error) return truth;
            if (truth == Truth.True) count++;
        }
        return count == 1 ? Truth.True : Truth.False;
    }
}

/// <summary><c>map</c> and <c>filter</c>.</summary>
/// <param name="predicate">Null keeps every element.</param>
/// <param name="transform">Null keeps elements as they are.</param>
internal sealed class CollectNode(Loop loop, Node? predicate, Node? transform) : Node
{
    public override Value Eval(Frame frame)
    {
        if (!loop.TryItems(frame, out var items)) return frame.Fault;
        var results = new List<Value>();
        foreach (ref readonly var item in items)
        {
            loop.Enter(frame, item);
            if (predicate is not null)
            {
                var truth = predicate.Test(frame);
                if (truth == Truth.Error) return frame.Fault;
                if (truth == Truth.False) continue;
            }
            var result = transform is null ? item : transform.Eval(frame);
            if (result.IsError) return result;
            results.Add(result);
        }
        return Value.Of(new CelList([.. results]));
    }
}
