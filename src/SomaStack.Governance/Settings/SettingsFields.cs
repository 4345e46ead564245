using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>What each field of the settings may hold: the checks of a change and the published JSON Schema come from the same figures. Pure.</summary>
internal static partial class SettingsFields
{
    public const int NameMax = 200;
    public const int RegionsMax = 32;
    public const long RequestsMax = 10_000_000;
    public const decimal BudgetMax = 9_000_000_000m;
    public const decimal BudgetStep = 0.000000001m;

    /// <summary>No control characters, and at least one character that is no space. Written out, since \s differs between languages.</summary>
    private const string Name =
        @"[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u001f\u007f-\u009f]*";

    private const string Region = "[a-z0-9-]{1,32}";

    /// <summary>JSON Schema, draft 2020-12, of what PUT takes. Whole numbers are written without a point.</summary>
    public static JsonObject Schema() => new()
    {
        ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
        ["title"] = "Settings of a tenant",
        ["type"] = "object",
        ["required"] = new JsonArray("display_name"),
        ["properties"] = new JsonObject
        {
            ["display_name"] = new JsonObject
            {
                ["description"] = "What people call the tenant.", ["type"] = "string", ["minLength"] = 1, ["maxLength"] = NameMax, ["pattern"] = $"^{Name}$",
            },
            ["residency_regions"] = new JsonObject
            {
                ["description"] = "Regions that may serve the tenant; empty or absent means those of the installation, or any.",
                ["type"] = new JsonArray("array", "null"),
                ["maxItems"] = RegionsMax,
                ["items"] = new JsonObject { ["type"] = "string", ["pattern"] = $"^{Region}$" },
            },
            ["requests_per_minute"] = new JsonObject
            {
                ["description"] = "Acting requests a minute; absent means the installation's limit, or none.",
                ["type"] = new JsonArray("integer", "null"), ["minimum"] = 1, ["maximum"] = RequestsMax,
            },
            ["daily_budget"] = new JsonObject
            {
                ["description"] = "US dollars per UTC day; absent means the installation's budget, or none.",
                ["type"] = new JsonArray("number", "null"), ["minimum"] = 0, ["maximum"] = BudgetMax, ["multipleOf"] = BudgetStep,
            },
        },
    };

    /// <exception cref="Problem">422 naming every field that the schema does not allow.</exception>
    public static void Check(ChangeSettingsRequest request, long expected)
    {
        var regions = request.ResidencyRegions ?? [];
        Platform.Check.That(IsName(request.DisplayName), "display_name", $"must have 1 to {NameMax} characters, not only spaces, and no control characters")
            .And(regions.Count <= RegionsMax && regions.All(static region => region is not null && RegionText().IsMatch(region)),
                "residency_regions", $"must be at most {RegionsMax} names of 1 to 32 characters a-z, 0-9 and '-'")
            .And(request.RequestsPerMinute is null or (>= 1 and <= RequestsMax), "requests_per_minute", $"must be between 1 and {RequestsMax}, or absent")
            .And(request.DailyBudget is null || Nanos(request.DailyBudget.Value) is not null, "daily_budget", $"must be between 0 and {BudgetMax} with at most 9 places, or absent")
            .And(expected is >= 0 and < long.MaxValue, "if-match", "must name a version")
            .OrThrow();
    }

    /// <summary>Whole nanos; null when the amount is negative, finer than a nano or above 9 billion.</summary>
    public static long? Nanos(decimal amount) =>
        amount is >= 0 and <= BudgetMax && amount / BudgetStep is var nanos && nanos == decimal.Truncate(nanos) ? (long)nanos : null;

    private static bool IsName(string name) => name.Length <= 2 * NameMax && name.EnumerateRunes().Count() is >= 1 and <= NameMax && NameText().IsMatch(name);

    [GeneratedRegex(@"\A" + Name + @"\z")]
    private static partial Regex NameText();

    [GeneratedRegex(@"\A" + Region + @"\z")]
    private static partial Regex RegionText();
}
