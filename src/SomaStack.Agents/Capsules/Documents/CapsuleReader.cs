using System.Globalization;
using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <summary>What reading a capsule gives. <c>Capsule</c> is there exactly when no fault is an error.</summary>
/// <param name="Json">The parsed document in its RFC 8785 form; null when the text is no document.</param>
internal sealed record CapsuleReading(Capsule? Capsule, string? Json, IReadOnlyList<CapsuleFault> Faults)
{
    public bool Passed => Capsule is not null;
}

/// <summary>
/// Reads a capsule (docs/capsules.md) and finds every fault in one go, each with its place. Pure: which tools exist and what they cost is
/// asked elsewhere.
/// </summary>
internal sealed partial class CapsuleReader
{
    private static readonly string[] Types = ["capsule", "planner", "composite", "governance", "utility"];

    private static readonly string[] TopKeys =
    [
        "id", "capsule_id", "version", "summary", "description", "type", "persona", "persona_shot", "inputs", "outputs", "tools", "policies", "workflow", "execution", "planner", "knowledge",
        "requires_approval", "reviewers", "schedule", "owner", "metadata",
    ];

    private readonly List<CapsuleFault> _faults;
    private readonly string[] _lines;

    private CapsuleReader(string text, List<CapsuleFault> faults) => (_lines, _faults) = (text.Split('\n'), faults);

    /// <summary>YAML, of which JSON is a part.</summary>
    public static CapsuleReading Read(string text)
    {
        var faults = new List<CapsuleFault>();
        return Finish(CapsuleYaml.Read(text, faults), text, faults);
    }

    public static CapsuleReading Read(JsonElement definition)
    {
        var faults = new List<CapsuleFault>();
        if (definition.ValueKind == JsonValueKind.String) return Read(definition.GetString()!);
        try
        {
            // Twice the same key, half a surrogate pair and deep nesting are refused here.
            if (CanonicalJson.Serialize(definition).Length <= CapsuleYaml.BytesMax) return Finish(CapsuleNode.Of(definition), "", faults);
            faults.Add(new CapsuleFault("yaml_too_large", CapsuleFault.Error, $"A capsule has at most {CapsuleYaml.BytesMax / 1024} kB.", 1, 1));
        }
        catch (FormatException exception)
        {
            faults.Add(new CapsuleFault("yaml_invalid", CapsuleFault.Error, exception.Message, 1, 1));
        }
        return new CapsuleReading(null, null, faults);
    }

    private static CapsuleReading Finish(CapsuleNode? node, string text, List<CapsuleFault> faults)
    {
        if (node is null) return new CapsuleReading(null, null, faults);
        string json;
        try
        {
            json = node.ToJson();
        }
        catch (FormatException exception)
        {
            faults.Add(new CapsuleFault("yaml_invalid", CapsuleFault.Error, exception.Message, node.Line, node.Column));
            return new CapsuleReading(null, null, faults);
        }
        var digest = TextDigest.Of(json);
        var capsule = new CapsuleReader(text, faults).Capsule(node, digest);
        var ordered = faults.Distinct().OrderBy(static fault => fault.Line).ThenBy(static fault => fault.Column).ToList();
        return new CapsuleReading(ordered.Exists(static fault => fault.Severity == CapsuleFault.Error) ? null : capsule, json, ordered);
    }

