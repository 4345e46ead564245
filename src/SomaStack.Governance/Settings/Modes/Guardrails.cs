using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>What a mode refuses and why, as data.</summary>
/// <param name="AtStart">A server in one of the modes does not start while it is not met.</param>
internal sealed record Guardrail(string Code, IReadOnlyList<string> Modes, string Refuses, string Why, string Remedy, bool AtStart = false);

/// <param name="Standing">What holds while the mode lasts, beside what is checked before it begins.</param>
internal sealed record GuardrailList(IReadOnlyList<Guardrail> Guardrails, IReadOnlyList<Guardrail> Standing);

/// <param name="Detail">What was found.</param>
internal sealed record BlockedBy(string Code, string Refuses, string Why, string Remedy, string Detail);

/// <summary>Runs the checks that a mode demands.</summary>
internal sealed class Guardrails(IEnumerable<IModePrecondition> checks)
{
    /// <summary>Depends on the request alone, so no check is registered for it.</summary>
    public const string DebugExpiry = "debug_expiry";

    public static readonly GuardrailList All = Read();

    /// <summary>Everything in the way, not only the first. A check that is missing or fails blocks too: what was not seen is not taken as well.</summary>
    public async Task<List<BlockedBy>> BlockedAsync(RequestContext context, DeploymentMode mode, int? minutes, CancellationToken cancellationToken)
    {
        var blocked = new List<BlockedBy>();
        foreach (var guardrail in All.Guardrails.Where(guardrail => guardrail.Modes.Contains(mode.Name())))
        {
            var fault = guardrail.Code == DebugExpiry
                ? minutes is null ? "No end was given." : null
                : await FaultAsync(guardrail, context, cancellationToken);
            if (fault is not null) blocked.Add(new BlockedBy(guardrail.Code, guardrail.Refuses, guardrail.Why, guardrail.Remedy, fault));
        }
        return blocked;
    }

    /// <exception cref="InvalidOperationException">The installation is in a mode in which it must not start like this.</exception>
    public async Task ThrowIfMustNotStartAsync(RequestContext context, DeploymentMode mode, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        foreach (var guardrail in All.Guardrails.Where(guardrail => guardrail.AtStart && guardrail.Modes.Contains(mode.Name())))
            if (await FaultAsync(guardrail, context, cancellationToken) is { } fault) faults.Add($"{guardrail.Code}: {fault} {guardrail.Remedy}");
        if (faults.Count > 0) throw new InvalidOperationException($"The mode is {mode.Name()}, which does not start like this. {string.Join(" ", faults)}");
    }

    private async Task<string?> FaultAsync(Guardrail guardrail, RequestContext context, CancellationToken cancellationToken)
    {
        if (checks.FirstOrDefault(candidate => candidate.Code == guardrail.Code) is not { } check) return "This program holds no check for it.";
        try
        {
            return await check.FaultAsync(context, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return "It could not be checked.";
        }
    }

    private static GuardrailList Read()
    {
        using var stream = typeof(Guardrails).Assembly.GetManifestResourceStream("Settings/Modes/guardrails.json") ?? throw new InvalidOperationException("guardrails.json is missing.");
        return JsonSerializer.Deserialize(stream, SettingsJson.Default.GuardrailList)!;
    }
}
