using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>A program that asks for tokens.</summary>
/// <param name="Tenant">Whose client it is; <c>*</c> for one that is part of SomaStack.</param>
/// <param name="Scopes">The capabilities that it may have; null for all that its holder has.</param>
/// <param name="Principal">As whom it acts with its own credentials; null when it does not.</param>
/// <param name="PublicKeys">A JSON Web Key Set with which it signs assertions (<c>private_key_jwt</c>).</param>
internal sealed record OAuthClient(
    string Tenant, string Id, string Name, bool IsConfidential, IReadOnlyList<string> Grants, IReadOnlyList<string> RedirectUris, IReadOnlyList<string> LogoutUris,
    IReadOnlyList<string>? Scopes, string? Principal, byte[]? SecretHash, string? PublicKeys, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public const string Code = "authorization_code";
    public const string Refresh = "refresh_token";
    public const string Device = "urn:ietf:params:oauth:grant-type:device_code";
    public const string Credentials = "client_credentials";

    public static readonly IReadOnlyList<string> AllGrants = [Code, Refresh, Device, Credentials];

    public const string Columns = "tenant, id, name, confidential, grants, redirect_uris, logout_uris, scopes, principal, secret_hash, public_keys, version, created_at, updated_at";

    public bool IsBuiltIn => Tenant == Db.AllTenants;

    /// <summary>A service account that is its own client; no registered id holds a slash.</summary>
    private bool IsService => Id.Contains('/', StringComparison.Ordinal);

    /// <summary>What the client calls itself. Names of tenants have no dot, so this is read back without doubt.</summary>
    public string WireId => IsBuiltIn || IsService ? Id : $"{Tenant}.{Id}";

    public bool Serves(string tenant) => IsBuiltIn || Tenant == tenant;

    /// <summary>A service account, which proved itself with one of its own secrets.</summary>
    public static OAuthClient OfService(PrincipalRow service) => new(
        service.Tenant, ServiceSecrets.ClientIdOf(service.Tenant, service.Id), service.DisplayName, true, [Credentials], [], [], null, service.Id, null, null, 1, service.CreatedAt, service.UpdatedAt);

    public static OAuthClient Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), Names.Read(reader.GetString(4)), Names.Read(reader.GetString(5)), Names.Read(reader.GetString(6)),
        Names.Read(reader.GetString(7)), reader.Text(8), reader.IsDBNull(9) ? null : reader.Bytes(9), reader.Text(10), reader.GetInt64(11), reader.Instant(12), reader.Instant(13));
}
