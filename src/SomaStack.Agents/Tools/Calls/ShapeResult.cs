using System.Text;
using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Makes a result of what a tool said: cut to size, held to its schema, moderated, redacted and labelled. Whatever happens here the call has
/// been done, so nothing throws: words that cannot be looked at are withheld.
/// </summary>
internal sealed class ShapeResult(IModeration moderation)
{
    public const string Taint = "tool";

    private const string Withheld = "[The tool's answer was withheld by the moderation rules.]";
    private const string Unchecked = "[The tool's answer was withheld: it could not be looked at.]";
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = CanonicalJson.MaxDepth };

    public async Task<ActedCall> RunAsync(PlannedCall plan, ActedCall acted)
    {
        acted = acted with { Text = Storable(Cut(acted.Text, plan.Manifest.Limits.OutputBytes)), Structured = acted.Structured is { } json ? Storable(json) : null };
        acted = Conforming(plan, acted);
        if (plan.Redact is { } redact)
            acted = acted with { Text = redact(acted.Text) ?? acted.Text, Structured = acted.Structured is { } known ? JsonTexts.Replace(known, redact) : null };
        var taints = new List<string> { Taint, plan.Adapter.Id };
        taints.AddRange(acted.Taints);
        var (text, isChanged) = await ModerateAsync(plan.Context, acted.Text, taints);
        var structured = acted.Structured;
        if (structured is not null && await ModerateAsync(plan.Context, structured, taints) is (_, true)) structured = null;
        // What was dropped from the one must not stay in the other.
        if (isChanged && structured is not null) structured = null;
        return acted with { Text = text, Structured = structured, Taints = [.. taints.Distinct(StringComparer.Ordinal)] };
    }

    private async Task<(string Text, bool IsChanged)> ModerateAsync(RequestContext context, string text, List<string> taints)
    {
        if (text.Length == 0) return (text, false);
        try
        {
            var looked = await moderation.CheckAsync(context, ModerationStage.ToolResult, text, CancellationToken.None);
            taints.AddRange(looked.Labels);
            if (looked.Blocked) return (Withheld, true);
            return looked.Redacted is { } redacted ? (redacted, true) : (text, false);
        }
        catch (Problem)
        {
            return (Unchecked, true);
        }
    }

    /// <summary>An answer that breaks its promise tells nothing reliable; of what cannot be repeated nobody then knows what it did.</summary>
    private static ActedCall Conforming(PlannedCall plan, ActedCall acted)
    {
        if (acted.Outcome != ToolOutcome.Succeeded) return acted with { Structured = null };
        if (Fault(plan.Action.Output, acted.Structured, plan.Manifest.Limits.OutputBytes) is not { } fault) return acted;
        return acted with
        {
            Outcome = plan.IsRepeatable ? ToolOutcome.Failed : ToolOutcome.Unknown, Code = ToolProblems.OutputInvalid.Code, Structured = null, Text = "The tool's answer does not fit its output schema: " + fault,
        };
    }

    private static string? Fault(ActionSchema? schema, string? structured, int bytesMax)
    {
        if (structured is null) return schema is null ? null : "it holds no structured result.";
        if (Encoding.UTF8.GetByteCount(structured) > bytesMax) return $"it has more than {bytesMax} bytes.";
        try
        {
            using var document = JsonDocument.Parse(structured, Depth);
            var errors = schema?.Check(document.RootElement) ?? [];
            return errors.Count == 0 ? null : string.Join(" ", errors.Take(5).Select(static error => $"'{error.Field}' {error.Message}."));
        }
        catch (Exception exception) when (exception is JsonException or Problem)
        {
            return exception is Problem ? exception.Message : "it is no JSON.";
        }
    }

    private static string Cut(string text, int bytesMax)
    {
        if (text.Length * 3L <= bytesMax || Encoding.UTF8.GetByteCount(text) <= bytesMax) return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        var end = bytesMax;
        // Not inside a character.
        while (end > 0 && (bytes[end] & 0xC0) == 0x80) end--;
        return Encoding.UTF8.GetString(bytes, 0, end) + $"\n[Cut at {bytesMax} bytes.]";
    }

    /// <summary>Neither database keeps NUL or half a surrogate pair; a tool may send both.</summary>
    private static string Storable(string text)
    {
        if (!text.Contains('\0') && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) kept.Append(rune.Value == 0 ? "\uFFFD" : rune.ToString());
        return kept.ToString();
    }
}
