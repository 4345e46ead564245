using Microsoft.Extensions.Logging;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>Collects what the decider must know beside the action. Warm, it reads nothing but memory, unless a rule asks for a session's history.</summary>
internal sealed partial class DecisionFacts(
    PoliciesInForce policies, IConstitution constitutions, CompiledConstitutions compiled, TimeProvider clock, ILogger<DecisionFacts> logger, ISessionTrail? trails = null)
{
    public async ValueTask<(PolicyInForce Policy, DecisionSetting Setting)> OfAsync(RequestContext context, GatedAction action, bool requiresHuman, CancellationToken cancellationToken)
    {
        var constitution = await constitutions.ActiveAsync(context.Tenant, cancellationToken);
        var policy = await policies.OfAsync(context.Tenant, cancellationToken);
        var setting = new DecisionSetting(context.Tenant, context.Mode, constitution.Hash, requiresHuman)
        {
            Constitution = compiled.Of(constitution),
            PrincipalId = context.Principal.Id,
            PrincipalKind = context.Principal.Kind,
            ClientType = context.ClientType,
            Region = context.Region,
            // A clock that went back makes nothing older or younger than now.
            MfaAgeSeconds = context.MfaAt is { } at ? Math.Max(0, (long)(clock.GetUtcNow() - at).TotalSeconds) : null,
        };
        if (action.Session is not { } session || policy.Policy?.KindsWithHistory.Contains(action.Kind) != true) return (policy, setting);
        return (policy, setting with { Trail = await TrailAsync(context, session, cancellationToken) });
    }

    /// <summary>Null when it cannot be read, whatever the reason: the decider then denies.</summary>
    private async ValueTask<SessionTrail?> TrailAsync(RequestContext context, string session, CancellationToken cancellationToken)
    {
        try
        {
            return trails is null ? null : await trails.OfAsync(context, session, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnavailable(logger, context.Tenant, session, exception);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "The history of session {Session} of tenant {Tenant} cannot be read; rules that ask for it deny")]
    private static partial void LogUnavailable(ILogger logger, string tenant, string session, Exception exception);
}
