using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <param name="Source"><c>release</c>: part of the program and approved with it; <c>tenant</c>: approved here.</param>
internal sealed record CapsuleLine(string Id, string Version, string Summary, string Type, string Source, string Status, string Digest);

/// <param name="Definition">The parsed document.</param>
/// <param name="Text">As it was written.</param>
internal sealed record CapsuleDetail(
    string Id, string Version, string Summary, string Type, string Source, string Status, string Digest, string? SubmissionId, JsonElement Definition, string Text, IReadOnlyList<string> Versions);

internal sealed record SubmissionLine(
    string Id, string CapsuleId, string Version, string Status, string Summary, string Owner, string Digest, string? Reviewer, DateTimeOffset CreatedAt, DateTimeOffset? ApprovedAt);

internal sealed record SubmissionView(
    string Id, string CapsuleId, string Version, string Status, string Summary, string Owner, string Digest, string? AttestationHash, string? AttestationKey, IReadOnlyList<CapsuleFault> Warnings, string? Reviewer,
    string? Notes, DateTimeOffset CreatedAt, DateTimeOffset? ReviewedAt, DateTimeOffset? RevokedAt, string? RevokedBy, JsonElement Definition, string Text)
{
    public static SubmissionView Of(SubmissionRow row) => new(
        row.Id, row.Capsule, row.CapsuleVersion, CapsuleStore.Name(row.Status), row.Summary, row.Author, row.Digest, row.AttestationHash, row.AttestationKey,
        JsonSerializer.Deserialize(row.Warnings, CapsulesJson.Default.IReadOnlyListCapsuleFault) ?? [], row.Reviewer, row.Notes, row.CreatedAt, row.ReviewedAt, row.RevokedAt, row.RevokedBy,
        ReadCapsules.Parsed(row.Definition), row.Source);
}

