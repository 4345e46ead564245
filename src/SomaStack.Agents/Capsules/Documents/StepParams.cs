using System.Text.RegularExpressions;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Capsules;

/// <summary>Parameters of the runner's own actions. A tool's are held against its schema when it is called.</summary>
internal sealed class StepParams(CapsuleReader reader, IReadOnlyList<string> tools, string capsule)
{
    public static readonly string[] RunnerActions =
        ["agent.ask", "capsule.run", "approvals.request", "human.ask", "wait.timer", "wait.signal", "wait.notification", "flow.set", "flow.fail"];

    public static readonly string[] RunnerPrefixes = ["agent", "capsule", "approvals", "human", "wait", "flow"];

    private static readonly string[] FieldKeys =
        ["type", "title", "description", "enum", "const", "default", "minLength", "maxLength", "pattern", "minimum", "maximum", "items", "minItems", "maxItems", "format"];

    public void Check(string action, MapNode? parameters, MapNode at)
    {
        if (!RunnerActions.Contains(action)) return;
        var map = parameters ?? new MapNode([], at.Line, at.Column);
        switch (action)
        {
            case "agent.ask":
                reader.Known(map, ["prompt", "persona", "model", "session", "tools", "capabilities", "max_tokens", "tool_rounds"], action);
                Needs(map, "prompt", action);
                Tools(map);
                break;
            case "capsule.run":
                reader.Known(map, ["capsule", "version", "inputs"], action);
                Needs(map, "capsule", action);
                if (map.Find("inputs") is { } given and not MapNode && !IsTemplate(given)) reader.Wrong("param_type", "'inputs' must be a mapping.", given);
                if (map.Find("capsule") is ScalarNode { } name && name.Text == capsule && capsule.Length > 0) reader.Wrong("nested_cycle", "A capsule cannot run itself.", name);
                break;
            case "approvals.request":
                break;
            case "human.ask":
                reader.Known(map, ["title", "description", "form", "to", "channel"], action);
                Needs(map, "form", action);
                if (map.Find("form") is { } form && !IsTemplate(form)) Form(form);
                break;
            case "wait.timer":
                reader.Known(map, ["for", "until"], action);
                if (map.Find("for") is null == map.Find("until") is null) reader.Wrong("param_missing", "'wait.timer' needs either 'for' or 'until'.", map);
                if (map.Find("for") is ScalarNode { } wait && !IsTemplate(wait) && !CapsuleTimes.TryParse(wait.Text, out _)) reader.Wrong("time_invalid", "'for' must be a time such as 90s, 15m or 2h30m, and at most a year.", wait);
                break;
            case "wait.signal":
                reader.Known(map, ["name"], action);
                Needs(map, "name", action);
                break;
            case "wait.notification":
                reader.Known(map, ["event"], action);
                Needs(map, "event", action);
                break;
            case "flow.fail":
                reader.Known(map, ["code", "detail"], action);
                break;
        }
    }

    private static bool IsTemplate(CapsuleNode node) => node is ScalarNode { IsText: true } text && text.Text.Contains("{{", StringComparison.Ordinal);

    private void Needs(MapNode map, string name, string action)
    {
        var node = map.Find(name);
        if (node is null) reader.Wrong("param_missing", $"'{action}' needs '{name}' in its 'params'.", map);
        else if (name != "form" && node is not ScalarNode { IsText: true, Text.Length: > 0 }) reader.Wrong("param_type", $"'{name}' must be text, and is {node.Kind}.", node);
    }

    private void Tools(MapNode map)
    {
        if (map.Find("tools") is not { } node || IsTemplate(node)) return;
        if (node is not ListNode list)
        {
            reader.Wrong("param_type", "'tools' must be a list.", node);
            return;
        }
        foreach (var item in list.Items)
        {
            if (item is not ScalarNode { IsText: true } tool) reader.Wrong("param_type", "A tool is a name.", item);
            else if (!tools.Contains(tool.Text) && !tools.Contains(tool.Text.Split('.', 2)[0]) && !IsTemplate(tool)) reader.Wrong("action_undeclared", $"'{tool.Text}' is not among the capsule's 'tools'; add it there.", tool);
        }
    }

    private void Form(CapsuleNode node)
    {
        if (node is not MapNode form || form.Find("properties") is not MapNode properties)
        {
            reader.Wrong("form_invalid", "A form is a JSON Schema of an object: type, properties and required.", node);
            return;
        }
        foreach (var (key, _) in form.Members)
            if (key.Text is not ("type" or "properties" or "required" or "title" or "description" or "additionalProperties")) reader.Wrong("form_invalid", $"'{key.Text}' is not understood in a form.", key);
        foreach (var (name, field) in properties.Members) Field(name, field, depth: 0);
        if (form.Find("required") is not { } required) return;
        if (required is not ListNode list) reader.Wrong("form_invalid", "'required' must be a list of names.", required);
        else
            foreach (var item in list.Items)
                if (item is not ScalarNode name || properties.Find(name.Text) is null) reader.Wrong("form_invalid", "'required' names a field that the form does not have.", item);
    }

    private void Field(ScalarNode name, CapsuleNode node, int depth)
    {
        if (node is not MapNode field)
        {
            reader.Wrong("form_invalid", $"The field '{name.Text}' must be a schema.", node);
            return;
        }
        foreach (var (key, _) in field.Members)
            if (!FieldKeys.Contains(key.Text)) reader.Wrong("form_invalid", $"'{key.Text}' is not understood in a field; there are {string.Join(", ", FieldKeys)}.", key);
        if (field.Find("type") is not ScalarNode { Text: "string" or "integer" or "number" or "boolean" or "array" }) reader.Wrong("form_invalid", $"The field '{name.Text}' needs the type string, integer, number, boolean or array.", field);
        foreach (var figure in new[] { "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems" })
            if (field.Find(figure) is { } limit and not ScalarNode { Number: not null }) reader.Wrong("form_invalid", $"'{figure}' must be a number.", limit);
        if (field.Find("enum") is { } choices and not ListNode { Items.Count: > 0 }) reader.Wrong("form_invalid", "'enum' must be a list.", choices);
        if (field.Find("pattern") is { } pattern) Pattern(pattern);
        if (field.Find("items") is not { } items) return;
        if (depth > 0) reader.Wrong("form_invalid", "A list in a list is nothing that a form can show.", items);
        else Field(name, items, depth + 1);
    }

    private void Pattern(CapsuleNode node)
    {
        try
        {
            if (node is not ScalarNode { IsText: true, Text.Length: <= 500 } text) throw new FormatException("It must be text of at most 500 characters.");
            _ = new Regex(text.Text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or FormatException)
        {
            reader.Wrong("form_invalid", "'pattern' must be a regular expression without look-around and back-references.", node);
        }
    }
}
