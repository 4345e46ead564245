using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Document">A policy as for <c>PUT /v1/policies</c>.</param>
/// <param name="Last">How many recorded actions are decided anew, newest first: 1 to 2000, 500 by default.</param>
internal sealed record SimulateRequest(JsonElement Document, int? Last = null);

internal sealed record VerdictCounts(int Allow, int NeedsApproval, int Deny);

internal sealed record SimulatedChange(string Id, DateTimeOffset AskedAt, string Kind, string Resource, Verdict Before, Verdict After, IReadOnlyList<Reason> Reasons);

/// <param name="Before">By the policy in force now, not by the one at that time.</param>
/// <param name="Changes">The newest hundred of those that would be decided otherwise.</param>
/// <param name="Oldest">Null when nothing is recorded yet: then the policy was tried on nothing.</param>
internal sealed record SimulateAnswer(
    long PolicyVersion, int Actions, int Changed, VerdictCounts Before, VerdictCounts After, IReadOnlyList<SimulatedChange> Changes, DateTimeOffset? Oldest, DateTimeOffset? Newest);

/// <summary>What a policy would have said to recorded actions, under the constitution that governs now. Sequences are not replayed: a condition over a session sees an empty one.</summary>
internal sealed class SimulatePolicy(PoliciesInForce policies, IConstitution constitutions, CompiledConstitutions compiled, RecordedActionStore recorded)
{
    public const int LastDefault = 500;

    private const int ChangesShown = 100;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/policies/simulate", static (RequestContext context, SimulateRequest request, SimulatePolicy simulate, CancellationToken cancellationToken) =>
            simulate.RunAsync(context, request, cancellationToken)).Requires(Capability.PolicyRead).WithoutReplay().OpenWhenStopped();

    internal async Task<Ok<SimulateAnswer>> RunAsync(RequestContext context, SimulateRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Last is null or (>= 1 and <= RecordedActionStore.Kept), "last", $"must be between 1 and {RecordedActionStore.Kept}").OrThrow();
        return TypedResults.Ok(await TryAsync(context, PolicyText.Canonical(request.Document), request.Last ?? LastDefault, cancellationToken));
    }

    /// <param name="text">A policy that compiles, in RFC 8785 form.</param>
    internal async Task<SimulateAnswer> TryAsync(RequestContext context, string text, int last, CancellationToken cancellationToken)
    {
        var constitution = await constitutions.ActiveAsync(context.Tenant, cancellationToken);
        var current = await policies.OfAsync(context.Tenant, cancellationToken);
        var next = new PolicyInForce(context.Tenant, current.Version + 1, PoliciesInForce.Hash(text), CompiledPolicy.Parse(text, []), null);
        var actions = await recorded.NewestAsync(context.Tenant, last, cancellationToken);
        var (before, after, changes) = (new int[3], new int[3], new List<SimulatedChange>());
        foreach (var action in actions)
        {
            var setting = Setting(context, action.Asked, constitution.Hash, compiled.Of(constitution));
            var was = PolicyDecider.Decide(current, action.Asked.Action(), setting);
            var would = PolicyDecider.Decide(next, action.Asked.Action(), setting);
            before[(int)was.Verdict]++;
            after[(int)would.Verdict]++;
            if (was.Verdict != would.Verdict) changes.Add(new SimulatedChange(action.Id, action.AskedAt, action.Asked.Kind, action.Asked.Resource, was.Verdict, would.Verdict, would.Reasons));
        }
        return new SimulateAnswer(
            current.Version, actions.Count, changes.Count, Counts(before), Counts(after), changes.Count <= ChangesShown ? changes : changes[..ChangesShown],
            actions.Count == 0 ? null : actions[^1].AskedAt, actions.Count == 0 ? null : actions[0].AskedAt);
    }

    private static DecisionSetting Setting(RequestContext context, AskedAction asked, string constitutionHash, CompiledConstitution constitution) =>
        new(context.Tenant, DeploymentModes.Parse(asked.Mode) ?? context.Mode, constitutionHash)
        {
            Constitution = constitution, PrincipalId = asked.Principal, PrincipalKind = asked.PrincipalKind, ClientType = asked.ClientType, Region = asked.Region, MfaAgeSeconds = asked.MfaAgeSeconds,
        };

    private static VerdictCounts Counts(int[] verdicts) => new(verdicts[(int)Verdict.Allow], verdicts[(int)Verdict.NeedsApproval], verdicts[(int)Verdict.Deny]);
}
