namespace SomaStack.Platform.Cel;

/// <summary>The text is not CEL, or not of the right types. Lines and columns count from 1; columns count UTF-16 units.</summary>
public sealed class CelException(string problem, int line, int column) : Exception($"{problem} (line {line}, column {column})")
{
    public string Problem { get; } = problem;

    public int Line { get; } = line;

    public int Column { get; } = column;

    public static CelException At(string source, int position, string problem)
    {
        var before = source.AsSpan(0, Math.Min(position, source.Length));
        return new CelException(problem, before.Count('\n') + 1, before.Length - (before.LastIndexOf('\n') + 1) + 1);
    }
}

/// <summary>Evaluation took more steps than it may. Unlike an error of the language it is not absorbed by <c>||</c>.</summary>
public sealed class CelCostException() : Exception("The expression takes too many steps.");

/// <summary>An error of the language: a value of its own kind, which operators pass on and <c>&amp;&amp;</c>, <c>||</c> may absorb.</summary>
/// <param name="Code">snake_case.</param>
public sealed record Fault(string Code, string Message)
{
    public static readonly Fault Unbound = new("unbound", "A variable has no value.");
    public static readonly Fault NoOverload = new("no_such_overload", "The operation does not exist for values of these types.");
    public static readonly Fault Overflow = new("overflow", "The result does not fit its type.");
    public static readonly Fault DivideByZero = new("divide_by_zero", "Something is divided by zero.");
    public static readonly Fault ModulusByZero = new("modulus_by_zero", "The remainder of a division by zero is asked for.");
    public static readonly Fault Range = new("out_of_range", "The value is outside the range of the type.");
    public static readonly Fault Conversion = new("bad_conversion", "The text does not read as a value of the type.");
    public static readonly Fault NoKey = new("no_such_key", "The map has no such key.");
    public static readonly Fault Index = new("index_out_of_bounds", "The list has no such index.");
    public static readonly Fault Key = new("unsupported_key", "A key of a map must be int, uint, bool or string.");
    public static readonly Fault RepeatedKey = new("repeated_key", "A key occurs twice in a map.");
    public static readonly Fault Pattern = new("bad_pattern", "The text is no regular expression that is understood here.");
    public static readonly Fault Zone = new("bad_time_zone", "The time zone is not known.");
}
