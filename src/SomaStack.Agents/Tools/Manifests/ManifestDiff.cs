using System.Globalization;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>One thing that a new manifest may do and the old one might not, or the other way round.</summary>
/// <param name="What">action, permission, egress, risk, input, output, description, effect, settings, limit, price, kind or publisher.</param>
/// <param name="Change">added, removed or changed.</param>
/// <param name="Widens">It lets the tool do more, reach further or say something else to the model.</param>
internal sealed record PermissionChange(string What, string Change, string Name, string? From, string? To, bool Widens);

/// <summary>
/// What somebody agrees to who lets a manifest replace another: everything that it permits, in words. Texts that a model reads count too,
/// since a tool can be turned against its user by its description alone. Pure.
/// </summary>
internal static class ManifestDiff
{
    private const int ShownMax = 300;

    /// <param name="from">Null for a first version: then everything is new.</param>
    public static IReadOnlyList<PermissionChange> Between(Manifest? from, Manifest to, string? fromKey, string? toKey)
    {
        var changes = new List<PermissionChange>();
        if (from is not null && from.Kind != to.Kind) changes.Add(new("kind", "changed", to.Id, from.Kind, to.Kind, true));
        if (from is not null && fromKey != toKey) changes.Add(new("publisher", "changed", to.Id, fromKey ?? "nobody", toKey ?? "nobody", true));
        Sets("permission", from?.Permissions ?? [], to.Permissions, changes);
        Sets("egress", from?.Egress ?? [], to.Egress, changes);
        Actions(from?.Actions ?? [], to.Actions, changes);
        if (from is not null) Limits(from.Limits, to.Limits, changes);
        Prices(from?.Billing, to.Billing, changes);
        if (from is not null && !JsonElement.DeepEquals(from.Settings, to.Settings)) changes.Add(new("settings", "changed", to.Id, Shown(from.Settings), Shown(to.Settings), true));
        return changes;
    }

    /// <summary>One sentence for whoever decides; the changes themselves are in the approval's arguments.</summary>
    public static string Sentence(Manifest? from, Manifest to, IReadOnlyList<PermissionChange> changes, string signer)
    {
        var head = from is null ? $"Let the adapter '{to.Id}' {to.Version} in" : $"Replace version {from.Version} of the adapter '{to.Id}' by {to.Version}";
        var counted = changes.GroupBy(static change => (change.What, change.Change)).Select(static group => $"{group.Count().ToString(CultureInfo.InvariantCulture)} {group.Key.What} {group.Key.Change}");
        var wider = changes.Count(static change => change.Widens);
        var what = changes.Count == 0 ? "it permits what the old one does" : $"{string.Join(", ", counted)}; {wider.ToString(CultureInfo.InvariantCulture)} of these widen what it may do";
        return $"{head}, {signer}: {what}.";
    }

    private static void Sets(string what, IReadOnlyList<string> from, IReadOnlyList<string> to, List<PermissionChange> changes)
    {
        foreach (var name in to.Except(from, StringComparer.Ordinal)) changes.Add(new(what, "added", name, null, null, true));
        foreach (var name in from.Except(to, StringComparer.Ordinal)) changes.Add(new(what, "removed", name, null, null, false));
    }

    private static void Actions(IReadOnlyList<ManifestAction> from, IReadOnlyList<ManifestAction> to, List<PermissionChange> changes)
    {
        var before = from.ToDictionary(static action => action.Name, StringComparer.Ordinal);
        foreach (var action in to)
        {
            if (before.Remove(action.Name, out var old)) Changed(old, action, changes);
            else changes.Add(new("action", "added", action.Name, null, $"{action.Risk} risk{(action.ReadOnly ? ", read only" : "")}", true));
        }
        foreach (var gone in before.Values) changes.Add(new("action", "removed", gone.Name, null, null, false));
    }

    private static void Changed(ManifestAction from, ManifestAction to, List<PermissionChange> changes)
    {
        if (from.Risk != to.Risk) changes.Add(new("risk", "changed", to.Name, from.Risk, to.Risk, true));
        if (from.ReadOnly != to.ReadOnly || from.Idempotent != to.Idempotent) changes.Add(new("effect", "changed", to.Name, Effect(from), Effect(to), true));
        if (from.Description != to.Description) changes.Add(new("description", "changed", to.Name, Cut(from.Description), Cut(to.Description), true));
        if (!JsonElement.DeepEquals(from.Input, to.Input)) changes.Add(new("input", "changed", to.Name, Shown(from.Input), Shown(to.Input), true));
        if (!Same(from.Output, to.Output)) changes.Add(new("output", "changed", to.Name, Shown(from.Output), Shown(to.Output), true));
        if (!Same(from.Settings, to.Settings)) changes.Add(new("settings", "changed", to.Name, Shown(from.Settings), Shown(to.Settings), true));
    }

    private static void Limits(ManifestLimits from, ManifestLimits to, List<PermissionChange> changes)
    {
        Limit("per_minute", from.PerMinute, to.PerMinute);
        Limit("timeout_seconds", from.TimeoutSeconds, to.TimeoutSeconds);
        Limit("output_bytes", from.OutputBytes, to.OutputBytes);
        Limit("memory_megabytes", from.MemoryMegabytes, to.MemoryMegabytes);
        Limit("cpu_seconds", from.CpuSeconds, to.CpuSeconds);
        Limit("processes", from.Processes, to.Processes);

        void Limit(string name, int before, int after)
        {
            if (before != after) changes.Add(new("limit", "changed", name, before.ToString(CultureInfo.InvariantCulture), after.ToString(CultureInfo.InvariantCulture), after > before));
        }
    }

    private static void Prices(ManifestBilling? from, ManifestBilling? to, List<PermissionChange> changes)
    {
        if (from == to) return;
        var dearer = (ManifestReader.Nanos(to?.CostPerCall ?? "0") ?? 0) > (ManifestReader.Nanos(from?.CostPerCall ?? "0") ?? 0);
        changes.Add(new("price", from is null ? "added" : to is null ? "removed" : "changed", to?.Service ?? from!.Service, Price(from), Price(to), dearer));
    }

    private static bool Same(JsonElement? one, JsonElement? other) => one is { } a && other is { } b ? JsonElement.DeepEquals(a, b) : one is null && other is null;

    private static string Effect(ManifestAction action) => action.ReadOnly ? "read only" : action.Idempotent ? "idempotent" : "acts every time";

    private static string? Price(ManifestBilling? billing) => billing is null ? null : $"{billing.CostPerCall} {billing.Currency} a call";

    private static string? Shown(JsonElement? value) => value is { } known ? Cut(known.GetRawText()) : null;

    private static string Cut(string text)
    {
        if (text.Length <= ShownMax) return text;
        // Not between the halves of a surrogate pair. The hash tells apart what differs behind the cut.
        var end = char.IsHighSurrogate(text[ShownMax - 1]) ? ShownMax - 1 : ShownMax;
        return $"{text[..end]}… ({TextDigest.Of(text)})";
    }
}