    private Capsule? Capsule(CapsuleNode node, string digest)
    {
        if (node is not MapNode map)
        {
            Wrong("type_wrong", $"A capsule is a mapping, and this is {node.Kind}.", node);
            return null;
        }
        Known(map, TopKeys, "a capsule");
        var id = Text(map, "id", 64) ?? Text(map, "capsule_id", 64);
        if (id is null && map.Find("id") is null && map.Find("capsule_id") is null) Wrong("key_missing", "'id' is missing.", map);
        if (id is not null && !IsId(id)) Wrong("id_invalid", "'id' must have 1 to 64 characters of a-z, 0-9, '_', '-' and '.', and begin with a letter.", map.Find("id") ?? map.Find("capsule_id")!);
        var version = Version(map);
        var summary = Summary(map);
        var type = Text(map, "type", 20) ?? "capsule";
        if (!Types.Contains(type)) Wrong("value_invalid", $"'type' must be one of {string.Join(", ", Types)}.", map.Find("type")!);
        foreach (var name in new[] { "description", "owner" }) Text(map, name, 4000);
        foreach (var name in new[] { "planner", "metadata" })
            if (map.Find(name) is { } extra and not MapNode) Wrong("type_wrong", $"'{name}' must be a mapping, and is {extra.Kind}.", extra);
        Reviewers(map);
        Schedule(map);
        var inputs = Inputs(map);
        var tools = Tools(map);
        var (budget, review) = Policies(map);
        var flow = Mapping(map, "workflow") ?? Mapping(map, "execution");
        var parallel = flow is null ? 5 : (int)(Number(flow, "max_parallel", 1, 100) ?? 5);
        if (flow is not null) Known(flow, ["steps", "max_parallel"], "'workflow'");
        var steps = new StepReader(this, inputs, tools, id ?? "").Steps(map, flow);
        steps.UnusedTools(map);
        var outputs = Outputs(map, steps);
        steps.ActsUnseen(review);
        return new Capsule(id ?? "", version ?? "", summary ?? "", type, digest)
        {
            Persona = Text(map, "persona", 64) ?? Text(map, "persona_shot", 64),
            Inputs = inputs,
            Outputs = outputs,
            Tools = tools,
            Budget = budget,
            RequiresReview = review,
            MaxParallel = parallel,
            Steps = steps.Done,
        };
    }

    private string? Version(MapNode map)
    {
        if (map.Find("version") is not { } node)
        {
            Wrong("VERSION_FORMAT", "'version' is missing; it has the form 1.0.0.", map);
            return null;
        }
        // 1.0 without quotes is a number to YAML, but what was written is what is meant.
        if (node is ScalarNode { IsNull: false } scalar && SemVer().IsMatch(scalar.Text)) return scalar.Text.TrimStart('v');
        Wrong("VERSION_FORMAT", "'version' must have the form 1.0.0.", node);
        return null;
    }

    private string? Summary(MapNode map)
    {
        var summary = Text(map, "summary", 500);
        if ((summary?.Trim().Length ?? 0) < 20 && map.Find("summary") is null or ScalarNode)
            Warn("SUMMARY_TOO_SHORT", "'summary' should have at least 20 characters: it is what a reviewer reads first.", map.Find("summary") ?? map);
        return summary;
    }

    private void Reviewers(MapNode map)
    {
        var needs = Truth(map, "requires_approval") ?? false;
        var reviewers = map.Find("reviewers");
        if (reviewers is not null and not ListNode) Wrong("type_wrong", $"'reviewers' must be a list, and is {reviewers.Kind}.", reviewers);
        if (needs && reviewers is not ListNode { Items.Count: > 0 }) Wrong("MISSING_REVIEWERS", "'requires_approval' needs 'reviewers'.", map.Find("requires_approval")!);
    }

    private void Schedule(MapNode map)
    {
        if (Mapping(map, "schedule") is not { } schedule) return;
        Known(schedule, ["cron", "time_zone"], "'schedule'");
        if (Text(schedule, "cron", 100) is { } cron)
        {
            if (CapsuleCron.Fault(cron) is { } fault) Wrong("cron_invalid", $"'cron' {fault}.", schedule.Find("cron")!);
        }
        else if (schedule.Find("cron") is null) Wrong("key_missing", "'schedule' needs 'cron'.", schedule);
        if (Text(schedule, "time_zone", 64) is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) Wrong("time_zone_unknown", $"There is no time zone '{zone}'.", schedule.Find("time_zone")!);
    }

