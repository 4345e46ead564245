using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Signature">The publisher's; without one the manifest is for developer modes only.</param>
internal sealed record RegisterRequest(JsonElement Manifest, ManifestSignature? Signature = null);

/// <summary>What a second person agrees to when a manifest comes into force.</summary>
/// <param name="Replaces">The version in force; null for a first one.</param>
/// <param name="SignedBy">Key of the publisher; null when nobody signed it.</param>
internal sealed record WantedManifest(string Adapter, string Version, string ManifestSha256, string? SignedBy, string? Replaces, IReadOnlyList<PermissionChange> Changes);

/// <summary>
/// Lets a manifest in, with two keys: the first call stores it as a candidate and asks, showing what it permits that the one in force does
/// not; the same call with the approval brings it into force. Until then the old one counts, and a version never changes.
/// </summary>
internal sealed class RegisterManifest(
    Db db, Journal journal, AdapterStore store, AdapterKinds kinds, NativeAdapters natives, LoadedManifests manifests, Publishers publishers,
    IApprovals approvals, IConstitution constitutions, ReadAdapters read, TimeProvider clock)
{
    public const string Kind = "tool.register";

    private static readonly TimeSpan ApprovalLifetime = TimeSpan.FromHours(24);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/adapters", static (RegisterRequest request, RequestContext context, RegisterManifest register, CancellationToken cancellationToken) =>
                register.RunAsync(context, request, cancellationToken))
            .Requires(Capability.ToolManage).Produces<AdapterView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted).WithTags("tools").WithSummary("Register a manifest; a second person lets it in.");
        routes.MapPost("/v1/adapters/{id}/versions/{version}/activate", static (string id, string version, RequestContext context, RegisterManifest register, CancellationToken cancellationToken) =>
                register.ActivateAsync(context, id, version, cancellationToken))
            .Requires(Capability.ToolManage).Produces<AdapterView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted).WithTags("tools").WithSummary("Bring a stored version into force, with two keys.");
    }

    internal async Task<IResult> RunAsync(RequestContext context, RegisterRequest request, CancellationToken cancellationToken)
    {
        var read = ManifestReader.Read(request.Manifest.GetRawText());
        Check(read.Manifest);
        if (request.Signature is { } signature)
            Platform.Check.That(signature.Algorithm == ManifestSignature.Ed25519, "signature.algorithm", "must be ed25519").And(signature.KeyId.Length is >= 1 and <= 100, "signature.key_id", "must name a key").OrThrow();
        if (await publishers.FaultAsync(context, request.Signature, read.Digest, cancellationToken) is { } fault) throw fault;
        var id = read.Manifest.Id;
        return await ActAsync(context, id, work => StoreAsync(work, context, read, request.Signature), cancellationToken);
    }

    internal async Task<IResult> ActivateAsync(RequestContext context, string id, string version, CancellationToken cancellationToken)
    {
        var stored = await store.VersionAsync(context.Tenant, id, version, cancellationToken) ?? throw ToolProblems.VersionUnknown.Because($"'{id}' has no version {version}.");
        Check(manifests.Of(stored).Manifest);
        // Again, since it may be older than a pin that is gone.
        if (await publishers.FaultAsync(context, stored.Signed, stored.Digest, cancellationToken) is { } fault) throw fault;
        return await ActAsync(context, id, async work => (await AdapterStore.VersionAsync(work, context.Tenant, id, version))! with { KeyId = stored.KeyId, Signature = stored.Signature }, cancellationToken);
    }

    private async Task<IResult> ActAsync(RequestContext context, string id, Func<DbWork, Task<ManifestRow>> candidate, CancellationToken cancellationToken)
    {
        var constitution = await constitutions.ActiveAsync(context.Tenant, cancellationToken);
        Approval? pending;
        try
        {
            pending = await db.WriteAsync(context.Tenant, async work => await AgreeAsync(work, context, await candidate(work), constitution.Hash), cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.Conflict.Because("The adapter was changed at the same moment.", exception);
        }
        return pending is not null ? TwoKeys.Answer(pending) : TypedResults.Ok(await read.GetAsync(context, id, cancellationToken));
    }

    /// <exception cref="Problem">422 <c>manifest_invalid</c>, 409 <c>adapter_reserved</c>.</exception>
    private void Check(Manifest manifest)
    {
        if (natives.Has(manifest.Id)) throw ToolProblems.AdapterReserved.Because($"'{manifest.Id}' is one of the platform's own.");
        if (kinds.Find(manifest.Kind) is not { } kind) throw ManifestReader.Invalid([new FieldError("/kind", "must be one of " + string.Join(", ", kinds.Names.Order(StringComparer.Ordinal)))]);
        if (kind.Check(manifest) is { Count: > 0 } faults) throw ManifestReader.Invalid(faults);
    }

    private async Task<ManifestRow> StoreAsync(DbWork work, RequestContext context, ReadManifest read, ManifestSignature? signature)
    {
        var (id, version) = (read.Manifest.Id, read.Manifest.Version);
        if (await AdapterStore.VersionAsync(work, context.Tenant, id, version) is { } known)
        {
            if (known.Digest != read.Digest) throw ToolProblems.VersionTaken.Because($"Version {version} of '{id}' is another manifest.");
            if (known.Signed == signature || known.State != ManifestRow.Candidate) return known;
            await AdapterStore.SignAsync(work, known, signature?.KeyId, signature?.Value);
            return known with { KeyId = signature?.KeyId, Signature = signature?.Value };
        }
        var now = clock.NowMicros().ToInstant();
        var row = new ManifestRow(context.Tenant, id, version, read.Digest, read.Text, signature?.KeyId, signature?.Value, ManifestRow.Candidate, null, context.Principal.Id, now, null);
        await AdapterStore.InsertAsync(work, row);
        var adapter = await AdapterStore.FindAsync(work, context.Tenant, id);
        if (adapter is null)
        {
            if (await AdapterStore.CountAsync(work, context.Tenant) >= AdapterCatalog.AdaptersMax) throw ToolProblems.TooManyAdapters.Because($"There are {AdapterCatalog.AdaptersMax} already.");
            await AdapterStore.InsertAsync(work, new AdapterRow(context.Tenant, id, read.Manifest.Kind, AdapterRow.Proposed, null, 1, 1, context.Principal.Id, null, now, now));
        }
        else await ChangeAsync(work, adapter, adapter with { ChangedBy = context.Principal.Id });
        await SayAsync(work, context, row, (adapter?.Events ?? 0) + 1, "registered");
        return row;
    }

    /// <returns>What is asked of a second person; null when it came into force, or was before.</returns>
    private async Task<Approval?> AgreeAsync(DbWork work, RequestContext context, ManifestRow row, string constitution)
    {
        if (row.State == ManifestRow.Active) return null;
        if (row.State == ManifestRow.Revoked) throw ToolProblems.VersionRevoked.Because($"Version {row.Version} of '{row.Adapter}' was revoked.");
        var current = await AdapterStore.InForceAsync(work, context.Tenant, row.Adapter);
        var (from, to) = (current is null ? null : manifests.Of(current).Manifest, manifests.Of(row).Manifest);
        var changes = ManifestDiff.Between(from, to, current?.KeyId, row.KeyId);
        var wanted = new WantedManifest(row.Adapter, row.Version, row.Digest, row.KeyId, current?.Version, changes);
        var signer = row.KeyId is null ? "signed by nobody" : $"signed with the key {row.KeyId}";
        var request = new ApprovalRequest(
            Kind, row.Adapter, JsonSerializer.Serialize(wanted, ToolsJson.Default.WantedManifest), constitution, 0, ManifestDiff.Sentence(from, to, changes, signer))
        {
            Capability = Capability.ToolManage, Lifetime = ApprovalLifetime,
        };
        if (await approvals.ProposeOrClaimAsync(work, context, request) is { } pending) return pending;
        if (!await AdapterStore.ActivateAsync(work, row, context.Approval, clock.NowMicros())) throw ToolProblems.VersionRevoked.Because($"Version {row.Version} of '{row.Adapter}' was revoked.");
        var adapter = (await AdapterStore.FindAsync(work, context.Tenant, row.Adapter))!;
        // What somebody has switched off stays off.
        var state = adapter.State == AdapterRow.Disabled ? AdapterRow.Disabled : AdapterRow.Enabled;
        await ChangeAsync(work, adapter, adapter with { Kind = to.Kind, State = state, Version = row.Version, ChangedBy = context.Principal.Id });
        await SayAsync(work, context, row, adapter.Events + 1, "activated");
        return null;
    }

    private async Task ChangeAsync(DbWork work, AdapterRow before, AdapterRow next)
    {
        next = next with { Revision = before.Revision + 1, Events = before.Events + 1, UpdatedAt = clock.NowMicros().ToInstant() };
        if (!await AdapterStore.UpdateAsync(work, next, before.Revision)) throw PlatformProblems.Conflict.Because("The adapter was changed at the same moment.");
    }

    private Task<long> SayAsync(DbWork work, RequestContext context, ManifestRow row, long version, string change) => journal.AppendAsync(
        work, context, ToolFactTypes.OfAdapter(row.Adapter), version, ToolEvents.AdapterChanged, new AdapterChanged(row.Adapter, change, row.Version, row.Digest, row.KeyId, context.Approval),
        ToolsJson.Default.AdapterChanged);
}
