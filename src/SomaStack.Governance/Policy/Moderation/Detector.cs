using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Governance.Policy;

/// <summary>What the program itself looks for in every tenant's texts: rules like a policy's own, found by signs or by the model instead of words.</summary>
internal static class Detector
{
    public const string Injection = "prompt_injection";

    /// <summary>A label of its own: a policy may act on signs and yet not on a resemblance.</summary>
    public const string Suspected = "suspected_injection";

    private static readonly ModerationStage[] Everywhere = [ModerationStage.Input, ModerationStage.ToolResult, ModerationStage.Memory, ModerationStage.Output];
    private static readonly ModerationStage[] Unasked = [ModerationStage.ToolResult, ModerationStage.Memory, ModerationStage.Output];

    /// <summary>In the order of <see cref="InjectionSigns"/>. A person may show such marks in a question, so their own text is labelled only.</summary>
    private static readonly ModerationRule[] Signs =
    [
        Rule("sign-role-marks", "The text holds marks of another party's turn.", "Remove the role marks, or show them as a picture.", Everywhere, ModerationEffect.Redact, ModerationEffect.Label),
        Rule("sign-tool-call", "The text holds a tool call that is written out.", "Describe the call in words.", Everywhere, ModerationEffect.Redact, ModerationEffect.Label),
        Rule("sign-invisible", "The text holds characters that nobody sees.", "Type the text anew, without invisible characters.", Everywhere, ModerationEffect.Redact, ModerationEffect.Redact),
        Rule("sign-image", "The text holds an image whose address carries data away.", "Name the image without a query in its address.", Unasked, ModerationEffect.Redact, ModerationEffect.Redact),
    ];

    /// <summary>A score over a window points at no place, so it labels; what follows from the label is the policy's to say.</summary>
    private static readonly ModerationRule Model = Rule(
        "model-injection", "The wording resembles attempts to take over an agent.", "Ask for what you want in plain words.", Everywhere, ModerationEffect.Label, ModerationEffect.Label) with { Category = Suspected };

    /// <summary>Ids that a policy may turn off.</summary>
    public static readonly IReadOnlyList<string> Ids = [.. Signs.Select(static rule => rule.Id), Model.Id];

    /// <summary>What a text shows beside the words of the policy's rules.</summary>
    /// <param name="readings">The text as it stands comes first.</param>
    /// <returns>Rules with the places that they redact; the model's has none.</returns>
    public static List<(ModerationRule Rule, int Start, int End)> Look(DetectorSettings settings, ModerationStage stage, IReadOnlyList<Reading> readings)
    {
        var found = LookForSigns(settings, stage, readings);
        if (settings.IsOff(Model.Id)) return found;
        var threshold = settings.ModelThreshold ?? InjectionModel.Builtin.Threshold;
        if (readings.Any(reading => InjectionModel.Builtin.Score(reading.Folded) >= threshold)) found.Add((settings.ModelSeverity is { } severity ? Model with { Severity = severity } : Model, 0, 0));
        return found;
    }

    /// <summary>The same without the model, which only ever labels.</summary>
    public static List<(ModerationRule Rule, int Start, int End)> LookForSigns(DetectorSettings settings, ModerationStage stage, IReadOnlyList<Reading> readings)
    {
        var found = new List<(ModerationRule, int, int)>();
        foreach (var reading in readings.Where(static reading => reading.Run is not null).Prepend(readings[0]))
            foreach (var sign in InjectionSigns.Find(reading.Text, out _))
            {
                var rule = Signs[sign.Rule];
                var (start, end) = reading.Place(sign.Start, sign.End);
                if (rule.Applies(stage) && !settings.IsOff(rule.Id)) found.Add((rule, start, end));
            }
        return found;
    }

    private static ModerationRule Rule(string id, string message, string remedy, ModerationStage[] stages, ModerationEffect effect, ModerationEffect output) =>
        new(id, Injection, Severity.Low, [], message, remedy, Strike: true, stages, effect, output);
}
