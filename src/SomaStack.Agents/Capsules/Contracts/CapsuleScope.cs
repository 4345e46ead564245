using System.Text.Json;
using SomaStack.Platform.Cel;

namespace SomaStack.Agents.Capsules.Contracts;

internal enum ScopeKind
{
    Input,
    Inputs,
    Step,
    Status,
    Failure,
    RunId,
    RunCapsule,
    RunVersion,
    RunBeganAt,
    RunNow,
    Item,
    Index,
}

/// <param name="Index">Of the input or the step.</param>
internal readonly record struct ScopeName(ScopeKind Kind, int Index, int Slot);

/// <summary>
/// What an expression of a capsule can name. Each step's result is a variable of its own, so that what an expression reads, and where that
/// came from, is known from its text.
/// </summary>
internal sealed class CapsuleScope
{
    /// <summary>Steps of evaluation that one expression or one set of parameters may take.</summary>
    public const int Cost = 500_000;

    private readonly Dictionary<string, ScopeName> _names = new(StringComparer.Ordinal);

    private CapsuleScope(IReadOnlyList<CapsuleInput> inputs, IReadOnlyList<string> steps)
    {
        Declare("run.id", CelType.String, ScopeKind.RunId, 0);
        Declare("run.capsule", CelType.String, ScopeKind.RunCapsule, 0);
        Declare("run.version", CelType.String, ScopeKind.RunVersion, 0);
        Declare("run.began_at", CelType.Timestamp, ScopeKind.RunBeganAt, 0);
        Declare("run.now", CelType.Timestamp, ScopeKind.RunNow, 0);
        Declare("inputs", CelType.Record("inputs", inputs.DistinctBy(static input => input.Name).ToDictionary(static input => input.Name, TypeOf)), ScopeKind.Inputs, 0);
        for (var i = 0; i < inputs.Count; i++)
        {
            Declare(inputs[i].Name, TypeOf(inputs[i]), ScopeKind.Input, i);
            Declare($"inputs.{inputs[i].Name}", TypeOf(inputs[i]), ScopeKind.Input, i);
        }
        for (var i = 0; i < steps.Count; i++)
        {
            Declare($"steps.{steps[i]}", CelType.Dyn, ScopeKind.Step, i);
            Declare($"run.status.{steps[i]}", CelType.String, ScopeKind.Status, i);
            Declare($"run.failures.{steps[i]}", CelType.Dyn, ScopeKind.Failure, i);
        }
        // Last, so that all other places are the same in both.
        Declare("item", CelType.Dyn, ScopeKind.Item, 0, onlyInFanOut: true);
        Declare("index", CelType.Int, ScopeKind.Index, 0, onlyInFanOut: true);
    }

    /// <summary>Names that no input may have.</summary>
    public static IReadOnlyList<string> Reserved { get; } =
    [
        "run", "inputs", "steps", "item", "index", "google",
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    ];

    /// <summary>For all but a fan-out's parameters.</summary>
    public CelEnvironment Outside { get; } = new();

    /// <summary>With <c>item</c> and <c>index</c>.</summary>
    public CelEnvironment FanOut { get; } = new();

    public static CapsuleScope Of(IReadOnlyList<CapsuleInput> inputs, IReadOnlyList<string> steps) => new(inputs, steps);

    /// <summary>Where the values of these variables go, by slot.</summary>
    public ScopeName[] Uses(IReadOnlySet<string> variables) => [.. variables.Select(name => _names[name]).OrderBy(static name => name.Slot)];

    private void Declare(string name, CelType type, ScopeKind kind, int index, bool onlyInFanOut = false)
    {
        if (_names.ContainsKey(name)) return;
        var slot = FanOut.Declare(name, type);
        if (!onlyInFanOut) Outside.Declare(name, type);
        _names.Add(name, new ScopeName(kind, index, slot));
    }

    /// <summary>An input that may be missing can be null, so nothing is known of its type.</summary>
    private static CelType TypeOf(CapsuleInput input) => input is { Required: false, Default: null } ? CelType.Dyn : input.Type switch
    {
        "text" or "string" => CelType.String,
        "integer" => CelType.Int,
        "number" => CelType.Double,
        "boolean" => CelType.Bool,
        "list" => CelType.List(CelType.Dyn),
        "object" => CelType.Map(CelType.String, CelType.Dyn),
        _ => CelType.Dyn,
    };

    /// <summary>JSON as the value that an input of the type has: a number is a double even when it is whole.</summary>
    public static Value ValueOf(JsonElement json, string type, Frame frame) =>
        type == "number" && json.ValueKind == JsonValueKind.Number ? Value.Of(json.GetDouble()) : JsonMap.From(json, frame, whole: true);

    public static Value TimestampOf(long micros) =>
        Value.Timestamp(Math.DivRem(micros, 1_000_000, out var rest) - (rest < 0 ? 1 : 0), (int)((rest < 0 ? rest + 1_000_000 : rest) * 1000));

}

internal sealed record CompiledExpression(CelProgram Program, ScopeName[] Uses);

internal sealed record CompiledJson(JsonTemplate Template, ScopeName[] Uses);

/// <summary>A step's expressions.</summary>
internal sealed record StepProgram(CompiledExpression? When, CompiledExpression? ForEach, CompiledJson Params, CompiledJson? Undo);

/// <summary>A capsule's expressions, compiled.</summary>
internal sealed record CapsuleProgram(CapsuleScope Scope, StepProgram[] Steps, (string Name, CompiledJson? Value)[] Outputs)
{
    /// <exception cref="CelException">An expression is none, or names what is not there.</exception>
    public static CapsuleProgram Compile(Capsule capsule)
    {
        var scope = CapsuleScope.Of(capsule.Inputs, [.. capsule.Steps.Select(static step => step.Name)]);
        var steps = capsule.Steps.Select(step =>
        {
            var inner = step.ForEach is null ? scope.Outside : scope.FanOut;
            return new StepProgram(Expression(step.When, scope), Expression(step.ForEach, scope), Json(step.Params, inner, scope), step.Compensate is { } undo ? Json(undo.Params, inner, scope) : null);
        }).ToArray();
        var outputs = capsule.Outputs.OrderBy(static output => output.Key, StringComparer.Ordinal)
            .Select(output => (output.Key, output.Value.Value is { } value ? Json(value, scope.Outside, scope) : null)).ToArray();
        return new CapsuleProgram(scope, steps, outputs);
    }

    private static CompiledExpression? Expression(string? source, CapsuleScope scope)
    {
        if (source is null) return null;
        var program = CelProgram.Compile(source, scope.Outside);
        return new CompiledExpression(program, scope.Uses(program.Variables));
    }

    private static CompiledJson Json(string json, CelEnvironment environment, CapsuleScope scope)
    {
        using var document = JsonDocument.Parse(json);
        var template = JsonTemplate.Parse(document.RootElement, environment);
        return new CompiledJson(template, scope.Uses(template.Variables));
    }
}
