using System.Globalization;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Which members and items some schema has looked at; what <c>unevaluatedProperties</c> and <c>unevaluatedItems</c> ask.</summary>
internal sealed class Seen
{
    public HashSet<string>? Names { get; set; }

    public HashSet<int>? Items { get; set; }

    public bool AllNames { get; set; }

    public bool AllItems { get; set; }

    public void Name(string name) => (Names ??= new(StringComparer.Ordinal)).Add(name);

    public void Item(int index) => (Items ??= []).Add(index);

    public void Take(Seen other)
    {
        AllNames |= other.AllNames;
        AllItems |= other.AllItems;
        if (other.Names is not null) (Names ??= new(StringComparer.Ordinal)).UnionWith(other.Names);
        if (other.Items is not null) (Items ??= []).UnionWith(other.Items);
    }
}

/// <summary>One check of one value. It costs a bounded number of steps, whatever schema and value are.</summary>
/// <param name="tracks">Whether any schema asks what others have looked at.</param>
internal sealed class SchemaRun(bool tracks)
{
    private const int ErrorsMax = 20;

    private readonly List<FieldError> _errors = [];
    private readonly List<SchemaResource> _scope = [];
    private int _quiet;
    private int _steps;
    private int _depth;

    public IReadOnlyList<FieldError> Errors => _errors;

    public void Check(SchemaNode schema, JsonElement value) => Fits(schema, value, null, null);

    private bool Fits(SchemaNode schema, JsonElement value, Place? at, Seen? into)
    {
        Step(1);
        if (schema.Always is { } always) return always || Wrong(at, "is not allowed here");
        if (++_depth > ActionSchema.NestingMax) throw ToolProblems.SchemaBudget.Because($"The schema leads more than {ActionSchema.NestingMax} schemas deep.");
        var enters = _scope.Count == 0 || !ReferenceEquals(_scope[^1], schema.Resource);
        if (enters) _scope.Add(schema.Resource);
        var seen = tracks ? new Seen() : null;
        var fits = InPlace(schema, value, at, seen);
        fits &= Plain(schema, value, at);
        fits &= value.ValueKind switch
        {
            JsonValueKind.Object => Members(schema, value, at, seen),
            JsonValueKind.Array => ItemsFit(schema, value, at, seen),
            JsonValueKind.String => TextFits(schema, value, at),
            JsonValueKind.Number => NumberFits(schema, value, at),
            _ => true,
        };
        if (fits && seen is not null) into?.Take(seen);
        if (enters) _scope.RemoveAt(_scope.Count - 1);
        _depth--;
        return fits;
    }

    private bool InPlace(SchemaNode schema, JsonElement value, Place? at, Seen? seen)
    {
        var fits = schema.Ref is null || Fits(schema.Ref, value, at, seen);
        if (schema.DynamicRef is { } dynamic) fits &= Fits(schema.DynamicName is { } name ? Outermost(name) ?? dynamic : dynamic, value, at, seen);
        foreach (var part in schema.AllOf ?? []) fits &= Fits(part, value, at, seen);
        if (schema.AnyOf is { } any && Matches(any, value, at, seen, stopAfter: tracks ? int.MaxValue : 1) == 0) fits = Wrong(at, "fits none of the allowed forms");
        if (schema.OneOf is { } one)
        {
            var matches = Matches(one, value, at, seen, stopAfter: 2);
            if (matches != 1) fits = Wrong(at, matches == 0 ? "fits none of the allowed forms" : "fits more than one of the forms that exclude each other");
        }
        if (schema.Not is { } not && Quietly(not, value, at, null)) fits = Wrong(at, "is of a form that is excluded");
        if (schema.If is { } condition)
        {
            if ((Quietly(condition, value, at, seen) ? schema.Then : schema.Else) is { } branch) fits &= Fits(branch, value, at, seen);
        }
        return fits;
    }

    private int Matches(SchemaNode[] forms, JsonElement value, Place? at, Seen? seen, int stopAfter)
    {
        var matches = 0;
        foreach (var form in forms)
            if (Quietly(form, value, at, seen) && ++matches >= stopAfter) break;
        return matches;
    }

