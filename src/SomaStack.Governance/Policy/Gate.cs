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
        var mfaAge = context.MfaAt is { } at ? clock.GetUtcNow() - at : (TimeSpan?)null;
        var decision = Obligations.Enforce(PolicyDecider.Decide(policy, action, setting), action.Meets, mfaAge, policy.Policy);
        PolicyMetrics.Record(decision, policy, action.Kind, clock.GetElapsedTime(since));
        recorder.Offer(context, action, decision);
        return decision;
    }
}
