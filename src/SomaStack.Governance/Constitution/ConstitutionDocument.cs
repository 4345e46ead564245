using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>The shape that a constitution must have. Pure.</summary>
internal static class ConstitutionDocument
{
    public const int MaxBytes = 256 * 1024;
    private const int MaxPrinciples = 100;

    /// <summary>The document's RFC 8785 text, or null with an issue when it has none.</summary>
    public static string? Canonical(JsonElement document, List<string> issues)
    {
        try
        {
            var bytes = CanonicalJson.Serialize(document);
            if (bytes.Length <= MaxBytes) return Encoding.UTF8.GetString(bytes);
            issues.Add($"The document has {bytes.Length} bytes in canonical form; at most {MaxBytes} are allowed.");
        }
        catch (FormatException exception)
        {
            issues.Add(exception.Message);
        }
        return null;
    }

    /// <summary>Everything that is wrong, in words; empty when the document may govern.</summary>
    public static List<string> Issues(JsonElement document)
    {
        var issues = new List<string>();
        if (document.ValueKind != JsonValueKind.Object)
        {
            issues.Add("The document must be an object.");
            return issues;
        }
        if (Canonical(document, issues) is null) return issues;
        if (!HasText(document, "title", 200)) issues.Add("'title' must be a text of 1 to 200 characters.");
        if (!HasText(document, "preamble", 4000)) issues.Add("'preamble' must be a text of 1 to 4000 characters.");
        Principles(document, issues);
        if (document.TryGetProperty("enforcement", out var enforcement)) Enforcement(enforcement, issues);
        if (document.TryGetProperty("signers", out var signers)) SignerRule.Issues(signers, issues);
        return issues;
    }

    public static void Principles(JsonElement document, List<string> issues)
    {
        if (!document.TryGetProperty("principles", out var principles) || principles.ValueKind != JsonValueKind.Array
            || principles.GetArrayLength() is 0 or > MaxPrinciples)
        {
            issues.Add($"'principles' must be a list of 1 to {MaxPrinciples} principles.");
            return;
        }
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var at = 0;
        foreach (var principle in principles.EnumerateArray())
        {
            var place = $"'principles[{at++}]'";
            if (principle.ValueKind != JsonValueKind.Object) issues.Add($"{place} must be an object.");
            else
            {
                if (!HasText(principle, "id", 100)) issues.Add($"{place} needs an 'id' of 1 to 100 characters.");
                else if (!ids.Add(principle.GetProperty("id").GetString()!)) issues.Add($"{place} repeats an id.");
                if (!HasText(principle, "title", 200)) issues.Add($"{place} needs a 'title' of 1 to 200 characters.");
                if (!HasText(principle, "body", 8000)) issues.Add($"{place} needs a 'body' of 1 to 8000 characters.");
            }
        }
    }

    private static void Enforcement(JsonElement enforcement, List<string> issues)
    {
        if (enforcement.ValueKind != JsonValueKind.Object)
        {
            issues.Add("'enforcement' must be an object.");
            return;
        }
        if (enforcement.TryGetProperty("audit_streams", out var streams) && streams.ValueKind == JsonValueKind.Object
            && streams.TryGetProperty("retention_days", out var days) && !(days.ValueKind == JsonValueKind.Number && days.TryGetInt32(out var number) && number > 0))
            issues.Add("'enforcement.audit_streams.retention_days' must be a whole number above 0.");
        Rules.Issues(enforcement, "enforcement.", issues);
        if (!enforcement.TryGetProperty("governance_topics", out var topics)) return;
        if (topics.ValueKind != JsonValueKind.Array)
        {
            issues.Add("'enforcement.governance_topics' must be a list.");
            return;
        }
        var at = 0;
        foreach (var topic in topics.EnumerateArray())
        {
            var complete = topic.ValueKind == JsonValueKind.Object && HasText(topic, "topic", 200)
                && topic.TryGetProperty("requirements", out var requirements) && requirements.ValueKind == JsonValueKind.Array
                && requirements.EnumerateArray().All(static requirement => requirement.ValueKind == JsonValueKind.String);
            if (!complete) issues.Add($"'enforcement.governance_topics[{at}]' needs a 'topic' and a list of 'requirements'.");
            at++;
        }
    }

    private static bool HasText(JsonElement value, string name, int longest) =>
        value.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String && text.GetString() is { } content
        && content.Length <= longest && !string.IsNullOrWhiteSpace(content);
}