    private bool Plain(SchemaNode schema, JsonElement value, Place? at)
    {
        var fits = schema.Types == JsonTypes.None || (schema.Types & TypeOf(value, schema.Types)) != 0 || Wrong(at, $"must be {Words(schema.Types)}");
        if (schema.Enum is { } values && !Array.Exists(values, one => Same(one, value))) fits = Wrong(at, "must be one of the listed values");
        if (schema.Const is { } constant && !Same(constant, value)) fits = Wrong(at, "must be the one value that is allowed");
        return fits;
    }

    private bool TextFits(SchemaNode schema, JsonElement value, Place? at)
    {
        if (schema.MinLength is null && schema.MaxLength is null && schema.Pattern is null) return true;
        var text = value.GetString()!;
        // Characters are code points, not UTF-16 units.
        var length = 0L;
        foreach (var _ in text.EnumerateRunes()) length++;
        Step(text.Length / 64);
        var fits = !(length < schema.MinLength) || Wrong(at, $"must have at least {schema.MinLength} characters");
        if (length > schema.MaxLength) fits = Wrong(at, $"must have at most {schema.MaxLength} characters");
        if (schema.Pattern is { } pattern && !pattern.IsMatch(text)) fits = Wrong(at, "does not have the demanded form");
        return fits;
    }

    private bool NumberFits(SchemaNode schema, JsonElement value, Place? at)
    {
        var number = Number.Of(value);
        var fits = true;
        if (schema.MultipleOf is { } unit && !number.IsMultipleOf(unit)) fits = Wrong(at, $"must be a multiple of {unit}");
        if (schema.Minimum is { } minimum && number.CompareTo(minimum) < 0) fits = Wrong(at, $"must be at least {minimum}");
        if (schema.Maximum is { } maximum && number.CompareTo(maximum) > 0) fits = Wrong(at, $"must be at most {maximum}");
        if (schema.ExclusiveMinimum is { } above && number.CompareTo(above) <= 0) fits = Wrong(at, $"must be above {above}");
        if (schema.ExclusiveMaximum is { } below && number.CompareTo(below) >= 0) fits = Wrong(at, $"must be below {below}");
        return fits;
    }

    private bool Members(SchemaNode schema, JsonElement value, Place? at, Seen? seen)
    {
        var fits = true;
        var count = 0L;
        foreach (var member in value.EnumerateObject())
        {
            count++;
            fits &= MemberFits(schema, member, at, seen);
        }
        if (count < schema.MinProperties) fits = Wrong(at, $"must have at least {schema.MinProperties} members");
        if (count > schema.MaxProperties) fits = Wrong(at, $"must have at most {schema.MaxProperties} members");
        foreach (var name in schema.Required ?? [])
            if (!value.TryGetProperty(name, out _)) fits = Wrong(new Place(at, name), "is needed");
        foreach (var (name, others) in schema.DependentRequired ?? [])
            if (value.TryGetProperty(name, out _))
                foreach (var other in others)
                    if (!value.TryGetProperty(other, out _)) fits = Wrong(new Place(at, other), $"is needed beside '{name}'");
        foreach (var (name, part) in schema.DependentSchemas ?? [])
            if (value.TryGetProperty(name, out _)) fits &= Fits(part, value, at, seen);
        if (schema.UnevaluatedProperties is not { } rest || !tracks || seen!.AllNames) return fits;
        foreach (var member in value.EnumerateObject())
            if (seen.Names?.Contains(member.Name) != true) fits &= Fits(rest, member.Value, new Place(at, member.Name), null);
        seen.AllNames = true;
        return fits;
    }

    private bool MemberFits(SchemaNode schema, JsonProperty member, Place? at, Seen? seen)
    {
        Step(1);
        var (fits, known) = (true, false);
        var place = new Place(at, member.Name);
        if (schema.Properties is { } properties && properties.TryGetValue(member.Name, out var own)) (fits, known) = (Fits(own, member.Value, place, null), true);
        foreach (var (name, part) in schema.PatternProperties ?? [])
        {
            Step(1);
            if (!name.IsMatch(member.Name)) continue;
            known = true;
            fits &= Fits(part, member.Value, place, null);
        }
        if (!known && schema.AdditionalProperties is { } additional)
        {
            known = true;
            fits &= additional.Always == false ? Wrong(place, "is not a known member") : Fits(additional, member.Value, place, null);
        }
        if (known) seen?.Name(member.Name);
        if (schema.PropertyNames is { } names) fits &= Fits(names, JsonSerializer.SerializeToElement(member.Name, ToolsJson.Default.String), place, null);
        return fits;
    }

