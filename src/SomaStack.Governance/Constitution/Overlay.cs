using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>
/// What a tenant may add to the constitution that governs it: principles, prohibitions, lower ceilings, more approvals, and nothing else.
/// An overlay only ever tightens. Pure.
/// </summary>
internal static class Overlay
{
    public const string Empty = "{}";

    private static readonly string[] Fields = ["principles", "prohibitions", "ceilings", "required_approvals"];

    /// <summary>Everything that is wrong with its shape, in words.</summary>
    public static List<string> Issues(JsonElement overlay)
    {
        var issues = new List<string>();
        if (overlay.ValueKind != JsonValueKind.Object)
        {
            issues.Add("The overlay must be an object.");
            return issues;
        }
        if (ConstitutionDocument.Canonical(overlay, issues) is null) return issues;
        foreach (var member in overlay.EnumerateObject())
            if (!Fields.Contains(member.Name)) issues.Add($"'{member.Name}' is nothing that an overlay may hold; it may hold {string.Join(", ", Fields)}.");
        if (overlay.TryGetProperty("principles", out _)) ConstitutionDocument.Principles(overlay, issues);
        Rules.Issues(overlay, "", issues);
        return issues;
    }

    /// <summary>Whether adding it can only forbid more than the document does.</summary>
    public static bool Tightens(JsonElement document, JsonElement overlay) => Loosens(document, overlay).Count == 0;

    /// <summary>What in the overlay is less strict than the document, in words.</summary>
    public static List<string> Loosens(JsonElement document, JsonElement overlay)
    {
        var faults = new List<string>();
        var (given, added) = (Rules.OfDocument(document), Rules.Of(overlay));
        var known = PrincipleIds(document).ToHashSet(StringComparer.Ordinal);
        foreach (var id in PrincipleIds(overlay).Where(known.Contains)) faults.Add($"The principle '{id}' exists; an overlay adds principles and changes none.");
        foreach (var (name, value) in added.Ceilings)
            if (given.Ceilings.TryGetValue(name, out var ceiling) && value > ceiling) faults.Add($"The ceiling '{name}' is {ceiling}; an overlay may only lower it.");
        foreach (var (kind, count) in added.RequiredApprovals)
            if (given.RequiredApprovals.TryGetValue(kind, out var needed) && count < needed) faults.Add($"'{kind}' needs {needed} approvals; an overlay may only ask for more.");
        return faults;
    }

    /// <summary>Whether the next overlay is at least as strict as the one before it, so that it takes no second key.</summary>
    public static bool IsStricter(JsonElement before, JsonElement next)
    {
        var (old, now) = (Rules.Of(before), Rules.Of(next));
        return now.Prohibitions.IsSupersetOf(old.Prohibitions)
            && old.Ceilings.All(ceiling => now.Ceilings.TryGetValue(ceiling.Key, out var value) && value <= ceiling.Value)
            && old.RequiredApprovals.All(needed => now.RequiredApprovals.TryGetValue(needed.Key, out var count) && count >= needed.Value)
            && Principles(before).All(principle => Principles(next).Any(other => JsonElement.DeepEquals(principle, other)));
    }

    /// <summary>
    /// The document with the overlay in it. It takes the stricter of two values, so it cannot loosen even when the document became
    /// stricter after the overlay was written.
    /// </summary>
    public static JsonElement Apply(JsonElement document, JsonElement overlay)
    {
        var (given, added) = (Rules.OfDocument(document), Rules.Of(overlay));
        var result = JsonNode.Parse(document.GetRawText())!.AsObject();
        var principles = result["principles"]?.AsArray() ?? [];
        foreach (var principle in Principles(overlay)) principles.Add(JsonNode.Parse(principle.GetRawText()));
        result["principles"] ??= principles;
        var enforcement = result["enforcement"]?.AsObject() ?? [];
        result["enforcement"] ??= enforcement;
        var prohibitions = given.Prohibitions.Union(added.Prohibitions, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (prohibitions.Count > 0) enforcement["prohibitions"] = new JsonArray([.. prohibitions.Select(static kind => JsonValue.Create(kind))]);
        Merge(enforcement, "ceilings", given.Ceilings, added.Ceilings, Math.Min, static value => JsonValue.Create(value));
        Merge(enforcement, "required_approvals", given.RequiredApprovals, added.RequiredApprovals, Math.Max, static value => JsonValue.Create(value));
        using var parsed = JsonDocument.Parse(result.ToJsonString());
        return JsonElement.Parse(CanonicalJson.Serialize(parsed.RootElement));
    }

    /// <summary>The hash under which document and overlay govern together.</summary>
    public static string EffectiveHash(string documentHash, string overlayHash)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write("{\"base_sha256\":"u8);
        CanonicalJson.WriteString(documentHash, output);
        output.Write(",\"overlay_sha256\":"u8);
        CanonicalJson.WriteString(overlayHash, output);
        output.Write(",\"type\":\"somastack.constitution.effective\"}"u8);
        return ConstitutionSeal.Hash(Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static void Merge<T>(
        JsonObject enforcement, string field, IReadOnlyDictionary<string, T> given, IReadOnlyDictionary<string, T> added, Func<T, T, T> stricter, Func<T, JsonNode?> node)
    {
        var merged = new JsonObject();
        foreach (var name in given.Keys.Union(added.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
            merged[name] = node(given.TryGetValue(name, out var one) ? added.TryGetValue(name, out var other) ? stricter(one, other) : one : added[name]);
        if (merged.Count > 0) enforcement[field] = merged;
    }

    private static JsonElement.ArrayEnumerator Principles(JsonElement holder) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty("principles", out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static IEnumerable<string> PrincipleIds(JsonElement holder) =>
        Principles(holder).Where(static item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String).Select(static item => item.GetProperty("id").GetString()!);
}

/// <summary>A tenant's overlay, as stored, sealed with the installation's key so that the database alone cannot change it.</summary>
internal sealed record OverlayVersion(string Tenant, long Version, string Text, string Hash, string KeyId, string Signature, string ChangedBy, DateTimeOffset ChangedAt, string? Approval)
{
    public static OverlayVersion Signed(Ed25519Key key, string tenant, long version, string text, string by, DateTimeOffset at, string? approval)
    {
        var hash = ConstitutionSeal.Hash(text);
        return new OverlayVersion(tenant, version, text, hash, key.KeyId, Convert.ToBase64String(key.Sign(Statement(tenant, version, hash))), by, at, approval);
    }

    /// <summary>Why it must not be taken, or null.</summary>
    public string? Fault(IReadOnlyDictionary<string, Ed25519PublicKey> pinned)
    {
        if (ConstitutionSeal.Hash(Text) != Hash) return "the overlay's text does not have the recorded hash";
        return pinned.TryGetValue(KeyId, out var key) && ConstitutionSeal.Verifies(key, Statement(Tenant, Version, Hash), Signature) ? null : "no pinned key sealed the overlay";
    }

    private static byte[] Statement(string tenant, long version, string hash)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write("{\"overlay_sha256\":"u8);
        CanonicalJson.WriteString(hash, output);
        output.Write(",\"tenant\":"u8);
        CanonicalJson.WriteString(tenant, output);
        output.Write(",\"type\":\"somastack.constitution.overlay\",\"version\":"u8);
        output.Write(Encoding.ASCII.GetBytes(CanonicalJson.Number(version)));
        output.Write("}"u8);
        return output.WrittenSpan.ToArray();
    }
}
