using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Principal">Whose it is; empty for the tenant's own.</param>
/// <param name="Kinds">Empty for all.</param>
/// <param name="Secret">Sealed.</param>
/// <param name="OldSecret">Signs beside it until <paramref name="OldUntil"/>.</param>
internal sealed record WebhookEndpoint(
    string Tenant, string Id, string Principal, string Url, string Description, string SeverityThreshold, IReadOnlyList<string> Kinds, byte[] Secret, byte[]? OldSecret,
    DateTimeOffset? OldUntil, DateTimeOffset? DisabledAt, string? DisabledReason, DateTimeOffset? FailingSince, string CreatedBy, DateTimeOffset CreatedAt, long Version)
{
    public const string Columns = """
        tenant, id, principal, url, description, severity_threshold, kinds, secret, old_secret, old_until, disabled_at, disabled_reason, failing_since, created_by, created_at, version
        """;

    public static WebhookEndpoint Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
        reader.GetString(6).Split(' ', StringSplitOptions.RemoveEmptyEntries), reader.Bytes(7), reader.IsDBNull(8) ? null : reader.Bytes(8), reader.MaybeInstant(9), reader.MaybeInstant(10),
        reader.Text(11), reader.MaybeInstant(12), reader.GetString(13), reader.Instant(14), reader.GetInt64(15));
}

/// <param name="Scope">mine or tenant.</param>
/// <param name="Url">Without its path, which often is a secret.</param>
/// <param name="OldSecretUntil">How long the secret before the last rotation signs too.</param>
internal sealed record WebhookView(
    string Id, string Scope, string Url, string Description, string SeverityThreshold, IReadOnlyList<string> Kinds, DateTimeOffset? OldSecretUntil, DateTimeOffset? DisabledAt,
    string? DisabledReason, DateTimeOffset? FailingSince, string CreatedBy, DateTimeOffset CreatedAt, long Version)
{
    public static WebhookView Of(WebhookEndpoint row, DateTimeOffset now) => new(
        row.Id, row.Principal.Length == 0 ? "tenant" : "mine", OutgoingOrigins.Masked(new Uri(row.Url)), row.Description, row.SeverityThreshold, row.Kinds,
        row.OldUntil > now ? row.OldUntil : null, row.DisabledAt, row.DisabledReason, row.FailingSince, row.CreatedBy, row.CreatedAt, row.Version);
}

/// <param name="Secret">Shown this once; only sealed it is kept.</param>
internal sealed record WebhookWithSecret(string Secret, WebhookView Webhook);
