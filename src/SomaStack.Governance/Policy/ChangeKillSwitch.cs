using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

internal enum KillScope
{
    Tenant,
    Platform,
}

/// <param name="Scope">platform stops every tenant and needs <c>platform:admin</c> besides.</param>
internal sealed record KillSwitchRequest(bool Engaged, KillScope Scope, string Reason);

/// <param name="Reason">Null, as the rest, when the switch was never used.</param>
internal sealed record KillSwitchAnswer(KillScope Scope, bool Engaged, string? Reason, string? ChangedBy, DateTimeOffset? ChangedAt, long Version);

/// <param name="Engaged">True when the caller's tenant may not act now.</param>
internal sealed record KillSwitchesAnswer(bool Engaged, KillSwitchAnswer Platform, KillSwitchAnswer Tenant);

/// <summary>Stops and releases, at once and in the open.</summary>
internal sealed partial class ChangeKillSwitch(Db db, Journal journal, KillSwitch killSwitch, TimeProvider clock, ILogger<ChangeKillSwitch> logger)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/killswitch", static (RequestContext context, KillSwitchRequest request, ChangeKillSwitch change, CancellationToken cancellationToken) =>
            change.RunAsync(context, request, cancellationToken)).Requires(Capability.KillSwitchEngage).OpenWhenStopped();
        routes.MapGet("/v1/killswitch", static (RequestContext context, ChangeKillSwitch change) => change.Read(context)).ForAnyPrincipal();
    }

    internal async Task<Ok<KillSwitchAnswer>> RunAsync(RequestContext context, KillSwitchRequest request, CancellationToken cancellationToken)
    {
        Check.That(!string.IsNullOrWhiteSpace(request.Reason) && request.Reason.Length <= 500, "reason", "must have 1 to 500 characters").OrThrow();
        if (request.Scope == KillScope.Platform) context.Require(Capability.PlatformAdmin);
        // Stopping must never wait for a second factor; releasing may.
        if (!request.Engaged) context.RequireStepUp(clock);
        var scope = request.Scope == KillScope.Platform ? Db.AllTenants : context.Tenant;
        // The platform's switch belongs to no tenant, so its line in the journal does not either.
        var line = context with { Tenant = scope };
        var state = await db.WriteAsync(
            scope,
            async work =>
            {
                var changed = await KillSwitchStore.ChangeAsync(work, scope, request.Engaged, request.Reason, context.Principal.Id, clock.GetUtcNow());
                await journal.AppendAsync(
                    work, line, "killswitch", changed.Version, PolicyEvents.KillSwitchChanged,
                    new KillSwitchChanged(changed.Engaged, request.Scope == KillScope.Platform ? "platform" : "tenant", changed.Reason), PolicyJson.Default.KillSwitchChanged);
                work.OnCommit(() => killSwitch.Learn(changed));
                return changed;
            },
            cancellationToken);
        LogChanged(logger, scope, state.Engaged, context.Principal.Id);
        return TypedResults.Ok(Answer(request.Scope, state, true));
    }

    private Ok<KillSwitchesAnswer> Read(RequestContext context)
    {
        var (platform, own) = (killSwitch.Of(Db.AllTenants), killSwitch.Of(context.Tenant));
        var named = context.Capabilities.Has(Capability.PlatformAdmin);
        return TypedResults.Ok(new KillSwitchesAnswer(
            platform?.Engaged == true || own?.Engaged == true, Answer(KillScope.Platform, platform, named), Answer(KillScope.Tenant, own, true)));
    }

    /// <param name="named">Who stopped the platform is another tenant's business only for its operators.</param>
    private static KillSwitchAnswer Answer(KillScope scope, KillState? state, bool named) =>
        new(scope, state?.Engaged == true, state?.Reason, named ? state?.ChangedBy : null, state?.ChangedAt, state?.Version ?? 0);

    [LoggerMessage(LogLevel.Warning, "Kill switch of {Scope}: engaged {Engaged}, by {Principal}")]
    private static partial void LogChanged(ILogger logger, string scope, bool engaged, string principal);
}
