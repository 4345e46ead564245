using System.Text.Json;

namespace SomaStack.Governance.Constitution;

/// <summary>
/// Who must sign the next version, as the active one says in <c>signers: {threshold, key_ids}</c>. A version that lowers it is itself signed
/// by the old number. Pure.
/// </summary>
/// <param name="KeyIds">Whose signatures count; null for every pinned key.</param>
internal sealed record SignerRule(int Threshold, IReadOnlySet<string>? KeyIds)
{
    public const int Most = 16;

    /// <summary>Of a document that says nothing.</summary>
    public static readonly SignerRule Default = new(1, null);

    public bool Counts(string keyId) => KeyIds is null || KeyIds.Contains(keyId);

    public SignerRule AtLeast(int floor) => Threshold >= floor ? this : this with { Threshold = floor };

    /// <summary>Of a document that <see cref="Issues"/> found nothing wrong with.</summary>
    public static SignerRule Of(JsonElement document)
    {
        if (!document.TryGetProperty("signers", out var signers)) return Default;
        var keyIds = signers.TryGetProperty("key_ids", out var ids) ? ids.EnumerateArray().Select(static id => id.GetString()!).ToHashSet(StringComparer.Ordinal) : null;
        return new SignerRule(signers.GetProperty("threshold").GetInt32(), keyIds);
    }

    public static void Issues(JsonElement signers, List<string> issues)
    {
        if (signers.ValueKind != JsonValueKind.Object
            || !(signers.TryGetProperty("threshold", out var threshold) && threshold.ValueKind == JsonValueKind.Number && threshold.TryGetInt32(out var number) && number is >= 1 and <= Most))
        {
            issues.Add($"'signers' needs a 'threshold' from 1 to {Most}.");
            return;
        }
        if (!signers.TryGetProperty("key_ids", out var ids)) return;
        var isList = ids.ValueKind == JsonValueKind.Array && ids.EnumerateArray().All(static id => id.ValueKind == JsonValueKind.String && id.GetString() is { Length: > 0 and <= 200 });
        if (!isList) issues.Add("'signers.key_ids' must be a list of key ids.");
        else if (ids.EnumerateArray().Select(static id => id.GetString()).Distinct(StringComparer.Ordinal).Count() is var different && (different < number || different > 2 * Most || different != ids.GetArrayLength()))
            issues.Add($"'signers.key_ids' must name different keys, at least as many as the threshold and at most {2 * Most}.");
    }

    /// <summary>Keys that the rule names and nobody here has pinned: with too few of the others no version could follow.</summary>
    public string? Unreachable(IReadOnlyCollection<string> pinned)
    {
        var usable = KeyIds is null ? pinned.Count : KeyIds.Count(pinned.Contains);
        return usable >= Threshold ? null : $"'signers' asks for {Threshold} signatures, and only {usable} of its keys are pinned here: no version could follow.";
    }
}
