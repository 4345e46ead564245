using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>The roadmap's fields and the gate's. The deployment mode is no field: it is server state.</summary>
/// <param name="Kind"><c>external.action</c> when absent.</param>
/// <param name="Resource">What it happens to; <paramref name="ActionId"/> when absent.</param>
/// <param name="Arguments">Any JSON; the digest covers its canonical form.</param>
/// <param name="Session">In whose course it would happen; rules over sequences look at what was recorded of it.</param>
/// <param name="Taints">Labels of the untrusted content that the arguments may derive from.</param>
/// <param name="Quantities">The most that it may take, for the ceilings of the constitution.</param>
internal sealed record EvaluateRequest(
    string? ActionId = null, string? Capability = null, double? RiskScore = null, double? Confidence = null, double BudgetRequired = 0,
    double? BudgetRemaining = null, bool RequiresHuman = false, string? Kind = null, string? Resource = null, JsonElement? Arguments = null,
    string? Session = null, string? Persona = null, string? Capsule = null, IReadOnlyList<string>? Taints = null,
    ActionQuantities? Quantities = null);

/// <param name="Score">Null when the action was denied before it was scored.</param>
/// <param name="Threshold">Null with it.</param>
internal sealed record EvaluateAnswer(
    Verdict Decision, double? Score, IReadOnlyList<Term> Terms, double? Threshold, IReadOnlyList<Reason> Reasons, string ConstitutionHash,
    long PolicyVersion, string Digest, IReadOnlyList<Obligation> Obligations);

/// <summary>What the gate would say, without acting on it.</summary>
internal sealed class EvaluateAction(DecisionFacts facts, TimeProvider clock)
{
    public const string ExternalAction = "external.action";

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/evaluate", static (RequestContext context, EvaluateRequest request, EvaluateAction evaluate, CancellationToken cancellationToken) =>
            evaluate.RunAsync(context, request, cancellationToken)).Requires(Platform.Capability.PolicyRead).WithoutReplay().OpenWhenStopped();

    internal async Task<Ok<EvaluateAnswer>> RunAsync(RequestContext context, EvaluateRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.RiskScore is null or (>= 0 and <= 1), "risk_score", "must be between 0 and 1")
            .And(request.Confidence is null or (>= 0 and <= 1), "confidence", "must be between 0 and 1")
            .And(request.BudgetRequired is >= 0 and < double.PositiveInfinity, "budget_required", "must be 0 or more")
            .And(request.BudgetRemaining is null or (>= 0 and < double.PositiveInfinity), "budget_remaining", "must be 0 or more")
            .And(IsName(request.ActionId), "action_id", "must have 1 to 200 characters").And(IsName(request.Kind), "kind", "must have 1 to 200 characters")
            .And(IsName(request.Resource), "resource", "must have 1 to 200 characters")
            .And(IsName(request.Session), "session", "must have 1 to 200 characters").And(IsName(request.Persona), "persona", "must have 1 to 200 characters")
            .And(IsName(request.Capsule), "capsule", "must have 1 to 200 characters")
            .And(request.Taints is null || (request.Taints.Count <= 20 && request.Taints.All(static taint => taint is not null && IsName(taint))), "taints", "must be at most 20 labels of 1 to 200 characters")
            .And(IsAmount(request.Quantities?.InputTokens) && IsAmount(request.Quantities?.OutputTokens) && IsAmount(request.Quantities?.Cost), "quantities", "must be 0 or more")
            .And(request.Capability is null || Platform.Capability.All.Contains(request.Capability), "capability", "is not a published capability").OrThrow();
        var since = clock.GetTimestamp();
        var action = new GatedAction(
            request.Kind ?? ExternalAction, request.Resource ?? request.ActionId ?? "", Arguments(request.Arguments), request.RiskScore, request.Confidence,
            PolicyDecider.BudgetRatio(request.BudgetRequired, request.BudgetRemaining))
        {
            Session = request.Session,
            Persona = request.Persona,
            Capsule = request.Capsule,
            Taints = request.Taints ?? [],
            Quantities = request.Quantities,
        };
        var (policy, setting) = await facts.OfAsync(context, action, request.RequiresHuman, cancellationToken);
        var decision = PolicyDecider.Decide(policy, action, setting);
        if (request.Capability is { } capability && !context.Capabilities.Has(capability))
            decision = decision with
            {
                Verdict = Verdict.Deny,
                Reasons = [new Reason("capability_missing", $"The caller does not hold '{capability}'.", null, null, "Ask a tenant administrator for it."), .. decision.Reasons],
            };
        PolicyMetrics.Record(decision, policy, action.Kind, clock.GetElapsedTime(since));
        var scored = decision.Terms.Count > 0;
        return TypedResults.Ok(new EvaluateAnswer(
            decision.Verdict, scored ? decision.Score : null, decision.Terms, scored ? decision.Threshold : null, decision.Reasons, decision.ConstitutionHash,
            decision.PolicyVersion, decision.Digest, decision.Obligations));
    }

    private static string Arguments(JsonElement? arguments)
    {
        if (arguments is not { } value) return "{}";
        try
        {
            return Encoding.UTF8.GetString(CanonicalJson.Serialize(value));
        }
        catch (FormatException exception)
        {
            throw Problem.Invalid("arguments", "have no canonical form: " + exception.Message);
        }
    }

    private static bool IsAmount(double? amount) => amount is null or (>= 0 and < double.PositiveInfinity);

    private static bool IsName(string? name) => name is null || (name.Length is > 0 and <= 200 && name.EnumerateRunes().All(static rune => rune != Rune.ReplacementChar));
}
