using System.Text.Json;

namespace SomaStack.Platform;

/// <summary>One difference between two documents.</summary>
/// <param name="Path">Names with slashes before them; an item of a list by its place, or as <c>[id=…]</c> where every item has an id.</param>
/// <param name="Op">added, removed or changed.</param>
public sealed record JsonChange(string Path, string Op, JsonElement? From, JsonElement? To);

/// <summary>What changed from one document to another, for people to read. Pure.</summary>
public static class JsonDiff
{
    public static List<JsonChange> Between(JsonElement from, JsonElement to)
    {
        var changes = new List<JsonChange>();
        Compare("", from, to, changes);
        return changes;
    }

    private static void Compare(string path, JsonElement from, JsonElement to, List<JsonChange> changes)
    {
        if (from.ValueKind == JsonValueKind.Object && to.ValueKind == JsonValueKind.Object)
            Pairs(path, Members(from), Members(to), static name => "/" + name, changes);
        else if (from.ValueKind == JsonValueKind.Array && to.ValueKind == JsonValueKind.Array && ById(from) is { } before && ById(to) is { } after)
            Pairs(path, before, after, static id => $"[id={id}]", changes);
        else if (from.ValueKind == JsonValueKind.Array && to.ValueKind == JsonValueKind.Array)
            Pairs(path, ByPlace(from), ByPlace(to), static place => "/" + place, changes);
        else if (!JsonElement.DeepEquals(from, to))
            changes.Add(new JsonChange(path, "changed", from.Clone(), to.Clone()));
    }

    private static void Pairs(
        string path, List<KeyValuePair<string, JsonElement>> from, List<KeyValuePair<string, JsonElement>> to, Func<string, string> step, List<JsonChange> changes)
    {
        var after = new Dictionary<string, JsonElement>(to, StringComparer.Ordinal);
        var before = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in from)
        {
            before.Add(name);
            if (after.TryGetValue(name, out var next)) Compare(path + step(name), value, next, changes);
            else changes.Add(new JsonChange(path + step(name), "removed", value.Clone(), null));
        }
        foreach (var (name, value) in to)
            if (!before.Contains(name)) changes.Add(new JsonChange(path + step(name), "added", null, value.Clone()));
    }

    private static List<KeyValuePair<string, JsonElement>> Members(JsonElement value) => [.. value.EnumerateObject().Select(static member => KeyValuePair.Create(member.Name, member.Value))];

    private static List<KeyValuePair<string, JsonElement>> ByPlace(JsonElement list) =>
        [.. list.EnumerateArray().Select(static (item, place) => KeyValuePair.Create(place.ToString(System.Globalization.CultureInfo.InvariantCulture), item))];

    /// <summary>Null when an item has no id of its own.</summary>
    private static List<KeyValuePair<string, JsonElement>>? ById(JsonElement list)
    {
        var items = new List<KeyValuePair<string, JsonElement>>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.String || !ids.Add(id.GetString()!)) return null;
            items.Add(KeyValuePair.Create(id.GetString()!, item));
        }
        return items;
    }
}
