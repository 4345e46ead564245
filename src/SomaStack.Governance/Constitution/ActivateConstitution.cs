using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="Scope">tenant (by default) or installation.</param>
internal sealed record ActivateRequest(long Version, string? Scope = null);

/// <param name="Replaced">The version that was active before.</param>
/// <param name="RollbackOf">The version whose document it is again.</param>
internal sealed record ActivateAnswer(string Hash, long Version, string State, DateTimeOffset ActivatedAt, long? Replaced, long? RollbackOf, long JournalPosition);

/// <summary>
/// Lets a loaded version take effect, with two keys: the first call asks, a second person approves, and the same call with the approval
/// activates. Signatures are checked again, by the rule that counts at that moment.
/// </summary>
internal sealed partial class ActivateConstitution(
    Db db, Journal journal, ActiveConstitutions constitutions, SignersWanted wanted, PinnedKeys keys, IApprovals approvals, TimeProvider clock, ILogger<ActivateConstitution> logger)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        "/v1/constitution/activate", static (RequestContext context, ActivateRequest request, ActivateConstitution activate, CancellationToken cancellationToken) =>
            activate.AnswerAsync(context, request, cancellationToken)).Requires(Capability.ConstitutionLoad).OpenWhenStopped()
        .Produces<ActivateAnswer>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);

    private async Task<IResult> AnswerAsync(RequestContext context, ActivateRequest request, CancellationToken cancellationToken)
    {
        var (asked, done) = await RunAsync(context, request, cancellationToken);
        return asked is not null ? TwoKeys.Answer(asked) : TypedResults.Ok(done);
    }

    /// <returns>What is wanted from a second person, or what took effect.</returns>
    internal async Task<(Approval? Wanted, ActivateAnswer? Done)> RunAsync(RequestContext context, ActivateRequest request, CancellationToken cancellationToken)
    {
        var target = ConstitutionScope.ToChange(request.Scope, context);
        var inherited = await wanted.InheritedAsync(target, cancellationToken);
        var installed = target == Db.AllTenants ? 0 : await constitutions.InstalledVersionAsync(cancellationToken);
        return await db.WriteAsync<(Approval?, ActivateAnswer?)>(ConstitutionScope.TransactionOf(target, context), async work =>
        {
            var version = await ConstitutionStore.FindAsync(work, target, request.Version) ?? throw PlatformProblems.NotFound.Because($"No version {request.Version} was loaded.");
            var active = await ConstitutionStore.ActiveAsync(work, target);
            var newest = Math.Max(installed, active?.Version ?? 0);
            if (version.State != ConstitutionVersion.Candidate || version.Version <= newest)
                throw ConstitutionProblems.NotCandidate.Because($"Version {version.Version} is {version.State}, and version {newest} was active after it or is now.");
            var asked = new ApprovalRequest(
                "constitution.activate", target, Arguments(target, version.Version, version.Hash, active?.Version), active?.Hash ?? "", 0,
                $"Activate constitution version {version.Version} for {Whom(target)}; its document has the SHA-256 {version.Hash}.")
            {
                Capability = Capability.ConstitutionLoad,
            };
            if (await approvals.ProposeOrClaimAsync(work, context, asked) is { } waiting) return (waiting, null);
            return (null, await TakeEffectAsync(work, context, version, active, active is null ? inherited : wanted.Of(active), null));
        }, cancellationToken);
    }

    /// <summary>Within the transaction that claimed the approval.</summary>
    /// <param name="version">A stored candidate.</param>
    public async Task<ActivateAnswer> TakeEffectAsync(DbWork work, RequestContext context, ConstitutionVersion version, ConstitutionVersion? active, SignerRule rule, long? rollbackOf)
    {
        if (ConstitutionSeal.Fault(version, keys.Public, rule) is { } fault) throw ConstitutionProblems.SignatureInvalid.Because($"The version cannot be activated: {fault}.");
        var now = clock.NowMicros().ToInstant();
        var next = version with { State = ConstitutionVersion.Active, ActivatedAt = now, Replaces = active?.Version, RollbackOf = rollbackOf, ActivatedBy = context.Principal.Id, Approval = context.Approval };
        next = next with { Activation = ActivationSeal.Signed(keys.Installation, next, rule) };
        if (!await ConstitutionStore.ActivateAsync(work, next)) throw PlatformProblems.Conflict.Because("The version was activated at the same moment.");
        work.OnCommit(() => constitutions.Changed(next.Tenant));
        work.OnCommit(() => LogActivated(logger, next.Tenant, next.Version, next.Hash));
        var position = await journal.AppendAsync(
            work, context with { Tenant = next.Tenant }, "constitution", next.Version, ConstitutionEvents.Updated,
            new ConstitutionUpdated(next.Version, next.Hash, next.IssuedAt, [.. next.Signatures.Select(static signature => signature.KeyId)], rollbackOf, context.Approval),
            ConstitutionJson.Default.ConstitutionUpdated);
        return new ActivateAnswer(next.Hash, next.Version, ConstitutionVersion.Active, now, active?.Version, rollbackOf, position);
    }

    public static string Whom(string target) => target == Db.AllTenants ? "the whole installation" : $"tenant {target}";

    private static string Arguments(string target, long version, string hash, long? replaces) => string.Create(
        CultureInfo.InvariantCulture, $"{{\"document_sha256\":\"{hash}\",\"replaces\":{replaces ?? 0},\"target\":\"{target}\",\"version\":{version}}}");

    [LoggerMessage(LogLevel.Information, "Constitution version {Version} ({Hash}) is active for tenant {Tenant}")]
    private static partial void LogActivated(ILogger logger, string tenant, long version, string hash);
}
