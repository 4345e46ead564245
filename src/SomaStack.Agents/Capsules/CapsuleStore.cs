using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <param name="Definition">The parsed document in its RFC 8785 form.</param>
/// <param name="Source">As it was sent.</param>
internal sealed record SubmissionRow(
    string Id, string Capsule, string CapsuleVersion, SubmissionStatus Status, string Summary, string Type, string Definition, string Source, string Digest, string? AttestationHash,
    string? AttestationKey, string Warnings, string Author, string? Reviewer, string? Notes, long Version, DateTimeOffset CreatedAt, DateTimeOffset? ReviewedAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    public SubmissionFacts Facts => new(Status, Author);
}

internal sealed record PinnedKeyRow(string Id, string Name, string PublicKey, string AddedBy, DateTimeOffset AddedAt);

/// <summary>All SQL of the room.</summary>
internal sealed class CapsuleStore(Db db)
{
    private const string Columns =
        "id, capsule, capsule_version, status, summary, type, definition, source, digest, attestation_hash, attestation_key, warnings, author, reviewer, notes, version, created_at, reviewed_at, revoked_at, revoked_by";

    public Task<SubmissionRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM capsule_submissions WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static Task<SubmissionRow?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM capsule_submissions WHERE tenant = {tenant} AND id = {id}");

    /// <summary>All versions of a capsule, or of all capsules.</summary>
    public Task<List<SubmissionRow>> VersionsAsync(string tenant, string? capsule, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"SELECT {Columns:raw} FROM capsule_submissions WHERE tenant = {tenant} AND ({capsule is null} OR capsule = {capsule ?? ""}) ORDER BY capsule, created_at", cancellationToken);

    /// <summary>Newest first.</summary>
    /// <param name="author">Null for everybody's.</param>
    public Task<List<SubmissionRow>> ListAsync(string tenant, string? status, string? author, long beforeAt, string beforeId, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"""
            SELECT {Columns:raw} FROM capsule_submissions
            WHERE tenant = {tenant} AND ({status is null} OR status = {status ?? ""}) AND ({author is null} OR author = {author ?? ""})
              AND (created_at < {beforeAt} OR (created_at = {beforeAt} AND id < {beforeId}))
            ORDER BY created_at DESC, id DESC LIMIT {limit}
            """, cancellationToken);

    public static Task InsertAsync(DbWork work, string tenant, SubmissionRow row) => work.ExecuteAsync($"""
        INSERT INTO capsule_submissions (tenant, id, capsule, capsule_version, status, summary, type, definition, source, digest, attestation_hash, attestation_key, warnings, author, version, created_at)
        VALUES ({tenant}, {row.Id}, {row.Capsule}, {row.CapsuleVersion}, {Name(row.Status)}, {row.Summary}, {row.Type}, {row.Definition}, {row.Source}, {row.Digest}, {row.AttestationHash}, {row.AttestationKey},
            {row.Warnings}, {row.Author}, {row.Version}, {row.CreatedAt.ToMicros()})
        """);

    /// <summary>False when somebody else was quicker.</summary>
    public static async Task<bool> ReviewAsync(DbWork work, string tenant, SubmissionRow row, SubmissionStatus status, string reviewer, string? notes, long at) => await work.ExecuteAsync($"""
        UPDATE capsule_submissions SET status = {Name(status)}, reviewer = {reviewer}, notes = {notes}, reviewed_at = {at}, version = {row.Version + 1}
        WHERE tenant = {tenant} AND id = {row.Id} AND version = {row.Version}
        """) == 1;

    /// <summary>False when somebody else was quicker.</summary>
    public static async Task<bool> RevokeAsync(DbWork work, string tenant, SubmissionRow row, string by, string notes, long at) => await work.ExecuteAsync($"""
        UPDATE capsule_submissions SET status = {Name(SubmissionStatus.Revoked)}, revoked_by = {by}, notes = {notes}, revoked_at = {at}, version = {row.Version + 1}
        WHERE tenant = {tenant} AND id = {row.Id} AND version = {row.Version}
        """) == 1;

    public Task<List<PinnedKeyRow>> KeysAsync(string tenant, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, MapKey, $"SELECT id, name, public_key, added_by, added_at FROM capsule_keys WHERE tenant = {tenant} ORDER BY id", cancellationToken);

    public Task<PinnedKeyRow?> KeyAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, MapKey, $"SELECT id, name, public_key, added_by, added_at FROM capsule_keys WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static Task PinAsync(DbWork work, string tenant, PinnedKeyRow key) => work.ExecuteAsync($"""
        INSERT INTO capsule_keys (tenant, id, name, public_key, added_by, added_at) VALUES ({tenant}, {key.Id}, {key.Name}, {key.PublicKey}, {key.AddedBy}, {key.AddedAt.ToMicros()})
        """);

    /// <summary>False when there was none.</summary>
    public static async Task<bool> UnpinAsync(DbWork work, string tenant, string id) => await work.ExecuteAsync($"DELETE FROM capsule_keys WHERE tenant = {tenant} AND id = {id}") == 1;

    public static string Name(SubmissionStatus status) => status.ToString().ToLowerInvariant();

    private static SubmissionRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), Enum.Parse<SubmissionStatus>(reader.GetString(3), ignoreCase: true), reader.GetString(4), reader.GetString(5), reader.GetString(6),
        reader.GetString(7), reader.GetString(8), reader.Text(9), reader.Text(10), reader.GetString(11), reader.GetString(12), reader.Text(13), reader.Text(14), reader.GetInt64(15),
        reader.Instant(16), reader.MaybeInstant(17), reader.MaybeInstant(18), reader.Text(19));

    private static PinnedKeyRow MapKey(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Instant(4));
}
