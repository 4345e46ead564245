using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>A delivery as it stands in the ledger.</summary>
/// <param name="Notification">Its id; empty for a digest.</param>
/// <param name="Digest">Its id; empty for a notification.</param>
/// <param name="Attempt">How many were begun.</param>
internal sealed record LedgerRow(
    string Tenant, string Id, string Notification, string Digest, string Principal, string Channel, string Target, string State, long Attempt, string Reason,
    DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset GiveUpAt, string? LastError, DateTimeOffset? EndedAt)
{
    public const string Columns = "tenant, id, notification, digest, principal, channel, target, state, attempt, reason, created_at, due_at, give_up_at, last_error, ended_at";

    public static LedgerRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7),
        reader.GetInt64(8), reader.GetString(9), reader.Instant(10), reader.Instant(11), reader.Instant(12), reader.Text(13), reader.MaybeInstant(14));
}

/// <param name="Took">Zero while it runs.</param>
/// <param name="Outcome">running, delivered, retry, refused, disabled, cancelled, put_off, interrupted or lost.</param>
/// <param name="Status">What the far side answered.</param>
internal sealed record AttemptRow(long Attempt, DateTimeOffset StartedAt, TimeSpan Took, string Outcome, string Reason, long? Status)
{
    public static AttemptRow Map(DbDataReader reader) => new(
        reader.GetInt64(0), reader.Instant(1), TimeSpan.FromMicroseconds(reader.GetInt64(2)), reader.GetString(3), reader.GetString(4), reader.Number(5));
}
