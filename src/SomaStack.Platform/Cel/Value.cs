using System.Runtime.CompilerServices;

namespace SomaStack.Platform.Cel;

/// <summary>The kinds of value; a default <see cref="Value"/> is an error, so that what was never set cannot pass for something.</summary>
public enum ValueKind : byte
{
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    List,
    Map,
    Timestamp,
    Duration,
    Type,
}

/// <summary>A value of the language. Numbers, booleans and times need no memory of their own.</summary>
public readonly struct Value
{
    private readonly long _bits;
    private readonly object? _object;
    private readonly int _nanos;

    private Value(ValueKind kind, long bits, object? text = null, int nanos = 0) => (Kind, _bits, _object, _nanos) = (kind, bits, text, nanos);

    public static readonly Value Null = new(ValueKind.Null, 0);
    public static readonly Value True = new(ValueKind.Bool, 1);
    public static readonly Value False = new(ValueKind.Bool, 0);

    public ValueKind Kind { get; }

    public bool IsError => Kind == ValueKind.Error;

    public bool IsTrue => Kind == ValueKind.Bool && _bits != 0;

    public bool IsNumber => Kind is ValueKind.Int or ValueKind.Uint or ValueKind.Double;

    public long Int => _bits;

    public ulong Uint => (ulong)_bits;

    public double Double => BitConverter.Int64BitsToDouble(_bits);

    public string Text => Unsafe.As<string>(_object!);

    public byte[] Bytes => Unsafe.As<byte[]>(_object!);

    public CelList List => Unsafe.As<CelList>(_object!);

    public CelMap Map => Unsafe.As<CelMap>(_object!);

    /// <summary>Of a timestamp: seconds since 1970, and the nanoseconds after them.</summary>
    public long Seconds => _bits;

    public int Nanos => _nanos;

    /// <summary>Of a duration: nanoseconds.</summary>
    public long Ticks => _bits;

    public Fault Fault => Kind == ValueKind.Error && _object is Fault fault ? fault : Fault.Unbound;

    public static Value Of(bool value) => value ? True : False;

    public static Value Of(long value) => new(ValueKind.Int, value);

    public static Value Of(ulong value) => new(ValueKind.Uint, (long)value);

    public static Value Of(double value) => new(ValueKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static Value Of(string value) => new(ValueKind.String, 0, value);

    public static Value Of(byte[] value) => new(ValueKind.Bytes, 0, value);

    public static Value Of(CelList value) => new(ValueKind.List, 0, value);

    public static Value Of(CelMap value) => new(ValueKind.Map, 0, value);

    public static Value Timestamp(long seconds, int nanos) => new(ValueKind.Timestamp, seconds, null, nanos);

    public static Value Duration(long nanoseconds) => new(ValueKind.Duration, nanoseconds);

    public static Value Type(string name) => new(ValueKind.Type, 0, name);

    public static implicit operator Value(Fault fault) => new(ValueKind.Error, 0, fault);

    public string TypeName => Kind switch
    {
        ValueKind.Null => "null_type",
        ValueKind.Bool => "bool",
        ValueKind.Int => "int",
        ValueKind.Uint => "uint",
        ValueKind.Double => "double",
        ValueKind.String => "string",
        ValueKind.Bytes => "bytes",
        ValueKind.List => "list",
        ValueKind.Map => "map",
        ValueKind.Timestamp => "google.protobuf.Timestamp",
        ValueKind.Duration => "google.protobuf.Duration",
        ValueKind.Type => "type",
        _ => "error",
    };

    /// <summary>Equality of the language: numbers by their value whatever their type, everything else only within its type; NaN equals nothing.</summary>
    public static bool Same(in Value a, in Value b, Frame frame)
    {
        if (a.Kind != b.Kind) return a.IsNumber && b.IsNumber && CompareNumbers(a, b) == 0;
        switch (a.Kind)
        {
            case ValueKind.String: return ReferenceEquals(a._object, b._object) || string.Equals(a.Text, b.Text, StringComparison.Ordinal);
            case ValueKind.Double: return a.Double == b.Double;
            case ValueKind.Timestamp: return a._bits == b._bits && a._nanos == b._nanos;
            case ValueKind.Type: return a.Text == b.Text;
            case ValueKind.Bytes: return a.Bytes.AsSpan().SequenceEqual(b.Bytes);
            case ValueKind.List: return a.List.SameAs(b.List, frame);
            case ValueKind.Map: return a.Map.SameAs(b.Map, frame);
            default: return a._bits == b._bits;
        }
    }

    /// <summary>Below, at or above zero; <see cref="Unordered"/> for NaN and <see cref="Incomparable"/> where the language knows no order.</summary>
    public static int Compare(in Value a, in Value b)
    {
        if (a.IsNumber && b.IsNumber) return CompareNumbers(a, b);
        if (a.Kind != b.Kind) return Incomparable;
        return a.Kind switch
        {
            ValueKind.String => CompareText(a.Text, b.Text),
            ValueKind.Bool or ValueKind.Duration => a._bits.CompareTo(b._bits),
            ValueKind.Bytes => Math.Sign(a.Bytes.AsSpan().SequenceCompareTo(b.Bytes)),
            ValueKind.Timestamp => a._bits != b._bits ? a._bits.CompareTo(b._bits) : a._nanos.CompareTo(b._nanos),
            _ => Incomparable,
        };
    }

    public const int Unordered = 2;
    public const int Incomparable = 3;

    private static int CompareNumbers(in Value a, in Value b) => (a.Kind, b.Kind) switch
    {
        (ValueKind.Int, ValueKind.Int) => a.Int.CompareTo(b.Int),
        (ValueKind.Uint, ValueKind.Uint) => a.Uint.CompareTo(b.Uint),
        (ValueKind.Double, ValueKind.Double) => CompareDoubles(a.Double, b.Double),
        (ValueKind.Int, ValueKind.Uint) => a.Int < 0 ? -1 : a.Uint.CompareTo(b.Uint),
        (ValueKind.Uint, ValueKind.Int) => b.Int < 0 ? 1 : a.Uint.CompareTo(b.Uint),
        (ValueKind.Double, _) => Reverse(CompareNumbers(b, a)),
        // As the conformance suite has it: whole numbers within the range of the type are compared as doubles.
        (ValueKind.Int, _) => b.Double < -9223372036854775808.0 ? 1 : b.Double > 9223372036854775808.0 ? -1 : CompareDoubles(a.Int, b.Double),
        _ => b.Double < 0 ? 1 : b.Double > 18446744073709551616.0 ? -1 : CompareDoubles(a.Uint, b.Double),
    };

    private static int Reverse(int order) => order == Unordered ? order : -order;

    private static int CompareDoubles(double a, double b) => a < b ? -1 : a > b ? 1 : a == b ? 0 : Unordered;

    /// <summary>By code points: UTF-16 order differs where surrogates meet U+E000 and above.</summary>
    private static int CompareText(string a, string b)
    {
        var common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length) return a.Length.CompareTo(b.Length);
        char x = a[common], y = b[common];
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }
}
