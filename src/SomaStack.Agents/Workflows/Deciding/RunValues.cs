using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform.Cel;

namespace SomaStack.Agents.Workflows;

/// <summary>Evaluates a capsule's expressions over the state of a run.</summary>
/// <param name="item">JSON of the item; null outside a fan-out.</param>
internal readonly ref struct RunValues(RunState state, long at, string? item = null, int index = -1)
{
    /// <summary>JSON that has been read once; it goes when the text goes. Results are shared by all later steps.</summary>
    private static readonly ConditionalWeakTable<object, Parsed> Read = [];

    private readonly RunState _state = state;
    private readonly string? _item = item;

    public (bool Holds, StepFailure? Failure) Test(CompiledExpression when)
    {
        try
        {
            var frame = Fill(when.Program.Slots, when.Uses);
            var truth = when.Program.Test(frame);
            return truth == Truth.Error ? (false, new StepFailure("condition_failed", $"'when' has no answer: {frame.Fault.Message}")) : (truth == Truth.True, null);
        }
        catch (CelCostException)
        {
            return (false, TooCostly("when"));
        }
    }

    public (IReadOnlyList<string>? Items, StepFailure? Failure) List(CompiledExpression source, int max)
    {
        try
        {
            var frame = Fill(source.Program.Slots, source.Uses);
            var value = source.Program.Evaluate(frame);
            if (value.IsError) return (null, new StepFailure("for_each_failed", $"'for_each' has no value: {value.Fault.Message}"));
            if (value.Kind != ValueKind.List) return (null, new StepFailure("for_each_failed", $"'for_each' must give a list, and gave {value.TypeName}."));
            if (value.List.Count > max) return (null, new StepFailure("fan_out_too_large", $"'for_each' gave {value.List.Count} items; at most {max} are done."));
            var items = new string[value.List.Count];
            for (var i = 0; i < items.Length; i++)
            {
                if (CelJson.Text(value.List.Items[i], frame) is not { } json) return (null, new StepFailure("for_each_failed", $"Item {i} of 'for_each' has no JSON."));
                items[i] = json;
            }
            return (items, null);
        }
        catch (CelCostException)
        {
            return (null, TooCostly("for_each"));
        }
    }

    public (string? Json, StepFailure? Failure) Json(CompiledJson template, string what, int max)
    {
        try
        {
            var (json, fault) = template.Template.Fill(Fill(template.Template.Slots, template.Uses));
            if (fault is not null) return (null, new StepFailure("template_failed", $"A template of {what} has no value: {fault.Message}"));
            return json!.Length > max ? (null, new StepFailure("params_too_large", $"The templates of {what} give {json.Length} characters; at most {max} are passed on.")) : (json, null);
        }
        catch (CelCostException)
        {
            return (null, TooCostly(what));
        }
    }

    /// <summary>Labels of everything that an expression reads.</summary>
    public IReadOnlyList<string> Taints(ScopeName[] uses, FanOut? fan)
    {
        IReadOnlyList<string> taints = [];
        foreach (var name in uses)
        {
            taints = RunApply.Union(taints, name.Kind switch
            {
                ScopeKind.Input or ScopeKind.Inputs => _state.Plan!.Taints,
                ScopeKind.Step => _state.Steps[name.Index].Own.Taints,
                // What a tool said went wrong is a tool's words.
                ScopeKind.Failure when _state.Steps[name.Index].Own.Failure is not null => ["tool"],
                ScopeKind.Item => fan?.ItemTaints ?? [],
                _ => [],
            });
        }
        return taints;
    }

    private static StepFailure TooCostly(string what) => new("expression_too_costly", $"An expression of {what} takes more than {CapsuleScope.Cost} steps.");

    private Frame Fill(int slots, ScopeName[] uses)
    {
        var frame = new Frame(slots);
        frame.Refill(int.MaxValue);
        foreach (var name in uses) frame.Slots[name.Slot] = Of(name, frame);
        frame.Refill(CapsuleScope.Cost);
        return frame;
    }

    private Value Of(ScopeName name, Frame frame)
    {
        var plan = _state.Plan!;
        switch (name.Kind)
        {
            case ScopeKind.RunId: return Value.Of(plan.Run);
            case ScopeKind.RunCapsule: return Value.Of(plan.Capsule.Id);
            case ScopeKind.RunVersion: return Value.Of(plan.Capsule.Version);
            case ScopeKind.RunBeganAt: return CapsuleScope.TimestampOf(_state.BeganAt);
            case ScopeKind.RunNow: return CapsuleScope.TimestampOf(at);
            case ScopeKind.Index: return Value.Of((long)index);
            case ScopeKind.Item: return _item is null ? Value.Null : JsonMap.From(Element(_item), frame, whole: true);
            case ScopeKind.Input: return Input(plan.Capsule.Inputs[name.Index], frame);
            case ScopeKind.Inputs:
                var values = new NamedValues(plan.Capsule.Inputs.Count);
                foreach (var input in plan.Capsule.Inputs) values.Add(input.Name, Input(input, frame));
                return Value.Of(values);
            case ScopeKind.Step: return Result(_state.Steps[name.Index], frame);
            case ScopeKind.Status: return Value.Of(RunNames.Of(_state.Steps[name.Index].Own.Status));
            default: return Failed(_state.Steps[name.Index].Own.Failure);
        }
    }

    private Value Input(CapsuleInput input, Frame frame)
    {
        var given = Element(_state.Inputs);
        if (given.ValueKind == JsonValueKind.Object && given.TryGetProperty(input.Name, out var value) && value.ValueKind != JsonValueKind.Null) return CapsuleScope.ValueOf(value, input.Type, frame);
        return input.Default is { } fallback ? CapsuleScope.ValueOf(Element(fallback), input.Type, frame) : Value.Null;
    }

    private static Value Result(StepState step, Frame frame)
    {
        if (step.Fan is { } fan) return step.Own.HasEnded ? JsonMap.From(Element(fan), frame, whole: true) : Value.Null;
        return step.Own.Output is { } output ? JsonMap.From(Element(output), frame, whole: true) : Value.Null;
    }

    private static Value Failed(StepFailure? failure)
    {
        if (failure is null) return Value.Null;
        var value = new NamedValues(2);
        value.Add("code", Value.Of(failure.Code));
        value.Add("detail", Value.Of(failure.Detail));
        return Value.Of(value);
    }

    private static JsonElement Element(object key) => Read.GetValue(key, static key => new Parsed(JsonElement.Parse(key is FanOut fan ? Results(fan) : (string)key))).Json;

    /// <summary>Results of a fan-out in the order of its items; null where there is none.</summary>
    public static string Results(FanOut fan)
    {
        var text = new StringBuilder("[");
        for (var i = 0; i < fan.Count; i++)
        {
            if (i > 0) text.Append(',');
            text.Append(fan.Units[i].Output ?? "null");
        }
        return text.Append(']').ToString();
    }

    private sealed class Parsed(JsonElement json)
    {
        public JsonElement Json { get; } = json;
    }

    private sealed class NamedValues(int capacity) : CelMap
    {
        private readonly Dictionary<string, Value> _values = new(capacity, StringComparer.Ordinal);

        public override int Count => _values.Count;

        public void Add(string name, Value value) => _values[name] = value;

        public override Value[] Keys(Frame frame) => [.. _values.Keys.Order(StringComparer.Ordinal).Select(static name => Value.Of(name))];

        public override bool TryGet(in Value key, Frame frame, out Value value)
        {
            value = default;
            return key.Kind == ValueKind.String && _values.TryGetValue(key.Text, out value);
        }
    }
}

internal static class RunNames
{
    public static string Of(StepStatus status) => status switch
    {
        StepStatus.Pending => "pending",
        StepStatus.Running => "running",
        StepStatus.Waiting => "waiting",
        StepStatus.Retrying => "retrying",
        StepStatus.Completed => "completed",
        StepStatus.Skipped => "skipped",
        StepStatus.Failed => "failed",
        StepStatus.Cancelled => "cancelled",
        _ => "compensated",
    };
}
