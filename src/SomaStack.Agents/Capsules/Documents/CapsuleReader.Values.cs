using System.Text.RegularExpressions;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Capsules;

/// <summary>Reads one value, or says what is wrong with it.</summary>
internal sealed partial class CapsuleReader
{
    internal void Wrong(string code, string message, CapsuleNode at) => Wrong(code, message, at.Line, at.Column);

    internal void Wrong(string code, string message, int line, int column) => _faults.Add(new CapsuleFault(code, CapsuleFault.Error, message, line, column));

    internal void Warn(string code, string message, CapsuleNode at) => _faults.Add(new CapsuleFault(code, CapsuleFault.Warning, message, at.Line, at.Column));

    internal void Known(MapNode map, string[] keys, string what)
    {
        foreach (var (key, _) in map.Members)
            if (!keys.Contains(key.Text)) Wrong("key_unknown", $"'{key.Text}' is no key of {what}; there are {string.Join(", ", keys)}.", key);
    }

    /// <summary>Null when it is not there, and with a fault when it is something else.</summary>
    internal string? Text(MapNode map, string name, int max)
    {
        if (map.Find(name) is not { } node || node is ScalarNode { IsNull: true }) return null;
        if (node is not ScalarNode { IsText: true } scalar)
        {
            Wrong("type_wrong", $"'{name}' must be text, and is {node.Kind}.", node);
            return null;
        }
        if (scalar.Text.Length <= max) return scalar.Text;
        Wrong("too_long", $"'{name}' has at most {max} characters.", node);
        return null;
    }

    internal bool? Truth(MapNode map, string name)
    {
        if (map.Find(name) is not { } node) return null;
        if (node is ScalarNode { Truth: { } truth }) return truth;
        Wrong("type_wrong", $"'{name}' must be true or false, and is {node.Kind}.", node);
        return null;
    }

    internal long? Number(MapNode map, string name, long min, long max)
    {
        if (map.Find(name) is not { } node) return null;
        if (node is ScalarNode { Whole: { } number } && number >= min && number <= max) return number;
        Wrong(node is ScalarNode { Whole: not null } ? "value_invalid" : "type_wrong", $"'{name}' must be a whole number from {min} to {max}.", node);
        return null;
    }

    internal TimeSpan? Time(MapNode map, string name)
    {
        if (map.Find(name) is not { } node) return null;
        // A bare number is seconds.
        if (node is ScalarNode { Number: > 0 and <= 31_622_400 } seconds) return TimeSpan.FromSeconds(seconds.Number.Value);
        if (node is ScalarNode { IsText: true } text && CapsuleTimes.TryParse(text.Text, out var span) && span > TimeSpan.Zero) return span;
        Wrong("time_invalid", $"'{name}' must be a time such as 500ms, 90s, 15m or 2h30m, and at most a year.", node);
        return null;
    }

    internal MapNode? Mapping(MapNode map, string name)
    {
        if (map.Find(name) is not { } node || node is ScalarNode { IsNull: true }) return null;
        if (node is MapNode found) return found;
        Wrong("type_wrong", $"'{name}' must be a mapping, and is {node.Kind}.", node);
        return null;
    }

    internal IReadOnlyList<CapsuleNode> List(MapNode map, string name)
    {
        if (map.Find(name) is not { } node || node is ScalarNode { IsNull: true }) return [];
        if (node is ListNode list) return list.Items;
        Wrong("type_wrong", $"'{name}' must be a list, and is {node.Kind}.", node);
        return [];
    }

    /// <summary>The place of a character of a text: exact for one line and for texts that are written line by line, else the beginning.</summary>
    internal (int Line, int Column) Place(ScalarNode scalar, int line, int column)
    {
        switch (scalar.Style)
        {
            case ScalarStyle.Plain when line == 1: return (scalar.Line, scalar.Column + column - 1);
            case ScalarStyle.Quoted when line == 1 && scalar.Line > 0: return (scalar.Line, scalar.Column + column);
            case ScalarStyle.Literal:
                var at = scalar.Line + line;
                var source = at - 1 < _lines.Length ? _lines[at - 1] : "";
                return (at, source.Length - source.TrimStart(' ').Length + column);
            default: return (scalar.Line, scalar.Column);
        }
    }

    internal static bool IsName(string name) => Name().IsMatch(name);

    private static bool IsId(string id) => Id().IsMatch(id);

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,63}\\z")]
    private static partial Regex Name();

    [GeneratedRegex("^[a-z][a-z0-9_.-]{0,63}\\z")]
    private static partial Regex Id();

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,63}(\\.[A-Za-z][A-Za-z0-9_.-]{0,127})?\\z")]
    internal static partial Regex ToolName();

    /// <summary>semver.org, the part that the ancestor took: v?x.y.z, with a pre-release or build behind it.</summary>
    [GeneratedRegex("^v?(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})([-+][0-9A-Za-z.+-]{1,64})?\\z")]
    internal static partial Regex SemVer();
}
