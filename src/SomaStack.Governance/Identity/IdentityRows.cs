using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Revocation">Part of every token; raised to end all tokens of the principal.</param>
internal sealed record PrincipalRow(
    string Tenant, string Id, string Kind, string DisplayName, bool Active, IReadOnlyList<string> Capabilities,
    long Version, long Revocation, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public const string Columns = "tenant, id, kind, display_name, active, capabilities, version, revocation, created_at, updated_at, roles, extra, person, mfa";

    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>What it holds beside its roles; <see cref="Capabilities"/> is both together.</summary>
    public IReadOnlyList<string> Extra { get; init; } = Capabilities;

    /// <summary>The person whose membership this is; null for a service, and for a user who never set a password.</summary>
    public string? Person { get; init; }

    /// <summary>The person has a second factor.</summary>
    public bool Mfa { get; init; }

    public static PrincipalRow Map(DbDataReader reader)
    {
        var row = new PrincipalRow(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), Names.Read(reader.GetString(5)),
            reader.GetInt64(6), reader.GetInt64(7), reader.Instant(8), reader.Instant(9));
        return row with { Roles = Names.Read(reader.GetString(10)), Extra = reader.Text(11) is { } extra ? Names.Read(extra) : row.Capabilities, Person = reader.Text(12), Mfa = reader.GetBoolean(13) };
    }
}

internal sealed record SigningKeyRow(string Kid, byte[] PublicKey, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt)
{
    public static SigningKeyRow Map(DbDataReader reader) => new(reader.GetString(0), reader.Bytes(1), reader.Instant(2), reader.MaybeInstant(3));
}

/// <summary>Capability lists are stored as sorted JSON arrays, so that equal sets are equal texts.</summary>
internal static class Names
{
    public static IReadOnlyList<string> Read(string json) => JsonSerializer.Deserialize(json, IdentityJson.Default.StringArray) ?? [];

    public static string Write(IEnumerable<string> names) => JsonSerializer.Serialize([.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], IdentityJson.Default.StringArray);
}