    private List<CapsuleInput> Inputs(MapNode map)
    {
        var inputs = new List<CapsuleInput>();
        foreach (var node in List(map, "inputs"))
        {
            if (node is not MapNode input)
            {
                Wrong("type_wrong", $"An input is a mapping of name, type and required, and this is {node.Kind}.", node);
                continue;
            }
            Known(input, ["name", "type", "required", "default", "description"], "an input");
            var name = Text(input, "name", 64);
            if (name is null)
            {
                if (input.Find("name") is null) Wrong("key_missing", "An input needs 'name'.", input);
                continue;
            }
            if (!IsName(name) || CapsuleScope.Reserved.Contains(name)) Wrong("input_name_invalid", $"'{name}' cannot be the name of an input: letters, digits and '_', not first a digit, and no word that expressions use.", input.Find("name")!);
            if (inputs.Exists(one => one.Name == name)) Wrong("input_duplicate", $"There are two inputs '{name}'.", input.Find("name")!);
            var type = Text(input, "type", 20) ?? "string";
            if (!CapsuleTypes.All.Contains(type)) Wrong("input_type_unknown", $"'type' must be one of {string.Join(", ", CapsuleTypes.All)}.", input.Find("type")!);
            var fallback = input.Find("default")?.ToJson();
            if (fallback == "null") fallback = null;
            if (fallback is not null && CapsuleTypes.All.Contains(type))
            {
                using var value = JsonDocument.Parse(fallback);
                if (!CapsuleTypes.Fits(value.RootElement, type)) Wrong("input_default_wrong", $"The default of '{name}' is not of the type {type}.", input.Find("default")!);
            }
            inputs.Add(new CapsuleInput(name, type, Truth(input, "required") ?? false, fallback, Text(input, "description", 1000)));
        }
        if (inputs.Count > 100) Wrong("too_many", "A capsule has at most 100 inputs.", map.Find("inputs")!);
        return inputs;
    }

    private List<string> Tools(MapNode map)
    {
        var tools = new List<string>();
        foreach (var node in List(map, "tools"))
        {
            if (node is ScalarNode { IsText: true } name)
            {
                if (!ToolName().IsMatch(name.Text)) Wrong("tool_invalid", $"'{name.Text}' is no tool: write adapter or adapter.action.", name);
                tools.Add(name.Text);
            }
            else if (node is MapNode tool && Text(tool, "adapter", 64) is { } adapter)
            {
                Known(tool, ["adapter", "actions"], "a tool");
                if (!ToolName().IsMatch(adapter) || adapter.Contains('.', StringComparison.Ordinal)) Wrong("tool_invalid", $"'{adapter}' is no adapter.", tool);
                if (tool.Find("actions") is null) tools.Add(adapter);
                foreach (var action in List(tool, "actions"))
                {
                    if (action is ScalarNode { IsText: true } text && ToolName().IsMatch($"{adapter}.{text.Text}")) tools.Add($"{adapter}.{text.Text}");
                    else Wrong("tool_invalid", "An action is a name.", action);
                }
            }
            else Wrong("tool_invalid", "A tool is adapter, adapter.action, or a mapping of adapter and actions.", node);
        }
        return tools;
    }

    private (CapsuleBudget Budget, bool Review) Policies(MapNode map)
    {
        if (Mapping(map, "policies") is not { } policies) return (new CapsuleBudget(), false);
        Known(policies, ["budget_tokens", "budget_money", "budget_currency", "budget_steps", "budget_time", "requires_review"], "'policies'");
        var currency = Text(policies, "budget_currency", 3) ?? "USD";
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper)) Wrong("value_invalid", "'budget_currency' must be three capital letters.", policies.Find("budget_currency")!);
        decimal? money = null;
        if (policies.Find("budget_money") is { } amount)
        {
            if (amount is ScalarNode { Number: >= 0 and <= 1e9 } scalar && decimal.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)) money = exact;
            else Wrong("type_wrong", "'budget_money' must be a number from 0 to a billion.", amount);
        }
        var (tokens, steps, time) = (Number(policies, "budget_tokens", 0, 1_000_000_000_000), Number(policies, "budget_steps", 1, 1_000_000), Time(policies, "budget_time"));
        return (new CapsuleBudget(tokens, money, currency, (int?)steps, time), Truth(policies, "requires_review") ?? false);
    }

    private Dictionary<string, CapsuleOutput> Outputs(MapNode map, StepReader steps)
    {
        var outputs = new Dictionary<string, CapsuleOutput>(StringComparer.Ordinal);
        if (Mapping(map, "outputs") is not { } named) return outputs;
        foreach (var (key, node) in named.Members)
        {
            if (!IsName(key.Text)) Wrong("output_name_invalid", $"'{key.Text}' cannot be the name of an output.", key);
            if (node is not MapNode output)
            {
                // The short form: a value alone.
                outputs[key.Text] = new CapsuleOutput(null, steps.Templates(node, inFanOut: false, from: -1), null);
                continue;
            }
            Known(output, ["description", "value", "schema"], "an output");
            outputs[key.Text] = new CapsuleOutput(Text(output, "description", 1000), output.Find("value") is { } value ? steps.Templates(value, inFanOut: false, from: -1) : null, output.Find("schema")?.ToJson());
        }
        return outputs;
    }
}
