using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The one call that every action passes. Warm, it reads nothing but memory, unless a rule asks for a session's history.</summary>
internal sealed class Gate(DecisionFacts facts, IKillSwitch killSwitch, ActionRecorder recorder, TimeProvider clock) : IGate
{
    public async ValueTask<Decision> CheckAsync(RequestContext context, GatedAction action, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        killSwitch.ThrowIfEngaged(context.Tenant, action);
        var (policy, setting) = await facts.OfAsync(context, action, requiresHuman: false, cancellationToken);
        var decision = PolicyDecider.Decide(policy, action, setting);
        PolicyMetrics.Record(decision, policy, action.Kind, clock.GetElapsedTime(since));
        recorder.Offer(context, action, decision);
        return decision;
    }
}
