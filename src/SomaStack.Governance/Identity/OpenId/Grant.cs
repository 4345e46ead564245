using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What one person allowed one client, once: the family of all tokens that come of it.</summary>
/// <param name="Proof">How the person had signed in when he allowed it; his tokens say so.</param>
/// <param name="Scopes">What was granted then; a token of the family has it as far as its holder still does.</param>
internal sealed record Grant(
    string Tenant, string Id, string Client, string Principal, IReadOnlyList<string> Scopes, DateTimeOffset AuthenticatedAt, Proof Proof, DateTimeOffset ExpiresAt, bool IsRevoked)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);
    public static readonly TimeSpan RefreshLifetime = TimeSpan.FromDays(30);
    public static readonly TimeSpan CodeLifetime = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan AccessLifetime = TimeSpan.FromMinutes(15);

    public const string Columns = "tenant, id, client, principal, scopes, authenticated_at, amr, mfa_at, expires_at, revoked_at";

    public static Grant Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), Names.Read(reader.GetString(4)),
        reader.Instant(5), new Proof(Names.Read(reader.GetString(6)), reader.MaybeInstant(7)), reader.Instant(8), !reader.IsDBNull(9));
}

internal sealed record CodeRow(string Tenant, string Family, string RedirectUri, string Challenge, string? Nonce, DateTimeOffset ExpiresAt)
{
    public static CodeRow Map(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Text(4), reader.Instant(5));
}

internal sealed record RefreshRow(string Tenant, string Family, DateTimeOffset ExpiresAt)
{
    public static RefreshRow Map(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.Instant(2));
}

/// <summary>What waits for consent.</summary>
internal sealed record ConsentRow(string Client, string RedirectUri, IReadOnlyList<string> Scopes, string? State, string? Nonce, string Challenge)
{
    public static ConsentRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), Names.Read(reader.GetString(2)), reader.Text(3), reader.Text(4), reader.GetString(5));
}
