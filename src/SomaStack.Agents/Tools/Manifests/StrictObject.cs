using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Reads an object member by member and gathers what is wrong with JSON pointers (RFC 6901). What nobody asked for is refused.</summary>
internal sealed class StrictObject
{
    private readonly JsonElement _value;
    private readonly string _at;
    private readonly List<FieldError> _errors;

    /// <param name="known">The only names that it may have.</param>
    public StrictObject(JsonElement value, string at, List<FieldError> errors, params ReadOnlySpan<string> known)
    {
        (_value, _at, _errors) = (value, at, errors);
        if (value.ValueKind != JsonValueKind.Object)
        {
            Wrong("", "must be an object");
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name)) Wrong(member.Name, "is not a known field");
            else if (!seen.Add(member.Name)) Wrong(member.Name, "occurs twice");
        }
    }

    public static string Pointer(string at, string name) => at + "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public void Wrong(string name, string message) => _errors.Add(new FieldError(name.Length == 0 ? (_at.Length == 0 ? "/" : _at) : Pointer(_at, name), message));

    public JsonElement? Any(string name) => _value.ValueKind == JsonValueKind.Object && _value.TryGetProperty(name, out var found) ? found : null;

    /// <returns>Empty when it is absent or no text of that length.</returns>
    public string Text(string name, int min, int max, bool required = true)
    {
        if (Any(name) is not { } found)
        {
            if (required) Wrong(name, "is needed");
            return "";
        }
        if (found.ValueKind == JsonValueKind.String && found.GetString() is { } text && text.Length >= min && text.Length <= max && !text.Contains('\0')) return text;
        Wrong(name, $"must be a text of {min} to {max} characters");
        return "";
    }

    public string OneOf(string name, params ReadOnlySpan<string> values)
    {
        if (Any(name) is { ValueKind: JsonValueKind.String } found && values.Contains(found.GetString()!)) return found.GetString()!;
        Wrong(name, "must be " + string.Join(" or ", values.ToArray()));
        return values[^1];
    }

    public int Whole(string name, int otherwise, int min, int max)
    {
        if (Any(name) is not { } found) return otherwise;
        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out var number) && number >= min && number <= max) return number;
        Wrong(name, $"must be a whole number from {min} to {max}");
        return otherwise;
    }

    public bool Flag(string name, bool otherwise)
    {
        if (Any(name) is not { } found) return otherwise;
        if (found.ValueKind is JsonValueKind.True or JsonValueKind.False) return found.GetBoolean();
        Wrong(name, "must be true or false");
        return otherwise;
    }

    public JsonElement? Object(string name, bool required = false)
    {
        var found = Any(name);
        if (found is { ValueKind: JsonValueKind.Object }) return found;
        if (found is not null) Wrong(name, "must be an object");
        else if (required) Wrong(name, "is needed");
        return null;
    }

    /// <returns>The items with their pointers; empty when it is absent or no list of at most <paramref name="max"/>.</returns>
    public IReadOnlyList<(JsonElement Value, string At)> Items(string name, int max, int min = 0)
    {
        if (Any(name) is not { } found)
        {
            if (min > 0) Wrong(name, "is needed");
            return [];
        }
        if (found.ValueKind == JsonValueKind.Array && found.GetArrayLength() >= min && found.GetArrayLength() <= max)
            return [.. found.EnumerateArray().Select((item, i) => (item, Pointer(_at, name) + "/" + i.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
        Wrong(name, $"must be a list of {min} to {max} items");
        return [];
    }

    public IReadOnlyList<string> Texts(string name, int max, int length)
    {
        var texts = new List<string>();
        foreach (var (item, at) in Items(name, max))
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text && text.Length <= length && !text.Contains('\0') && !texts.Contains(text)) texts.Add(text);
            else _errors.Add(new FieldError(at, $"must be a text of 1 to {length} characters that occurs once"));
        }
        return texts;
    }
}
