using System.Text.Json;

namespace SomaStack.Agents.Workflows;

/// <summary>What the runner itself does. Any other action is a tool's.</summary>
internal static class RunActions
{
    public const string AgentAsk = "agent.ask";
    public const string CapsuleRun = "capsule.run";
    public const string ApprovalsRequest = "approvals.request";
    public const string HumanAsk = "human.ask";
    public const string WaitTimer = "wait.timer";
    public const string WaitSignal = "wait.signal";
    public const string WaitNotification = "wait.notification";
    public const string FlowSet = "flow.set";
    public const string FlowFail = "flow.fail";

    /// <summary>Before the name of what a <c>wait.notification</c> waits for, in the name of the signal that answers it.</summary>
    public const string NotificationPrefix = "notification:";

    /// <summary>It does work: it holds one of the capsule's max_parallel places until it has ended.</summary>
    public static bool Works(string action) => action is AgentAsk or CapsuleRun || IsTool(action);

    public static bool IsTool(string action) =>
        action is not (AgentAsk or CapsuleRun or ApprovalsRequest or HumanAsk or WaitTimer or WaitSignal or WaitNotification or FlowSet or FlowFail);

    public static bool WaitsForSignal(string action) => action is WaitSignal or WaitNotification;

    /// <summary>It is over as soon as it has begun.</summary>
    public static bool IsInstant(string action) => action is FlowSet or FlowFail;

    public static bool UsesTokens(string action) => action is AgentAsk or CapsuleRun;

    public static string SignalName(string action, string parameters) =>
        action == WaitNotification ? NotificationPrefix + Text(parameters, "event") : Text(parameters, "name") ?? "";

    /// <summary>What the host must see to for this unit; null for what only waits.</summary>
    public static RunEffect? EffectOf(string run, string path, Unit unit)
    {
        var key = RunPath.Key(run, path, unit.Attempt);
        var parameters = unit.Params ?? "{}";
        switch (unit.Action)
        {
            case AgentAsk: return new AskAgent(path, unit.Attempt, key, parameters, Limit(unit), unit.TokensLeft, unit.ParamTaints);
            case CapsuleRun:
                var inputs = Raw(parameters, "inputs") ?? "{}";
                var left = unit.Left ?? new RunBudget(null, null, null, null);
                return new StartNested(path, unit.Attempt, key, Text(parameters, "capsule") ?? "", Text(parameters, "version"), inputs, left) { Taints = unit.ParamTaints };
            case ApprovalsRequest: return new RequestApproval(path, unit.Attempt, key, Text(parameters, "summary") ?? path, parameters);
            case HumanAsk: return new AskPerson(path, unit.Attempt, key, Text(parameters, "title") ?? path, Raw(parameters, "form") ?? "{}", parameters);
            case WaitTimer or WaitSignal or WaitNotification or FlowSet or FlowFail: return null;
        }
        var dot = unit.Action.IndexOf('.', StringComparison.Ordinal);
        return new CallTool(path, unit.Attempt, key, unit.Action[..Math.Max(dot, 0)], unit.Action[(dot + 1)..], parameters, unit.Approved ? unit.Approval : null, Limit(unit), unit.ParamTaints);
    }

    public static string? Text(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value)
            ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Null => null, _ => value.GetRawText() }
            : null;
    }

    public static string? Raw(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) ? value.GetRawText() : null;
    }

    /// <summary>Of the attempt, for the host to pass on; the timer of the run is what enforces it.</summary>
    private static TimeSpan? Limit(Unit unit) => unit.Timer is null || unit.Due <= 0 ? null : TimeSpan.FromMicroseconds(Math.Max(0, unit.Due - unit.LimitFrom));
}
