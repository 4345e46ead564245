using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Governance.Constitution.Contracts;

namespace SomaStack.Governance.Constitution;

/// <summary>Reads and checks the machine's part of a document or an overlay. Pure.</summary>
internal static partial class Rules
{
    public const int EntriesMax = 200;
    public const int ApprovalsMax = 5;

    /// <summary>Of a document's <c>enforcement</c>, or of an overlay as a whole. What has another shape is passed over: <see cref="Issues"/> refuses it before.</summary>
    public static ConstitutionRules Of(JsonElement holder)
    {
        if (holder.ValueKind != JsonValueKind.Object) return ConstitutionRules.None;
        var prohibitions = holder.TryGetProperty("prohibitions", out var kinds) && kinds.ValueKind == JsonValueKind.Array
            ? kinds.EnumerateArray().Where(static kind => kind.ValueKind == JsonValueKind.String).Select(static kind => kind.GetString()!).ToHashSet(StringComparer.Ordinal)
            : [];
        return new ConstitutionRules(
            prohibitions,
            Numbers(holder, "ceilings").ToDictionary(static pair => pair.Name, static pair => pair.Value, StringComparer.Ordinal),
            Numbers(holder, "required_approvals").ToDictionary(static pair => pair.Name, static pair => (int)Math.Clamp(pair.Value, 0, ApprovalsMax), StringComparer.Ordinal));
    }

    /// <summary>
    /// Of what governs, made ready for the gate. A rule that was signed before its shape was checked, or by a later program, must not be
    /// lost: what cannot be read is named, and the gate then denies.
    /// </summary>
    /// <param name="effective">The document with the overlay in it.</param>
    public static ConstitutionRules Governing(JsonElement effective, JsonElement document, JsonElement? overlay)
    {
        var faults = new List<string>();
        if (document.ValueKind != JsonValueKind.Object) faults.Add("The document must be an object.");
        else if (document.TryGetProperty("enforcement", out var enforcement))
        {
            if (enforcement.ValueKind != JsonValueKind.Object) faults.Add("'enforcement' must be an object.");
            else Issues(enforcement, "enforcement.", faults);
        }
        if (overlay is { } added) faults.AddRange(Overlay.Issues(added));
        return OfDocument(effective) with { Faults = faults };
    }

    public static ConstitutionRules OfDocument(JsonElement document) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("enforcement", out var enforcement) ? Of(enforcement) : ConstitutionRules.None;

    /// <param name="place">Put before the names, e.g. <c>enforcement.</c></param>
    public static void Issues(JsonElement holder, string place, List<string> issues)
    {
        if (holder.TryGetProperty("prohibitions", out var kinds)
            && (kinds.ValueKind != JsonValueKind.Array || kinds.GetArrayLength() > EntriesMax
                || kinds.EnumerateArray().Any(static kind => kind.ValueKind != JsonValueKind.String || !Name().IsMatch(kind.GetString()!))))
            issues.Add($"'{place}prohibitions' must be a list of at most {EntriesMax} kinds of action such as tool.call.");
        Map(holder, place, "ceilings", "a number that is not negative", static value => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) && number >= 0, issues);
        Map(holder, place, "required_approvals", $"a whole number from 1 to {ApprovalsMax}", static value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 1 and <= ApprovalsMax, issues);
    }

    private static void Map(JsonElement holder, string place, string field, string what, Func<JsonElement, bool> holds, List<string> issues)
    {
        if (!holder.TryGetProperty(field, out var map)) return;
        if (map.ValueKind != JsonValueKind.Object || map.EnumerateObject().Count() > EntriesMax
            || map.EnumerateObject().Any(member => !Name().IsMatch(member.Name) || !holds(member.Value)))
            issues.Add($"'{place}{field}' must map at most {EntriesMax} names such as tool.call to {what}.");
    }

    private static IEnumerable<(string Name, double Value)> Numbers(JsonElement holder, string field)
    {
        if (!holder.TryGetProperty(field, out var map) || map.ValueKind != JsonValueKind.Object) yield break;
        foreach (var member in map.EnumerateObject())
            if (member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetDouble(out var number)) yield return (member.Name, number);
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_.-]{0,99}\z")]
    private static partial Regex Name();
}
