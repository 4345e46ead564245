using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>From a template or a capsule, and inputs, to a run; the same for people, imports and schedules.</summary>
internal sealed class TemplateRuns(StartRun start, TemplateStore templates, ICapsules capsules, TimeProvider clock)
{
    public async Task<(RunRow? Run, Approval? Wanted)> BeginAsync(RequestContext context, ScheduleTarget target, string? name, CancellationToken cancellationToken)
    {
        var (capsule, version, inputs) = await ResolveAsync(context, target, cancellationToken);
        return await start.BeginAsync(capsule, version, name, inputs, context, cancellationToken);
    }

    /// <summary>Whether it could begin now, as far as can be told without beginning it.</summary>
    /// <exception cref="Problem">404 for a template or capsule that is not there, 409 for one that is not approved, 422 for inputs that do not fit.</exception>
    public async Task CheckAsync(RequestContext context, ScheduleTarget target, CancellationToken cancellationToken)
    {
        var (id, version, inputs) = await ResolveAsync(context, target, cancellationToken);
        CheckInputs(await capsules.ApprovedAsync(context, id, version, cancellationToken), inputs);
    }

    public void CheckInputs(Capsule capsule, string inputs)
    {
        var now = clock.NowMicros();
        var events = RunDecider.Decide(RunState.None, new BeginRun(now, new RunPlan(capsule, "check", null, 0, new RunBudget(null, null, null, null)), inputs, RunDecider.Version));
        if (events.OfType<RunFailed>().FirstOrDefault(static one => one.Failure.Code is "inputs_invalid" or "capsule_invalid") is { } unsound)
            throw Problem.Invalid(unsound.Failure.Code == "inputs_invalid" ? "inputs" : "capsule", "cannot be run: " + unsound.Failure.Detail);
    }

    /// <summary>The template's defaults with what is given laid over them, member by member.</summary>
    public static string Laid(JsonElement defaults, JsonElement? given)
    {
        if (given is not { } over) return defaults.GetRawText();
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in defaults.EnumerateObject())
                if (!over.TryGetProperty(member.Name, out _)) member.WriteTo(writer);
            foreach (var member in over.EnumerateObject()) member.WriteTo(writer);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private async Task<(string Capsule, string? Version, string Inputs)> ResolveAsync(RequestContext context, ScheduleTarget target, CancellationToken cancellationToken)
    {
        if (target.Template is not { } id) return (target.Capsule!, target.Version, target.Inputs?.GetRawText() ?? "{}");
        var template = await templates.GetAsync(context.Tenant, id, cancellationToken);
        return (template.Capsule, template.CapsuleVersion, Laid(template.Defaults, target.Inputs));
    }
}
