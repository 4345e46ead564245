using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="Hash">Of the overlay; null when there never was one.</param>
/// <param name="EffectiveHash">What sessions pin.</param>
internal sealed record OverlayAnswer(JsonElement Overlay, long Version, string? Hash, string EffectiveHash, long BaseVersion, string BaseHash, string? ChangedBy, DateTimeOffset? ChangedAt);

/// <summary>
/// What the tenant adds to the constitution that governs it. An overlay that is at least as strict as the one before takes effect at once;
/// one that takes something back needs a second person, though it can never be looser than the constitution.
/// </summary>
internal sealed class ChangeOverlay(Db db, Journal journal, ActiveConstitutions constitutions, PinnedKeys keys, IApprovals approvals, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/constitution/overlay", static (RequestContext context, HttpResponse response, ChangeOverlay use, CancellationToken cancellationToken) =>
            use.ReadAsync(context, response, cancellationToken)).Requires(Capability.ConstitutionRead);
        routes.MapPut("/v1/constitution/overlay", static (RequestContext context, JsonElement overlay, HttpRequest http, ChangeOverlay use, CancellationToken cancellationToken) =>
            use.AnswerAsync(context, overlay, Routes.IfMatch(http), http.HttpContext.Response, cancellationToken)).Requires(Capability.ConstitutionLoad).OpenWhenStopped()
            .Produces<OverlayAnswer>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
    }

    private async Task<OverlayAnswer> ReadAsync(RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var governing = await constitutions.GoverningAsync(context.Tenant, cancellationToken);
        response.Headers.ETag = Routes.ETag(governing.Overlay?.Version ?? 0);
        return Answer(governing.Overlay, governing.Version);
    }

    private async Task<IResult> AnswerAsync(RequestContext context, JsonElement overlay, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var (asked, done) = await RunAsync(context, overlay, expected, cancellationToken);
        if (asked is not null) return TwoKeys.Answer(asked);
        response.Headers.ETag = Routes.ETag(done!.Version);
        return TypedResults.Ok(done);
    }

    internal async Task<(Approval? Wanted, OverlayAnswer? Done)> RunAsync(RequestContext context, JsonElement overlay, long expected, CancellationToken cancellationToken)
    {
        var issues = Overlay.Issues(overlay);
        if (issues.Count > 0) throw Problem.Invalid("overlay", string.Join(" ", issues));
        var text = ConstitutionDocument.Canonical(overlay, issues)!;
        var governing = await constitutions.GoverningAsync(context.Tenant, cancellationToken);
        using (var document = JsonDocument.Parse(governing.Version.Document))
            if (Overlay.Loosens(document.RootElement, overlay) is { Count: > 0 } faults)
                throw new Problem(ConstitutionProblems.OverlayLoosens, string.Join(" ", faults)) { Reasons = [.. faults.Select(static fault => new Reason("overlay_loosens", fault))] };
        try
        {
            return await db.WriteAsync<(Approval?, OverlayAnswer?)>(context.Tenant, async work =>
            {
                var before = await ConstitutionStore.OverlayAsync(work, context.Tenant);
                if ((before?.Version ?? 0) != expected) throw PlatformProblems.VersionMismatch.Because($"The overlay is at version {before?.Version ?? 0}.");
                var next = OverlayVersion.Signed(keys.Installation, context.Tenant, expected + 1, text, context.Principal.Id, clock.NowMicros().ToInstant(), null);
                if (!IsStricter(before, overlay))
                {
                    if (await approvals.ProposeOrClaimAsync(work, context, Asked(context, governing, next)) is { } waiting) return (waiting, null);
                    next = next with { Approval = context.Approval };
                }
                await ConstitutionStore.AddAsync(work, next);
                var answer = Answer(next, governing.Version);
                await journal.AppendAsync(work, context, "constitution-overlay", next.Version, ConstitutionEvents.OverlayChanged,
                    new OverlayChanged(next.Version, next.Hash, answer.EffectiveHash, next.Approval), ConstitutionJson.Default.OverlayChanged);
                work.OnCommit(() => constitutions.Changed(context.Tenant));
                return (null, answer);
            }, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.VersionMismatch.Because("Another overlay was written at the same moment.", exception);
        }
    }

    private static bool IsStricter(OverlayVersion? before, JsonElement next)
    {
        if (before is null) return true;
        using var old = JsonDocument.Parse(before.Text);
        return Overlay.IsStricter(old.RootElement, next);
    }

    private static ApprovalRequest Asked(RequestContext context, Governing governing, OverlayVersion next) => new(
        "constitution.overlay", context.Tenant,
        string.Create(CultureInfo.InvariantCulture, $"{{\"overlay_sha256\":\"{next.Hash}\",\"version\":{next.Version}}}"), governing.Active.Hash, 0,
        $"Replace the constitution's overlay of tenant {context.Tenant} by one that forbids less (SHA-256 {next.Hash}).")
    {
        Capability = Capability.ConstitutionLoad,
    };

    private static OverlayAnswer Answer(OverlayVersion? overlay, ConstitutionVersion version)
    {
        using var document = JsonDocument.Parse(overlay?.Text ?? Overlay.Empty);
        var effective = overlay is null || overlay.Text == Overlay.Empty ? version.Hash : Overlay.EffectiveHash(version.Hash, overlay.Hash);
        return new OverlayAnswer(document.RootElement.Clone(), overlay?.Version ?? 0, overlay?.Hash, effective, version.Version, version.Hash, overlay?.ChangedBy, overlay?.ChangedAt);
    }
}
