using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="ExpiresInMinutes">Needed for debug modes, which then fall back by themselves; refused for others.</param>
/// <param name="Reason">Shown to whoever approves, and kept.</param>
/// <param name="DryRun">Changes nothing and says everything that is in the way.</param>
internal sealed record ChangeModeRequest(string Mode, string Reason, int? ExpiresInMinutes = null, bool DryRun = false);

/// <param name="Fallback">What holds after <paramref name="ExpiresAt"/>.</param>
internal sealed record DeploymentModeView(
    string Mode, DateTimeOffset? ExpiresAt, string? Fallback, string? Reason, string? ChangedBy, DateTimeOffset ChangedAt, long Version, IReadOnlyList<Guardrail> Guardrails,
    IReadOnlyList<Guardrail> Standing)
{
    public static DeploymentModeView Of(ModeState state, DateTimeOffset now)
    {
        var name = state.At(now).Name();
        var over = state.IsOver(now);
        return new DeploymentModeView(
            name, over ? null : state.ExpiresAt, over ? null : state.Fallback?.Name(), state.Reason, state.ChangedBy, state.ChangedAt, state.Version,
            [.. Settings.Guardrails.All.Guardrails.Where(guardrail => guardrail.Modes.Contains(name))],
            [.. Settings.Guardrails.All.Standing.Where(guardrail => guardrail.Modes.Contains(name))]);
    }
}

/// <param name="Allowed">Whether the change could be made now, by one or by two.</param>
internal sealed record ModeDryRun(string From, string To, bool Allowed, bool NeedsSecondKey, IReadOnlyList<BlockedBy> Blocked);

/// <summary>Changes the mode of the installation, when its guardrails are met; into production and out of it with two keys.</summary>
internal sealed partial class ChangeMode(ServedMode mode, Guardrails guardrails, IApprovals approvals, Db db, Journal journal, TimeProvider clock, ILogger<ChangeMode> log)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/deployment-mode", (ServedMode mode, TimeProvider clock) => DeploymentModeView.Of(mode.State, clock.GetUtcNow())).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/deployment-mode/guardrails", static () => Guardrails.All).Requires(Capability.TenantAdmin);
        routes.MapPost("/v1/deployment-mode", (ChangeModeRequest request, RequestContext context, ChangeMode use, CancellationToken cancellationToken) =>
            use.AnswerAsync(request, context, cancellationToken)).Requires(Capability.PlatformAdmin).OpenWhenStopped()
            .Produces<DeploymentModeView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
    }

    private async Task<IResult> AnswerAsync(ChangeModeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (request.DryRun) return TypedResults.Ok(await TryAsync(request, context, cancellationToken));
        var (wanted, state) = await RunAsync(request, context, cancellationToken);
        return wanted is not null ? TwoKeys.Answer(wanted) : TypedResults.Ok(DeploymentModeView.Of(state!, clock.GetUtcNow()));
    }

    internal async Task<ModeDryRun> TryAsync(ChangeModeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var to = Checked(request);
        var from = mode.Now;
        var blocked = await guardrails.BlockedAsync(context, to, request.ExpiresInMinutes, cancellationToken);
        return new ModeDryRun(from.Name(), to.Name(), blocked.Count == 0 && !IsSame(to), ModeRules.NeedsSecondKey(from, to), blocked);
    }

    /// <returns>What is wanted from a second person, or the new state.</returns>
    internal async Task<(Approval? Wanted, ModeState? State)> RunAsync(ChangeModeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var to = Checked(request);
        await mode.FollowAsync(cancellationToken);
        var now = clock.NowMicros().ToInstant();
        var current = mode.State;
        var from = current.At(now);
        if (IsSame(to)) throw SettingsProblems.ModeUnchanged.Because($"The mode is {from.Name()}.");
        var blocked = await guardrails.BlockedAsync(context, to, request.ExpiresInMinutes, cancellationToken);
        if (blocked.Count > 0)
            throw new Problem(SettingsProblems.ModeBlocked, $"{to.Name()} is blocked. " + string.Join(" ", blocked.Select(static found => $"{found.Code}: {found.Detail}")))
            {
                Reasons = [.. blocked.Select(static found => new Reason(found.Code, found.Detail, Remedy: found.Remedy))],
            };
        var next = ModeRules.Next(current, to, request.ExpiresInMinutes, request.Reason, context.Principal.Id, now);
        // The row belongs to the installation and the approval to the caller's tenant: one transaction sees both.
        return await db.WriteAsync<(Approval?, ModeState?)>(Db.AllTenants, async work =>
        {
            if (ModeRules.NeedsSecondKey(from, to) && await approvals.ProposeOrClaimAsync(work, context, Asked(request, from, to, current.Version)) is { } wanted) return (wanted, null);
            if (!await ModeStore.TryWriteAsync(work, next)) throw PlatformProblems.Conflict.Because("Somebody else changed the mode at the same moment.");
            await journal.AppendAsync(work, context with { Tenant = Db.AllTenants }, "deployment", next.Version, SettingsEvents.ModeChanged,
                new ModeChanged(from.Name(), to.Name(), next.ExpiresAt, next.Fallback?.Name(), request.Reason, context.Principal.Id, "operator", context.Approval, next.Version),
                SettingsJson.Default.ModeChanged);
            work.OnCommit(() => mode.Keep(next));
            work.OnCommit(() => LogChanged(log, from.Name(), to.Name(), context.Principal.Id));
            return (null, next);
        }, cancellationToken);
    }

    private static DeploymentMode Checked(ChangeModeRequest request)
    {
        var to = DeploymentModes.Parse(request.Mode);
        Check.That(to is not null, "mode", "must be one of " + string.Join(", ", Enum.GetValues<DeploymentMode>().Select(static mode => mode.Name())))
            .And(request.Reason.Length is >= 1 and <= 500 && !string.IsNullOrWhiteSpace(request.Reason) && !request.Reason.Any(char.IsControl), "reason", "must have 1 to 500 characters and no control characters")
            .And(request.ExpiresInMinutes is null or (>= 1 and <= ModeRules.MinutesMax), "expires_in_minutes", $"must be between 1 and {ModeRules.MinutesMax}")
            .And(request.ExpiresInMinutes is null || to is null || ModeRules.IsDebug(to.Value), "expires_in_minutes", "is for the debug modes; others stay until they are changed")
            .OrThrow();
        return to!.Value;
    }

    /// <summary>A debug mode may be asked for again, to give it another end.</summary>
    private bool IsSame(DeploymentMode to) => to == mode.Now && !ModeRules.IsDebug(to);

    private static ApprovalRequest Asked(ChangeModeRequest request, DeploymentMode from, DeploymentMode to, long version)
    {
        var minutes = request.ExpiresInMinutes?.ToString(CultureInfo.InvariantCulture) ?? "null";
        var arguments = $"{{\"expires_in_minutes\":{minutes},\"from\":\"{from.Name()}\",\"mode\":\"{to.Name()}\",\"reason\":\"{JsonEncodedText.Encode(request.Reason)}\",\"version\":{version.ToString(CultureInfo.InvariantCulture)}}}";
        return new ApprovalRequest("deployment.mode", to.Name(), arguments, "", 0, $"Change the mode of the whole installation from {from.Name()} to {to.Name()}: {request.Reason}");
    }

    [LoggerMessage(LogLevel.Warning, "The mode of the installation changed from {From} to {To}, by {Principal}")]
    private static partial void LogChanged(ILogger logger, string from, string to, string principal);
}
