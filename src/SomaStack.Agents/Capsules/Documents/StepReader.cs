using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform.Cel;

namespace SomaStack.Agents.Capsules;

/// <summary>Reads the steps: first their names and edges, so that every expression can be held against what comes before it.</summary>
internal sealed class StepReader(CapsuleReader reader, IReadOnlyList<CapsuleInput> inputs, IReadOnlyList<string> tools, string capsule)
{
    private const int StepsMax = 200;

    private static readonly string[] StepKeys =
        ["name", "action", "params", "after", "when", "for_each", "max_parallel", "retry", "timeout", "optional", "compensate", "description"];

    private readonly List<(MapNode Node, string Name, List<string> After)> _read = [];
    private readonly HashSet<string> _usedTools = new(StringComparer.Ordinal);
    private bool[,] _before = new bool[0, 0];
    private CapsuleScope _scope = CapsuleScope.Of([], []);
    private CapsuleNode? _firstTool;
    private bool _asks;

    public IReadOnlyList<CapsuleStep> Done { get; private set; } = [];

    public StepReader Steps(MapNode document, MapNode? flow)
    {
        var nodes = flow is null ? [] : reader.List(flow, "steps");
        if (nodes.Count == 0) reader.Wrong("steps_missing", "A capsule needs 'workflow' with at least one of 'steps'.", flow ?? document);
        if (nodes.Count > StepsMax) reader.Wrong("too_many", $"A capsule has at most {StepsMax} steps.", nodes[StepsMax]);
        foreach (var node in nodes.Take(StepsMax)) Name(node);
        Edges();
        _scope = CapsuleScope.Of(inputs, [.. _read.Select(static step => step.Name)]);
        Done = [.. _read.Select((step, index) => Step(step.Node, step.Name, step.After, index))];
        return this;
    }

    private void Name(CapsuleNode node)
    {
        if (node is not MapNode map)
        {
            reader.Wrong("type_wrong", $"A step is a mapping of name, action and params, and this is {node.Kind}.", node);
            return;
        }
        reader.Known(map, StepKeys, "a step");
        var name = reader.Text(map, "name", 64) ?? "";
        if (map.Find("name") is null) reader.Wrong("key_missing", "A step needs 'name'.", map);
        else if (name.Length > 0 && (!CapsuleReader.IsName(name) || CapsuleScope.Reserved.Contains(name)))
            reader.Wrong("step_name_invalid", $"'{name}' cannot be the name of a step: letters, digits and '_', not first a digit, and no word that expressions use.", map.Find("name")!);
        else if (_read.Exists(step => step.Name == name)) reader.Wrong("step_duplicate", $"There are two steps '{name}'.", map.Find("name")!);
        _read.Add((map, name.Length > 0 ? name : $"step_{_read.Count + 1}", []));
    }

