namespace SomaStack.Platform.Cel;

public enum TypeKind : byte
{
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Type,
    List,
    Map,

    /// <summary>Its element, or null.</summary>
    Nullable,

    /// <summary>A record of the host with known fields.</summary>
    Record,

    /// <summary>Stands for whatever fits.</summary>
    Open,
}

/// <summary>A type as the checker sees it.</summary>
public sealed class CelType
{
    private CelType(TypeKind kind, CelType? element = null, CelType? key = null) => (Kind, Element, Key) = (kind, element, key);

    public static readonly CelType Dyn = new(TypeKind.Dyn), Null = new(TypeKind.Null), Bool = new(TypeKind.Bool), Int = new(TypeKind.Int), Uint = new(TypeKind.Uint),
        Double = new(TypeKind.Double), String = new(TypeKind.String), Bytes = new(TypeKind.Bytes), Timestamp = new(TypeKind.Timestamp),
        Duration = new(TypeKind.Duration), Type = new(TypeKind.Type);

    public TypeKind Kind { get; }

    /// <summary>Of a list, the values of a map, or what a nullable is when it is not null.</summary>
    public CelType? Element { get; }

    public CelType? Key { get; }

    public string RecordName { get; private init; } = "";

    public IReadOnlyDictionary<string, CelType> Fields { get; private init; } = new Dictionary<string, CelType>();

    /// <summary>What an open type has turned out to be.</summary>
    public CelType? Bound { get; set; }

    public static CelType List(CelType element) => new(TypeKind.List, element);

    public static CelType Map(CelType key, CelType value) => new(TypeKind.Map, value, key);

    public static CelType Nullable(CelType element) => new(TypeKind.Nullable, element);

    public static CelType Record(string name, IReadOnlyDictionary<string, CelType> fields) => new(TypeKind.Record) { RecordName = name, Fields = fields };

    public static CelType Open() => new(TypeKind.Open);

    public static CelType Of(ValueKind kind) => kind switch
    {
        ValueKind.Null => Null,
        ValueKind.Bool => Bool,
        ValueKind.Int => Int,
        ValueKind.Uint => Uint,
        ValueKind.Double => Double,
        ValueKind.String => String,
        ValueKind.Bytes => Bytes,
        _ => Dyn,
    };

    /// <summary>The names of types that are values themselves.</summary>
    public static bool IsTypeName(string name) =>
        name is "bool" or "int" or "uint" or "double" or "string" or "bytes" or "list" or "map" or "null_type" or "type" or "google.protobuf.Timestamp" or "google.protobuf.Duration";

    public CelType Known()
    {
        var type = this;
        while (type.Bound is { } bound) type = bound;
        return type;
    }

    public override string ToString()
    {
        var type = Known();
        return type.Kind switch
        {
            TypeKind.List => $"list({type.Element})",
            TypeKind.Map => $"map({type.Key}, {type.Element})",
            TypeKind.Nullable => $"{type.Element} or null",
            TypeKind.Record => type.RecordName,
            TypeKind.Open => "any",
            TypeKind.Null => "null",
            TypeKind.Timestamp => "timestamp",
            TypeKind.Duration => "duration",
            _ => type.Kind.ToString().ToLowerInvariant(),
        };
    }
}

/// <summary>The variables that an expression may name, dots included, and their types.</summary>
public sealed class CelEnvironment
{
    private readonly Dictionary<string, (int Slot, CelType Type)> _variables = new(StringComparer.Ordinal);

    public int Count => _variables.Count;

    /// <returns>The slot of the variable in a <see cref="Frame"/>.</returns>
    public int Declare(string name, CelType type)
    {
        _variables.Add(name, (_variables.Count, type));
        return _variables.Count - 1;
    }

    public bool TryFind(string name, out (int Slot, CelType Type) variable) => _variables.TryGetValue(name, out variable);
}
