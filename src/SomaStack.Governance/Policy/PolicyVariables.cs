using System.Text.Json;
using SomaStack.Platform.Cel;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The figures of an action, the policy's own where it states none.</summary>
internal readonly record struct ActionFigures(double Risk, double Confidence, double Budget);

/// <summary>What a condition can name. Names with dots are single variables, so that a condition costs no more than what it reads.</summary>
internal static class PolicyVariables
{
    private const int MaxSource = 4096;

    private static readonly CelType Texts = CelType.List(CelType.String);
    private static readonly CelType Event = CelType.Record("event", new Dictionary<string, CelType> { ["kind"] = CelType.String, ["resource"] = CelType.String, ["taints"] = Texts });
    private static readonly CelEnvironment Environment = new();

    private static readonly int ActionKind = Environment.Declare("action.kind", CelType.String), ActionResource = Environment.Declare("action.resource", CelType.String),
        ActionRisk = Environment.Declare("action.risk", CelType.Double), ActionConfidence = Environment.Declare("action.confidence", CelType.Double),
        ActionBudget = Environment.Declare("action.budget_ratio", CelType.Double), Args = Environment.Declare("args", CelType.Dyn),
        PrincipalId = Environment.Declare("principal.id", CelType.String), PrincipalKind = Environment.Declare("principal.kind", CelType.String),
        Tenant = Environment.Declare("context.tenant", CelType.String), Mode = Environment.Declare("context.mode", CelType.String),
        ClientType = Environment.Declare("context.client_type", CelType.String), Region = Environment.Declare("context.region", CelType.String),
        MfaAge = Environment.Declare("context.mfa_age_seconds", CelType.Nullable(CelType.Int)), SessionId = Environment.Declare("session.id", CelType.Nullable(CelType.String)),
        Persona = Environment.Declare("session.persona", CelType.Nullable(CelType.String)), Capsule = Environment.Declare("session.capsule", CelType.Nullable(CelType.String)),
        Events = Environment.Declare("session.events", CelType.List(Event)), SessionTaints = Environment.Declare("session.taints", Texts), Taints = Environment.Declare("taints", Texts);

    /// <summary>Null with issues that name the rule, line and column.</summary>
    public static CelProgram? Compile(PolicyRule rule, int index, List<string> issues)
    {
        var source = rule.Condition!;
        if (source.Length > MaxSource)
        {
            issues.Add($"'rules[{index}].condition' of the rule '{rule.Id}' has more than {MaxSource} characters.");
            return null;
        }
        try
        {
            var program = CelProgram.Compile(source, Environment);
            if (program.Type.Kind is TypeKind.Bool or TypeKind.Dyn) return program;
            issues.Add($"'rules[{index}].condition' of the rule '{rule.Id}' is of the type {program.Type}, not bool (line 1, column 1).");
        }
        catch (CelException exception)
        {
            issues.Add($"'rules[{index}].condition' of the rule '{rule.Id}': {exception.Problem} (line {exception.Line}, column {exception.Column}).");
        }
        return null;
    }

    public static bool AsksHistory(CelProgram condition) => condition.Variables.Contains("session.events") || condition.Variables.Contains("session.taints");

    public static Frame Fill(int slots, GatedAction action, JsonElement arguments, ActionFigures figures, DecisionSetting setting)
    {
        var frame = new Frame(slots);
        var variables = frame.Slots;
        variables[ActionKind] = Value.Of(action.Kind);
        variables[ActionResource] = Value.Of(action.Resource);
        variables[ActionRisk] = Value.Of(figures.Risk);
        variables[ActionConfidence] = Value.Of(figures.Confidence);
        variables[ActionBudget] = Value.Of(figures.Budget);
        frame.Refill(int.MaxValue);
        variables[Args] = JsonMap.From(arguments, frame);
        variables[PrincipalId] = Value.Of(setting.PrincipalId);
        variables[PrincipalKind] = Value.Of(setting.PrincipalKind);
        variables[Tenant] = Value.Of(setting.Tenant);
        variables[Mode] = Value.Of(setting.Mode.Name());
        variables[ClientType] = Value.Of(setting.ClientType);
        variables[Region] = Value.Of(setting.Region);
        variables[MfaAge] = setting.MfaAgeSeconds is { } age ? Value.Of(age) : Value.Null;
        variables[SessionId] = OrNull(action.Session);
        variables[Persona] = OrNull(action.Persona);
        variables[Capsule] = OrNull(action.Capsule);
        variables[Events] = ListOf(setting.Trail?.Events ?? [], static happened => Value.Of(new EventMap(happened)));
        variables[SessionTaints] = ListOf(setting.Trail?.Taints ?? [], Value.Of);
        variables[Taints] = ListOf(action.Taints, Value.Of);
        return frame;
    }

    private static Value OrNull(string? text) => text is null ? Value.Null : Value.Of(text);

    private static Value ListOf<T>(IReadOnlyList<T> items, Func<T, Value> value)
    {
        if (items.Count == 0) return Value.Of(CelList.Empty);
        var values = new Value[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = value(items[i]);
        return Value.Of(new CelList(values));
    }

    private sealed class EventMap(TrailEvent happened) : CelMap
    {
        private static readonly Value[] Fields = [Value.Of("kind"), Value.Of("resource"), Value.Of("taints")];

        public override int Count => Fields.Length;

        public override Value[] Keys(Frame frame) => Fields;

        public override bool TryGet(in Value key, Frame frame, out Value value)
        {
            value = key.Kind != ValueKind.String ? default : key.Text switch
            {
                "kind" => Value.Of(happened.Kind),
                "resource" => Value.Of(happened.Resource),
                "taints" => ListOf(happened.Taints, Value.Of),
                _ => default,
            };
            return !value.IsError;
        }
    }
}