    private void Edges()
    {
        for (var i = 0; i < _read.Count; i++)
        {
            var (node, name, after) = _read[i];
            if (node.Find("after") is not { } edges)
            {
                if (i > 0) after.Add(_read[i - 1].Name);
                continue;
            }
            foreach (var edge in edges is ListNode list ? list.Items : [edges])
            {
                if (edge is not ScalarNode { IsText: true } text) reader.Wrong("type_wrong", $"'after' names steps, and this is {edge.Kind}.", edge);
                else if (!_read.Exists(step => step.Name == text.Text)) reader.Wrong("after_unknown", $"The step '{name}' comes after '{text.Text}', and there is no such step.", edge);
                else if (!after.Contains(text.Text)) after.Add(text.Text);
            }
        }
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < _read.Count; i++) index.TryAdd(_read[i].Name, i);
        int[][] before = [.. _read.Select(step => step.After.Select(name => index[name]).ToArray())];
        _before = Reach(before);
        Cycles(before);
    }

    private static bool[,] Reach(int[][] before)
    {
        var reach = new bool[before.Length, before.Length];
        for (var start = 0; start < before.Length; start++)
        {
            var left = new Stack<int>(before[start]);
            while (left.TryPop(out var at))
            {
                if (reach[start, at]) continue;
                reach[start, at] = true;
                foreach (var edge in before[at]) left.Push(edge);
            }
        }
        return reach;
    }

    /// <summary>Each cycle once, by the names along it.</summary>
    private void Cycles(int[][] before)
    {
        var named = new HashSet<int>();
        for (var start = 0; start < before.Length; start++)
        {
            if (!_before[start, start] || !named.Add(start)) continue;
            var path = new List<int> { start };
            for (var at = start; ;)
            {
                at = before[at].First(next => next == start || _before[next, start]);
                if (path.Contains(at)) break;
                named.Add(at);
                path.Add(at);
            }
            reader.Wrong("after_cycle", $"These steps wait for each other: {string.Join(" after ", path.Select(step => _read[step].Name))} after {_read[start].Name}.", _read[start].Node.Find("after") ?? _read[start].Node);
        }
    }

    private CapsuleStep Step(MapNode node, string name, List<string> after, int index)
    {
        var action = reader.Text(node, "action", 200) ?? "";
        if (node.Find("action") is null) reader.Wrong("key_missing", $"The step '{name}' needs 'action'.", node);
        else if (action.Length > 0) Action(action, node.Find("action")!);
        var each = node.Find("for_each") is not null;
        if (!each && node.Find("max_parallel") is { } parallel) reader.Wrong("value_invalid", "'max_parallel' of a step belongs to 'for_each'.", parallel);
        var parameters = reader.Mapping(node, "params");
        new StepParams(reader, tools, capsule).Check(action, parameters, node);
        reader.Text(node, "description", 1000);
        var timeout = reader.Time(node, "timeout");
        if (timeout is not null && action is "flow.set" or "flow.fail" or "wait.timer") reader.Warn("TIMEOUT_UNUSED", $"'{action}' knows no timeout.", node.Find("timeout") ?? node);
        var retry = Retry(node);
        if (timeout is not null && retry.Attempts > 1 && IsTool(action)) reader.Warn("TIMEOUT_MAY_REPEAT", "An attempt that ran out of time may have taken effect, and 'retry' does it again.", node.Find("timeout")!);
        return new CapsuleStep(name, action, parameters is null ? "{}" : Templates(parameters, each, index), after)
        {
            When = Expression(node, "when", index, static type => type is TypeKind.Bool or TypeKind.Dyn, "true or false"),
            ForEach = Expression(node, "for_each", index, static type => type is TypeKind.List or TypeKind.Dyn, "a list"),
            MaxParallel = (int)(reader.Number(node, "max_parallel", 1, 100) ?? 5),
            Retry = retry,
            TimeLimit = timeout,
            Optional = reader.Truth(node, "optional") ?? false,
            Compensate = Compensation(node, each, index),
            Line = node.Line,
        };
    }

    private void Action(string action, CapsuleNode at)
    {
        if (StepParams.RunnerActions.Contains(action))
        {
            _asks |= action is "approvals.request" or "human.ask";
            return;
        }
        var adapter = action.Split('.', 2)[0];
        if (StepParams.RunnerPrefixes.Contains(adapter))
            reader.Wrong("action_unknown", $"There is no action '{action}'; of '{adapter}' there is {string.Join(", ", StepParams.RunnerActions.Where(name => name.StartsWith(adapter + ".", StringComparison.Ordinal)))}.", at);
        else if (!CapsuleReader.ToolName().IsMatch(action) || !action.Contains('.', StringComparison.Ordinal)) reader.Wrong("action_unknown", $"'{action}' is no action: write adapter.action.", at);
        else if (!tools.Contains(adapter) && !tools.Contains(action)) reader.Wrong("action_undeclared", $"'{action}' is not among the capsule's 'tools'; add '{action}' there.", at);
        else
        {
            _usedTools.Add(tools.Contains(action) ? action : adapter);
            _firstTool ??= at;
        }
    }

    private static bool IsTool(string action) => action.Contains('.', StringComparison.Ordinal) && !StepParams.RunnerPrefixes.Contains(action.Split('.', 2)[0]);

    private CapsuleRetry Retry(MapNode node)
    {
        if (node.Find("retry") is ScalarNode { Whole: >= 1 and <= 20 } attempts) return new CapsuleRetry((int)attempts.Whole!.Value);
        if (reader.Mapping(node, "retry") is not { } retry) return new CapsuleRetry();
        reader.Known(retry, ["attempts", "first", "factor", "longest"], "'retry'");
        var factor = 2d;
        if (retry.Find("factor") is { } growth)
        {
            if (growth is ScalarNode { Number: >= 1 and <= 10 } number) factor = number.Number!.Value;
            else reader.Wrong("value_invalid", "'factor' must be a number from 1 to 10.", growth);
        }
        return new CapsuleRetry((int)(reader.Number(retry, "attempts", 1, 20) ?? 1), reader.Time(retry, "first"), factor, reader.Time(retry, "longest"));
    }

    private CapsuleCompensation? Compensation(MapNode node, bool each, int index)
    {
        if (reader.Mapping(node, "compensate") is not { } undo) return null;
        reader.Known(undo, ["action", "params"], "'compensate'");
        var action = reader.Text(undo, "action", 200) ?? "";
        if (undo.Find("action") is null) reader.Wrong("key_missing", "'compensate' needs 'action'.", undo);
        else if (action.Length > 0)
        {
            Action(action, undo.Find("action")!);
            if (action is "approvals.request" or "human.ask" or "flow.fail" || action.StartsWith("wait.", StringComparison.Ordinal))
                reader.Wrong("compensate_invalid", $"'{action}' undoes nothing.", undo.Find("action")!);
        }
        var parameters = reader.Mapping(undo, "params");
        new StepParams(reader, tools, capsule).Check(action, parameters, undo);
        return new CapsuleCompensation(action, parameters is null ? "{}" : Templates(parameters, each, index, itself: true));
    }

    private string? Expression(MapNode node, string name, int index, Func<TypeKind, bool> fits, string wanted)
    {
        if (node.Find(name) is not { } at) return null;
        if (at is not ScalarNode scalar || scalar.IsNull)
        {
            reader.Wrong("type_wrong", $"'{name}' must be an expression, and is {at.Kind}.", at);
            return null;
        }
        // {{ … }} around it is what people write at first; it means the same here.
        var text = scalar.Text.Trim();
        if (text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal)) reader.Wrong("expression_invalid", $"'{name}' is an expression already; leave the braces out.", at);
        else
        {
            try
            {
                var program = CelProgram.Compile(scalar.Text, _scope.Outside);
                if (!fits(program.Type.Known().Kind)) reader.Wrong("expression_type", $"'{name}' must give {wanted}, and gives {program.Type}.", at);
                Early(program.Variables, scalar, index, itself: false);
            }
            catch (CelException exception)
            {
                var (line, column) = reader.Place(scalar, exception.Line, exception.Column);
                reader.Wrong("expression_invalid", $"'{name}': {exception.Problem}.", line, column);
            }
        }
        return scalar.Text;
    }

    /// <summary>JSON of a value whose texts may be templates, each checked.</summary>
    /// <param name="from">The step that it belongs to; -1 for an output, which may read all.</param>
    public string Templates(CapsuleNode node, bool inFanOut, int from, bool itself = false)
    {
        Check(node, inFanOut ? _scope.FanOut : _scope.Outside, from, itself);
        return node.ToJson();
    }

    private void Check(CapsuleNode node, CelEnvironment environment, int from, bool itself)
    {
        switch (node)
        {
            case MapNode map:
                foreach (var (_, value) in map.Members) Check(value, environment, from, itself);
                break;
            case ListNode list:
                foreach (var item in list.Items) Check(item, environment, from, itself);
                break;
            case ScalarNode { IsText: true } scalar when scalar.Text.Contains("{{", StringComparison.Ordinal):
                try
                {
                    Early(Template.Parse(scalar.Text, environment).Variables, scalar, from, itself);
                }
                catch (CelException exception)
                {
                    var (line, column) = reader.Place(scalar, exception.Line, exception.Column);
                    reader.Wrong("template_invalid", exception.Problem + ".", line, column);
                }
                break;
        }
    }

    /// <summary>A step may read only what has certainly ended when it begins: whatever the timing, it reads the same.</summary>
    private void Early(IReadOnlySet<string> variables, ScalarNode at, int from, bool itself)
    {
        if (from < 0) return;
        foreach (var name in _scope.Uses(variables))
        {
            if (name.Kind is not (ScopeKind.Step or ScopeKind.Status or ScopeKind.Failure)) continue;
            if (name.Index == from && itself) continue;
            if (!_before[from, name.Index] || name.Index == from)
                reader.Wrong("reference_early", $"'{_read[from].Name}' reads the step '{_read[name.Index].Name}', which need not have ended by then; put it into 'after'.", at);
        }
    }

    public void UnusedTools(MapNode document)
    {
        foreach (var tool in tools)
            if (!_usedTools.Contains(tool) && !Done.Any(static step => step.Action == "agent.ask")) reader.Warn("TOOL_UNUSED", $"No step uses the tool '{tool}'.", document.Find("tools")!);
    }

    public void ActsUnseen(bool review)
    {
        if (_firstTool is not null && !review && !_asks)
            reader.Warn("ACTS_WITHOUT_APPROVAL", "It uses tools and asks nobody: consider 'approvals.request' before what cannot be undone, or 'requires_review'. The gate decides on every action all the same.", _firstTool);
    }
}
