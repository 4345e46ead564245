using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>
/// Puts a policy in force for the caller's tenant: a new one, or an older version again. It takes two keys: the first call is tried on
/// recorded actions and waits for a second person, the same call with its approval writes the version.
/// </summary>
internal sealed partial class WritePolicy(
    Db db, Journal journal, PolicyStore store, PoliciesInForce policies, SimulatePolicy simulate, IConstitution constitutions, IApprovals approvals, TimeProvider clock, ILogger<WritePolicy> logger)
{
    public const string Kind = "policy.activate";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/policies", static (RequestContext context, HttpRequest http, JsonElement document, WritePolicy policy, CancellationToken cancellationToken) =>
                policy.RunAsync(context, PolicyText.Canonical(document), Routes.IfMatch(http), http.HttpContext.Response, cancellationToken))
            .Requires(Capability.PolicyWrite).OpenWhenStopped().Produces<PolicyAnswer>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
        routes.MapPost("/v1/policies/versions/{version}/restore", static (long version, RequestContext context, HttpRequest http, WritePolicy policy, CancellationToken cancellationToken) =>
                policy.RestoreAsync(context, version, Routes.IfMatch(http), http.HttpContext.Response, cancellationToken))
            .Requires(Capability.PolicyWrite).OpenWhenStopped().Produces<PolicyAnswer>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
    }

    internal async Task<IResult> RestoreAsync(RequestContext context, long version, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var old = await store.FindAsync(context.Tenant, version, cancellationToken) ?? throw PolicyProblems.VersionUnknown.Because($"There is no version {version}.");
        // Read like a new one: what compiled once may not any more.
        using var document = JsonDocument.Parse(old.Document);
        return await RunAsync(context, PolicyText.Canonical(document.RootElement), expected, response, cancellationToken);
    }

    internal async Task<IResult> RunAsync(RequestContext context, string text, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var installed = (await store.NewestAsync(Db.AllTenants, cancellationToken))?.Version ?? 0;
        var constitution = await constitutions.ActiveAsync(context.Tenant, cancellationToken);
        var hash = PoliciesInForce.Hash(text);
        var trial = context.Approval is null ? await simulate.TryAsync(context, text, SimulatePolicy.LastDefault, cancellationToken) : null;
        var request = new ApprovalRequest(
            Kind, "policy", $$"""{"policy_sha256":"{{hash}}","replaces":{{expected}}}""", constitution.Hash, expected, Summary(expected, trial)) { Capability = Capability.PolicyWrite };
        var (pending, written) = await WriteAsync(context, request, text, hash, expected, installed, cancellationToken);
        if (pending is not null) return TwoKeys.Answer(pending);
        LogWritten(logger, context.Tenant, written!.Version, written.Hash);
        response.Headers.ETag = Routes.ETag(written.Version);
        return TypedResults.Ok(PolicyAnswer.Of(written));
    }

    private async Task<(Approval? Pending, PolicyVersion? Written)> WriteAsync(
        RequestContext context, ApprovalRequest request, string text, string hash, long expected, long installed, CancellationToken cancellationToken)
    {
        try
        {
            return await db.WriteAsync<(Approval?, PolicyVersion?)>(
                context.Tenant,
                async work =>
                {
                    var own = await PolicyStore.NewestVersionAsync(work, context.Tenant);
                    var current = own == 0 ? installed : own;
                    if (current != expected) throw PlatformProblems.VersionMismatch.Because($"The policy is at version {current}.");
                    if (await approvals.ProposeOrClaimAsync(work, context, request) is { } pending) return (pending, null);
                    var policy = new PolicyVersion(context.Tenant, current + 1, text, hash, context.Principal.Id, clock.NowMicros().ToInstant());
                    await PolicyStore.InsertAsync(work, policy);
                    await journal.AppendAsync(work, context, "policy", policy.Version, PolicyEvents.PolicyUpdated, new PolicyUpdated(policy.Version, policy.Hash), PolicyJson.Default.PolicyUpdated);
                    work.OnCommit(() => policies.Changed(context.Tenant));
                    return (null, policy);
                },
                cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.VersionMismatch.Because("Another policy was written at the same moment.", exception);
        }
    }

    /// <summary>What the second person reads first.</summary>
    private static string Summary(long expected, SimulateAnswer? trial) => trial switch
    {
        null => $"Replace version {expected} of the policy.",
        { Actions: 0 } => $"Replace version {expected} of the policy. No action is recorded yet on which it could be tried.",
        _ => $"Replace version {expected} of the policy. Of the last {trial.Actions} recorded actions it would decide {trial.Changed} otherwise: "
            + $"{trial.After.Allow} allowed instead of {trial.Before.Allow}, {trial.After.NeedsApproval} in need of approval instead of {trial.Before.NeedsApproval}, {trial.After.Deny} denied instead of {trial.Before.Deny}.",
    };

    [LoggerMessage(LogLevel.Information, "Policy version {Version} ({Hash}) is in force for tenant {Tenant}")]
    private static partial void LogWritten(ILogger logger, string tenant, long version, string hash);
}