/// <summary>Capsules that may run, for everybody; submissions for their authors and for reviewers.</summary>
internal sealed class ReadCapsules(CapsuleStore store, ShippedCapsules shipped)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/capsules", static async (RequestContext context, ReadCapsules read, string? cursor, int? limit, CancellationToken cancellationToken) =>
            TypedResults.Ok(await read.ListAsync(context, Cursor.Decode(cursor), Cursor.Limit(limit), cancellationToken))).Requires(Capability.SessionRead).WithTags("capsules").WithSummary("List the capsules that may run.");
        routes.MapGet("/v1/capsules/{id}", static (RequestContext context, string id, string? version, ReadCapsules read, CancellationToken cancellationToken) =>
            read.GetAsync(context, id, version, cancellationToken)).Requires(Capability.SessionRead).WithTags("capsules").WithSummary("Read a capsule.");
        routes.MapGet("/v1/submissions", static async (RequestContext context, ReadCapsules read, string? status, string? cursor, int? limit, CancellationToken cancellationToken) =>
            TypedResults.Ok(await read.SubmissionsAsync(context, status, cursor, Cursor.Limit(limit), cancellationToken))).Requires(Capability.SessionRead).WithTags("capsules").WithSummary("List submissions: your own, or all for a reviewer.");
        routes.MapGet("/v1/submissions/{id}", static (RequestContext context, string id, ReadCapsules read, CancellationToken cancellationToken) =>
            read.SubmissionAsync(context, id, cancellationToken)).Requires(Capability.SessionRead).WithTags("capsules").WithSummary("Read a submission.");
    }

    public static JsonElement Parsed(string json) => JsonElement.Parse(json);

    private async Task<Page<CapsuleLine>> ListAsync(RequestContext context, string? after, int limit, CancellationToken cancellationToken)
    {
        var rows = await store.VersionsAsync(context.Tenant, null, cancellationToken);
        var lines = rows.Where(static row => row.Status == SubmissionStatus.Approved)
            .Select(static row => new CapsuleLine(row.Capsule, row.CapsuleVersion, row.Summary, row.Type, "tenant", "approved", row.Digest))
            .Concat(shipped.All.Select(static one => new CapsuleLine(one.Capsule.Id, one.Capsule.Version, one.Capsule.Summary, one.Capsule.Type, "release", "approved", one.Capsule.Digest)))
            .GroupBy(static line => line.Id, StringComparer.Ordinal).Select(static versions => versions.MaxBy(static line => line.Version, CapsuleVersions.Order)!)
            .Where(line => after is null || string.CompareOrdinal(line.Id, after) > 0).OrderBy(static line => line.Id, StringComparer.Ordinal).Take(limit + 1).ToList();
        return Cursor.Page(lines, limit, static line => line.Id);
    }

    private async Task<Ok<CapsuleDetail>> GetAsync(RequestContext context, string id, string? version, CancellationToken cancellationToken)
    {
        var wanted = version?.TrimStart('v');
        var rows = (await store.VersionsAsync(context.Tenant, id, cancellationToken)).Where(row => MaySee(context, row)).ToList();
        var ours = shipped.Find(id);
        var versions = rows.Select(static row => row.CapsuleVersion).Concat(ours is null ? [] : [ours.Capsule.Version]).Distinct(StringComparer.Ordinal).OrderDescending(CapsuleVersions.Order).ToList();
        // Without a version: what would run, else the newest that there is.
        var row = wanted is null
            ? Newest(rows.Where(static one => one.Status == SubmissionStatus.Approved)) ?? (ours is null ? Newest(rows) : null)
            : rows.Find(one => one.CapsuleVersion == wanted);
        if (row is not null && (wanted is not null || ours is null || CapsuleVersions.Order.Compare(row.CapsuleVersion, ours.Capsule.Version) > 0))
            return TypedResults.Ok(new CapsuleDetail(row.Capsule, row.CapsuleVersion, row.Summary, row.Type, "tenant", CapsuleStore.Name(row.Status), row.Digest, row.Id, Parsed(row.Definition), row.Source, versions));
        if (ours is not null && (wanted is null || ours.Capsule.Version == wanted))
            return TypedResults.Ok(new CapsuleDetail(id, ours.Capsule.Version, ours.Capsule.Summary, ours.Capsule.Type, "release", "approved", ours.Capsule.Digest, null, Parsed(ours.Definition), ours.Source, versions));
        throw CapsuleProblems.Unknown.Because(wanted is null ? $"There is no capsule '{id}'." : $"There is no version {wanted} of '{id}'.");
    }

    private async Task<Page<SubmissionLine>> SubmissionsAsync(RequestContext context, string? status, string? cursor, int limit, CancellationToken cancellationToken)
    {
        Check.That(status is null or "pending" or "approved" or "rejected" or "revoked", "status", "must be pending, approved, rejected or revoked").OrThrow();
        var (beforeAt, beforeId) = (long.MaxValue, "");
        if (Cursor.Decode(cursor) is { } key)
        {
            var parts = key.Split(' ', 2);
            if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out beforeAt)) throw Problem.Invalid("cursor", "is not a cursor that this server issued");
            beforeId = parts[1];
        }
        var author = context.Capabilities.Has(Capability.CapsuleReview) ? null : context.Principal.Id;
        var rows = await store.ListAsync(context.Tenant, status, author, beforeAt, beforeId, limit + 1, cancellationToken);
        var page = Cursor.Page(rows, limit, static row => string.Create(CultureInfo.InvariantCulture, $"{row.CreatedAt.ToMicros()} {row.Id}"));
        return new Page<SubmissionLine>([.. page.Data.Select(Line)], page.NextCursor);
    }

    private static SubmissionLine Line(SubmissionRow row) => new(
        row.Id, row.Capsule, row.CapsuleVersion, CapsuleStore.Name(row.Status), row.Summary, row.Author, row.Digest, row.Reviewer, row.CreatedAt,
        row.Status == SubmissionStatus.Approved ? row.ReviewedAt : null);

    private static SubmissionRow? Newest(IEnumerable<SubmissionRow> rows) => rows.MaxBy(static row => row.CapsuleVersion, CapsuleVersions.Order);

    private async Task<Ok<SubmissionView>> SubmissionAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await store.FindAsync(context.Tenant, id, cancellationToken) is { } row && (MaySee(context, row) || row.Author == context.Principal.Id)
            ? TypedResults.Ok(SubmissionView.Of(row)) : throw CapsuleProblems.SubmissionUnknown.Because("No submission that you may read has this id.");

    /// <summary>What nobody has approved is its author's and the reviewers'.</summary>
    private static bool MaySee(RequestContext context, SubmissionRow row) =>
        row.Status == SubmissionStatus.Approved || row.Author == context.Principal.Id || context.Capabilities.Has(Capability.CapsuleReview);
}
