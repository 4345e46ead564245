using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The one call that every action passes. Warm, it reads nothing but memory.</summary>
internal sealed class Gate(PoliciesInForce policies, IConstitution constitutions, IKillSwitch killSwitch, TimeProvider clock) : IGate
{
    public async ValueTask<Decision> CheckAsync(RequestContext context, GatedAction action, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        killSwitch.ThrowIfEngaged(context.Tenant, action);
        var constitution = await constitutions.ActiveAsync(context.Tenant, cancellationToken);
        var policy = await policies.OfAsync(context.Tenant, cancellationToken);
        var decision = PolicyDecider.Decide(policy, action, new DecisionSetting(context.Tenant, context.Mode, constitution.Hash));
        PolicyMetrics.Record(decision, policy, action.Kind, clock.GetElapsedTime(since));
        return decision;
    }
}