    private bool ItemsFit(SchemaNode schema, JsonElement value, Place? at, Seen? seen)
    {
        var length = value.GetArrayLength();
        var fits = !(length < schema.MinItems) || Wrong(at, $"must have at least {schema.MinItems} items");
        if (length > schema.MaxItems) fits = Wrong(at, $"must have at most {schema.MaxItems} items");
        var (index, found) = (0, 0L);
        foreach (var item in value.EnumerateArray())
        {
            var place = new Place(at, index.ToString(CultureInfo.InvariantCulture));
            if ((index < schema.PrefixItems?.Length ? schema.PrefixItems[index] : schema.Items) is { } part)
            {
                fits &= Fits(part, item, place, null);
                seen?.Item(index);
            }
            if (schema.Contains is { } wanted && Quietly(wanted, item, place, null))
            {
                found++;
                seen?.Item(index);
            }
            index++;
        }
        if (schema.Contains is not null && (found < (schema.MinContains ?? 1) || found > schema.MaxContains)) fits = Wrong(at, $"holds {found} items of the kind that it must contain");
        if (schema.UniqueItems && HasTwins(value)) fits = Wrong(at, "must not hold an item twice");
        if (schema.UnevaluatedItems is not { } rest || !tracks || seen!.AllItems) return fits;
        index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (seen.Items?.Contains(index) != true) fits &= Fits(rest, item, new Place(at, index.ToString(CultureInfo.InvariantCulture)), null);
            index++;
        }
        seen.AllItems = true;
        return fits;
    }

    private bool HasTwins(JsonElement list)
    {
        JsonElement[] items = [.. list.EnumerateArray()];
        for (var i = 0; i < items.Length; i++)
            for (var j = 0; j < i; j++)
                if (items[i].ValueKind == items[j].ValueKind && Same(items[i], items[j])) return true;
        return false;
    }

    private bool Same(JsonElement one, JsonElement other)
    {
        Step(1);
        if (one.ValueKind != other.ValueKind) return false;
        if (one.ValueKind is JsonValueKind.Object or JsonValueKind.Array) Step(one.GetRawText().Length / 16);
        return JsonElement.DeepEquals(one, other);
    }

    private bool Quietly(SchemaNode schema, JsonElement value, Place? at, Seen? seen)
    {
        _quiet++;
        var fits = Fits(schema, value, at, seen);
        _quiet--;
        return fits;
    }

    private SchemaNode? Outermost(string name)
    {
        foreach (var resource in _scope)
            if (resource.DynamicAnchors.TryGetValue(name, out var found)) return found;
        return null;
    }

    private void Step(int steps)
    {
        if ((_steps += 1 + steps) > ActionSchema.StepsMax) throw ToolProblems.SchemaBudget.Because($"Checking them takes more than {ActionSchema.StepsMax} steps.");
    }

    private bool Wrong(Place? at, string message)
    {
        if (_quiet == 0 && _errors.Count < ErrorsMax) _errors.Add(new FieldError(at is null ? "/" : at.Pointer(), message));
        return false;
    }

    private static JsonTypes TypeOf(JsonElement value, JsonTypes wanted) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Number => (wanted & JsonTypes.Integer) != 0 && Number.Of(value).IsWhole ? JsonTypes.Number | JsonTypes.Integer : JsonTypes.Number,
        _ => JsonTypes.None,
    };

    private static string Words(JsonTypes types) => string.Join(" or ", Enum.GetValues<JsonTypes>().Where(type => type != JsonTypes.None && types.HasFlag(type)).Select(static type => type.ToString().ToLowerInvariant()));

    private sealed record Place(Place? Parent, string Name)
    {
        public string Pointer() => StrictObject.Pointer(Parent?.Pointer() ?? "", Name);
    }
}
