namespace SomaStack.Platform.Cel;

internal delegate Value UnaryFunction(Frame frame, in Value a);

internal delegate Value BinaryFunction(Frame frame, in Value a, in Value b);

internal sealed record Signature(CelType Result, params CelType[] Parameters);

/// <param name="Member">True when it is called as <c>a.f(b)</c>.</param>
internal sealed record Function(string Name, bool Member, Signature[] Signatures, UnaryFunction? One = null, BinaryFunction? Two = null);

/// <summary>The standard definitions (cel-spec, langdef: "List of Standard Definitions") with their types.</summary>
internal static class Functions
{
    /// <summary>Parameters of generic signatures; the checker replaces them by fresh ones in each call.</summary>
    public static readonly CelType A = CelType.Open(), B = CelType.Open();

    private static readonly CelType[] Numbers = [CelType.Int, CelType.Uint, CelType.Double];

    public static readonly Dictionary<(string Name, bool Member, int Arity), Function> Standard = Build();

    /// <summary>Signatures of the operators, by name and number of operands.</summary>
    public static readonly Dictionary<(string Name, int Arity), Signature[]> Operators = BuildOperators();

    private static Dictionary<(string Name, bool Member, int Arity), Function> Build()
    {
        var all = new List<Function>();
        CelType list = CelType.List(A), map = CelType.Map(A, B);
        UnaryFunction size = Conversions.Size;
        foreach (var member in (bool[])[false, true])
            all.Add(new("size", member, [.. ((CelType[])[CelType.String, CelType.Bytes, list, map]).Select(static type => new Signature(CelType.Int, type))], size));
        Text(all, "contains", Texts.Contains);
        Text(all, "startsWith", Texts.StartsWith);
        Text(all, "endsWith", Texts.EndsWith);
        Text(all, "matches", Texts.Matches);
        all.Add(new("matches", false, [new(CelType.Bool, CelType.String, CelType.String)], null, Texts.Matches));
        Convert(all, "int", CelType.Int, Conversions.ToInt, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp);
        Convert(all, "uint", CelType.Uint, Conversions.ToUint, CelType.Int, CelType.Uint, CelType.Double, CelType.String);
        Convert(all, "double", CelType.Double, Conversions.ToDouble, CelType.Int, CelType.Uint, CelType.Double, CelType.String);
        Convert(all, "string", CelType.String, Conversions.ToText, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Bytes, CelType.Timestamp, CelType.Duration);
        Convert(all, "bytes", CelType.Bytes, Conversions.ToBytes, CelType.String, CelType.Bytes);
        Convert(all, "bool", CelType.Bool, Conversions.ToBool, CelType.Bool, CelType.String);
        Convert(all, "timestamp", CelType.Timestamp, Conversions.ToTimestamp, CelType.String, CelType.Int, CelType.Timestamp);
        Convert(all, "duration", CelType.Duration, Conversions.ToDuration, CelType.String, CelType.Duration);
        all.Add(new("dyn", false, [new(CelType.Dyn, A)], static (_, in a) => a));
        all.Add(new("type", false, [new(CelType.Type, A)], static (_, in a) => Value.Type(a.TypeName)));
        foreach (var part in Times.Parts)
        {
            Signature[] signatures = part.OfDuration ? [new(CelType.Int, CelType.Timestamp), new(CelType.Int, CelType.Duration)] : [new(CelType.Int, CelType.Timestamp)];
            all.Add(new(part.Name, true, signatures, (_, in a) => Times.Part(part, a)));
            all.Add(new(part.Name, true, [new(CelType.Int, CelType.Timestamp, CelType.String)], null, (frame, in a, in zone) => Times.Part(part, frame, a, zone)));
        }
        return all.ToDictionary(static function => (function.Name, function.Member, function.One is null ? 2 : 1));
    }

    private static void Text(List<Function> all, string name, BinaryFunction body) => all.Add(new(name, true, [new(CelType.Bool, CelType.String, CelType.String)], null, body));

    private static void Convert(List<Function> all, string name, CelType result, UnaryFunction body, params CelType[] from) =>
        all.Add(new(name, false, [.. from.Select(type => new Signature(result, type))], body));

    private static Dictionary<(string, int), Signature[]> BuildOperators()
    {
        CelType list = CelType.List(A), map = CelType.Map(A, B), duration = CelType.Duration, timestamp = CelType.Timestamp;
        var numeric = Numbers.Select(static type => new Signature(type, type, type)).ToArray();
        CelType[] ordered = [CelType.Bool, .. Numbers, CelType.String, CelType.Bytes, timestamp, duration];
        Signature[] order =
        [
            .. ordered.Select(static type => new Signature(CelType.Bool, type, type)),
            .. Numbers.SelectMany(static a => Numbers.Where(b => b != a).Select(b => new Signature(CelType.Bool, a, b))),
        ];
        Signature[] equal = [new(CelType.Bool, A, A)];
        return new Dictionary<(string, int), Signature[]>
        {
            [("+", 2)] =
            [
                .. numeric, new(CelType.String, CelType.String, CelType.String), new(CelType.Bytes, CelType.Bytes, CelType.Bytes), new(list, list, list),
                new(timestamp, timestamp, duration), new(timestamp, duration, timestamp), new(duration, duration, duration),
            ],
            [("-", 2)] = [.. numeric, new(duration, timestamp, timestamp), new(timestamp, timestamp, duration), new(duration, duration, duration)],
            [("*", 2)] = numeric,
            [("/", 2)] = numeric,
            [("%", 2)] = numeric[..2],
            [("neg", 1)] = [new(CelType.Int, CelType.Int), new(CelType.Double, CelType.Double)],
            [("!", 1)] = [new(CelType.Bool, CelType.Bool)],
            [("==", 2)] = equal,
            [("!=", 2)] = equal,
            [("<", 2)] = order,
            [("<=", 2)] = order,
            [(">", 2)] = order,
            [(">=", 2)] = order,
            [("in", 2)] = [new(CelType.Bool, A, list), new(CelType.Bool, A, map)],
            [("[]", 2)] = [new(A, list, CelType.Int), new(B, map, A)],
        };
    }
}
