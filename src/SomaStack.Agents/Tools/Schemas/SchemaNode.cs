using System.Text.Json;
using System.Text.RegularExpressions;

namespace SomaStack.Agents.Tools;

[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Number = 16,
    Integer = 32,
    String = 64,
}

/// <summary>A schema with an identity of its own: the document, or a part of it that has an <c>$id</c>.</summary>
/// <param name="Path">Where it is in the document, as a JSON pointer.</param>
internal sealed record SchemaResource(string Uri, string Path)
{
    public Dictionary<string, SchemaNode> Anchors { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, SchemaNode> DynamicAnchors { get; } = new(StringComparer.Ordinal);
}

/// <summary>One schema, keyword by keyword; null for those that it does not have.</summary>
internal sealed class SchemaNode(SchemaResource resource)
{
    public SchemaResource Resource { get; } = resource;

    /// <summary>Of the schemas <c>true</c> and <c>false</c>.</summary>
    public bool? Always { get; set; }

    public SchemaNode? Ref { get; set; }

    public SchemaNode? DynamicRef { get; set; }

    /// <summary>Set when the outermost resource with this dynamic anchor takes the place of <see cref="DynamicRef"/>.</summary>
    public string? DynamicName { get; set; }

    public JsonTypes Types { get; set; }

    public JsonElement[]? Enum { get; set; }

    public JsonElement? Const { get; set; }

    public Number? MultipleOf { get; set; }

    public Number? Minimum { get; set; }

    public Number? Maximum { get; set; }

    public Number? ExclusiveMinimum { get; set; }

    public Number? ExclusiveMaximum { get; set; }

    public long? MinLength { get; set; }

    public long? MaxLength { get; set; }

    public Regex? Pattern { get; set; }

    public long? MinItems { get; set; }

    public long? MaxItems { get; set; }

    public bool UniqueItems { get; set; }

    public SchemaNode[]? PrefixItems { get; set; }

    public SchemaNode? Items { get; set; }

    public SchemaNode? Contains { get; set; }

    public long? MinContains { get; set; }

    public long? MaxContains { get; set; }

    public SchemaNode? UnevaluatedItems { get; set; }

    public long? MinProperties { get; set; }

    public long? MaxProperties { get; set; }

    public string[]? Required { get; set; }

    public Dictionary<string, SchemaNode>? Properties { get; set; }

    public List<(Regex Name, SchemaNode Schema)>? PatternProperties { get; set; }

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode? PropertyNames { get; set; }

    public Dictionary<string, string[]>? DependentRequired { get; set; }

    public Dictionary<string, SchemaNode>? DependentSchemas { get; set; }

    public SchemaNode? UnevaluatedProperties { get; set; }

    public SchemaNode[]? AllOf { get; set; }

    public SchemaNode[]? AnyOf { get; set; }

    public SchemaNode[]? OneOf { get; set; }

    public SchemaNode? Not { get; set; }

    public SchemaNode? If { get; set; }

    public SchemaNode? Then { get; set; }

    public SchemaNode? Else { get; set; }
}

/// <summary>A JSON number: exact where a decimal holds it, else the nearest double.</summary>
internal readonly record struct Number(decimal? Exact, double Near)
{
    public static Number Of(JsonElement value) => new(value.TryGetDecimal(out var exact) && (exact != 0 || IsZero(value.GetRawText())) ? exact : null, value.GetDouble());

    public bool IsWhole => Exact is { } exact ? decimal.Truncate(exact) == exact : double.IsInteger(Near);

    public int CompareTo(Number other) => Exact is { } one && other.Exact is { } another ? one.CompareTo(another) : Near.CompareTo(other.Near);

    public bool IsMultipleOf(Number divisor)
    {
        if (Exact is { } one && divisor.Exact is { } another)
        {
            try
            {
                return decimal.Remainder(one, another) == 0;
            }
            catch (OverflowException)
            {
                // The quotient is beyond a decimal; a double has to do.
            }
        }
        return double.IsInteger(Near / divisor.Near);
    }

    public override string ToString() => Exact is { } exact ? exact.ToString(System.Globalization.CultureInfo.InvariantCulture) : Near.ToString("R", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>1e-400 becomes the decimal 0 without being it.</summary>
    private static bool IsZero(string text)
    {
        foreach (var c in text)
        {
            if (c is 'e' or 'E') break;
            if (c is >= '1' and <= '9') return false;
        }
        return true;
    }
}
