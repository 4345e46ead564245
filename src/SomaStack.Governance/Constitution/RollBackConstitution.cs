using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="To">The version whose document is to govern again.</param>
/// <param name="Version">With signatures: the new version that they are for. Without them the next free one is taken.</param>
/// <param name="Signatures">Absent when the installation's own key suffices; then the server signs.</param>
internal sealed record RollBackRequest(
    long To, string? Scope = null, long? Version = null, DateTimeOffset? IssuedAt = null, IReadOnlyList<ConstitutionSignature>? Signatures = null);

/// <summary>
/// Brings an earlier document back as a new version, with two keys. Versions only ever grow: what was active before stays in the history,
/// and the journal says which version came back.
/// </summary>
internal sealed class RollBackConstitution(Db db, ActivateConstitution activate, ActiveConstitutions constitutions, SignersWanted wanted, PinnedKeys keys, IApprovals approvals, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        "/v1/constitution/rollback", static (RequestContext context, RollBackRequest request, RollBackConstitution use, CancellationToken cancellationToken) =>
            use.AnswerAsync(context, request, cancellationToken)).Requires(Capability.ConstitutionLoad).OpenWhenStopped()
        .Produces<ActivateAnswer>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);

    private async Task<IResult> AnswerAsync(RequestContext context, RollBackRequest request, CancellationToken cancellationToken)
    {
        var (asked, done) = await RunAsync(context, request, cancellationToken);
        return asked is not null ? TwoKeys.Answer(asked) : TypedResults.Ok(done);
    }

    internal async Task<(Approval? Wanted, ActivateAnswer? Done)> RunAsync(RequestContext context, RollBackRequest request, CancellationToken cancellationToken)
    {
        var target = ConstitutionScope.ToChange(request.Scope, context);
        var now = clock.NowMicros().ToInstant();
        Check.That(request.Signatures is null == (request.Version is null) && request.Signatures is null == (request.IssuedAt is null), "signatures", "come with the version and the issued_at that were signed")
            .And(request.Version is null or (> 0 and < 1L << 53), "version", "must be between 1 and 2^53")
            .And(request.IssuedAt is null || request.IssuedAt <= now + LoadConstitution.ClockSkew, "issued_at", "lies in the future").OrThrow();
        if (request.Signatures is { } signatures) LoadConstitution.CheckShape(signatures);
        var installed = target == Db.AllTenants ? 0 : await constitutions.InstalledVersionAsync(cancellationToken);
        return await db.WriteAsync<(Approval?, ActivateAnswer?)>(ConstitutionScope.TransactionOf(target, context), async work =>
        {
            var to = await ConstitutionStore.FindAsync(work, target, request.To);
            if (to is not { State: ConstitutionVersion.Superseded }) throw ConstitutionProblems.NotCandidate.Because($"Version {request.To} is none that was active before.");
            var active = await ConstitutionStore.ActiveAsync(work, target);
            if (ConstitutionSeal.Hash(to.Document) != to.Hash) throw ConstitutionProblems.Unverified.Because($"The text of version {to.Version} does not have the recorded hash.");
            var asked = new ApprovalRequest(
                "constitution.rollback", target, Arguments(target, to, active?.Version), active?.Hash ?? "", 0,
                $"Roll the constitution of {ActivateConstitution.Whom(target)} back to the document of version {to.Version} (SHA-256 {to.Hash}).")
            {
                Capability = Capability.ConstitutionLoad,
            };
            if (await approvals.ProposeOrClaimAsync(work, context, asked) is { } waiting) return (waiting, null);
            var highest = Math.Max(installed, await ConstitutionStore.HighestAsync(work, target));
            var version = Again(context, request, to, highest + 1, now);
            if (version.Version <= highest) throw ConstitutionProblems.Replayed.Because($"Version {highest} is already known; sign a higher one.");
            await ConstitutionStore.AddAsync(work, version);
            return (null, await activate.TakeEffectAsync(work, context, version, active, wanted.Of(active), to.Version));
        }, cancellationToken);
    }

    private ConstitutionVersion Again(RequestContext context, RollBackRequest request, ConstitutionVersion to, long free, DateTimeOffset now)
    {
        var number = request.Version ?? free;
        var issuedAt = (request.IssuedAt ?? now).ToMicros().ToInstant();
        var signatures = request.Signatures ??
            [new ConstitutionSignature(keys.Installation.KeyId, "ed25519", Convert.ToBase64String(keys.Installation.Sign(ConstitutionSeal.Statement(to.Tenant, number, issuedAt, to.Hash))))];
        return new ConstitutionVersion(to.Tenant, number, to.Document, to.Hash, issuedAt, signatures, context.Principal.Id, now, null);
    }

    private static string Arguments(string target, ConstitutionVersion to, long? replaces) => string.Create(
        CultureInfo.InvariantCulture, $"{{\"document_sha256\":\"{to.Hash}\",\"replaces\":{replaces ?? 0},\"target\":\"{target}\",\"to\":{to.Version}}}");
}
