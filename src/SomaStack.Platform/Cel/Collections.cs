using System.Text.Json;

namespace SomaStack.Platform.Cel;

public sealed class CelList(Value[] items)
{
    public static readonly CelList Empty = new([]);

    public int Count => items.Length;

    public ReadOnlySpan<Value> Items => items;

    public bool SameAs(CelList other, Frame frame)
    {
        if (Count != other.Count) return false;
        for (var i = 0; i < items.Length; i++)
        {
            frame.Charge(1);
            if (!Value.Same(items[i], other.Items[i], frame)) return false;
        }
        return true;
    }

    public bool Contains(in Value value, Frame frame)
    {
        foreach (ref readonly var item in Items)
        {
            frame.Charge(1);
            if (Value.Same(item, value, frame)) return true;
        }
        return false;
    }
}

/// <summary>A map of the language: written out in the source, an object of JSON, or a record of the host.</summary>
public abstract class CelMap
{
    public abstract int Count { get; }

    /// <summary>In an order that depends on nothing but the keys or the source.</summary>
    public abstract Value[] Keys(Frame frame);

    public abstract bool TryGet(in Value key, Frame frame, out Value value);

    /// <summary>The hot path of <c>map.name</c>; <paramref name="utf8"/> is the same name.</summary>
    public virtual bool TryGet(string name, ReadOnlySpan<byte> utf8, Frame frame, out Value value) => TryGet(Value.Of(name), frame, out value);

    public virtual bool Has(string name, ReadOnlySpan<byte> utf8, Frame frame) => TryGet(name, utf8, frame, out _);

    public bool SameAs(CelMap other, Frame frame)
    {
        if (Count != other.Count) return false;
        foreach (var key in Keys(frame))
        {
            frame.Charge(1);
            if (!TryGet(key, frame, out var mine) || !other.TryGet(key, frame, out var theirs) || !Value.Same(mine, theirs, frame)) return false;
        }
        return true;
    }
}

/// <summary>A map that an expression wrote. Keys of different number types that are equal are one key.</summary>
internal sealed class WrittenMap : CelMap
{
    private readonly Dictionary<Value, Value> _entries;

    public WrittenMap(int capacity) => _entries = new(capacity, KeyComparer.Instance);

    public override int Count => _entries.Count;

    /// <summary>The fault when the key is none, or is there already.</summary>
    public Fault? Add(in Value key, in Value value)
    {
        if (key.Kind is not (ValueKind.Int or ValueKind.Uint or ValueKind.Bool or ValueKind.String)) return Fault.Key;
        return _entries.TryAdd(key, value) ? null : Fault.RepeatedKey;
    }

    public override Value[] Keys(Frame frame) => [.. _entries.Keys];

    public override bool TryGet(in Value key, Frame frame, out Value value)
    {
        value = default;
        if (key.Kind != ValueKind.Double) return key.Kind is ValueKind.Int or ValueKind.Uint or ValueKind.Bool or ValueKind.String && _entries.TryGetValue(key, out value);
        var number = key.Double;
        if (number != Math.Floor(number)) return false;
        if (number is >= -9223372036854775808.0 and < 9223372036854775808.0) return _entries.TryGetValue(Value.Of((long)number), out value);
        return number is >= 0 and < 18446744073709551616.0 && _entries.TryGetValue(Value.Of((ulong)number), out value);
    }

    private sealed class KeyComparer : IEqualityComparer<Value>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals(Value a, Value b) => a.Kind == b.Kind ? a.Kind == ValueKind.String ? a.Text == b.Text : a.Int == b.Int : a.IsNumber && b.IsNumber && Value.Compare(a, b) == 0;

        public int GetHashCode(Value value) => value.Kind == ValueKind.String ? value.Text.GetHashCode(StringComparison.Ordinal) : value.Kind == ValueKind.Bool ? -1 - (int)value.Int : value.Int.GetHashCode();
    }
}

/// <summary>An object of JSON, read where it lies. Belongs to one evaluation; what was looked up by name is kept, because many rules ask for the same.</summary>
/// <param name="whole">Numbers without a fraction are int, so that they can be counted with; else every number is a double.</param>
public sealed class JsonMap(JsonElement element, bool whole = false) : CelMap
{
    private const int KeptMax = 8;

    private (string Name, Value Value)[]? _kept;
    private int _keptCount;

    internal JsonElement Element => element;

    public override int Count => element.GetPropertyCount();

    /// <summary>Sorted, so that two texts of one canonical form cannot be told apart.</summary>
    public override Value[] Keys(Frame frame)
    {
        frame.Charge(Count);
        var names = new string[Count];
        var at = 0;
        foreach (var member in element.EnumerateObject()) names[at++] = member.Name;
        Array.Sort(names, StringComparer.Ordinal);
        return Array.ConvertAll(names, Value.Of);
    }

    public override bool TryGet(in Value key, Frame frame, out Value value)
    {
        value = default;
        if (key.Kind != ValueKind.String) return false;
        frame.Charge(Count >> 4);
        if (!element.TryGetProperty(key.Text, out var found)) return false;
        value = From(found, frame, whole);
        return true;
    }

    public override bool TryGet(string name, ReadOnlySpan<byte> utf8, Frame frame, out Value value)
    {
        frame.Charge(Count >> 4);
        for (var i = 0; i < _keptCount; i++)
        {
            ref readonly var kept = ref _kept![i];
            if (kept.Name != name) continue;
            value = kept.Value;
            return !value.IsError;
        }
        value = element.TryGetProperty(utf8, out var found) ? From(found, frame, whole) : default;
        if (_keptCount < KeptMax) (_kept ??= new (string, Value)[KeptMax])[_keptCount++] = (name, value);
        return !value.IsError;
    }

    public override bool Has(string name, ReadOnlySpan<byte> utf8, Frame frame)
    {
        frame.Charge(Count >> 4);
        return element.TryGetProperty(utf8, out _);
    }

    /// <summary>1 and 1.0 are one value, as in the canonical form, and so decide the same: doubles, or with <paramref name="whole"/> ints where they are exact.</summary>
    public static Value From(JsonElement element, Frame frame, bool whole = false)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                var text = element.GetString()!;
                frame.Charge(text.Length >> 6);
                return Value.Of(text);
            case JsonValueKind.Number: return Number(element.GetDouble(), whole);
            case JsonValueKind.True: return Value.True;
            case JsonValueKind.False: return Value.False;
            case JsonValueKind.Object: return Value.Of(new JsonMap(element, whole));
            case JsonValueKind.Array:
                var items = new Value[element.GetArrayLength()];
                frame.Charge(items.Length);
                var at = 0;
                foreach (var item in element.EnumerateArray()) items[at++] = From(item, frame, whole);
                return Value.Of(new CelList(items));
            default: return Value.Null;
        }
    }

    private static Value Number(double number, bool whole) =>
        whole && number == Math.Floor(number) && Math.Abs(number) <= 9_007_199_254_740_992 ? Value.Of((long)number) : Value.Of(number);
}
