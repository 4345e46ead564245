using System.Data.Common;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What SCIM keeps of a person beside his principal.</summary>
/// <param name="UserName">In lower case: it is unique without regard to case.</param>
/// <param name="Profile">A JSON object: the name as it was sent, emails and the like.</param>
/// <param name="Granted">The capabilities that groups gave.</param>
internal sealed record ScimProfile(string Principal, string UserName, string? ExternalId, string Profile, IReadOnlyList<string> Granted, bool Deleted)
{
    public const string Columns = "principal, user_name, external_id, profile, granted, deleted";

    /// <summary>A principal that SCIM has not touched yet: its name is its id.</summary>
    public static ScimProfile Of(string principal) => new(principal, principal, null, "{}", [], false);

    public static ScimProfile Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.Text(2), reader.GetString(3), Names.Read(reader.GetString(4)), reader.GetBoolean(5));
}

/// <summary>A principal of the kind user with what SCIM knows about him.</summary>
internal sealed record ScimUser(string Id, string DisplayName, bool Active, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, ScimProfile Profile)
{
    public const string Columns = "p.id, p.display_name, p.active, p.version, p.created_at, p.updated_at, s.user_name, s.external_id, s.profile, s.granted";

    public static ScimUser Map(DbDataReader reader)
    {
        var id = reader.GetString(0);
        var profile = reader.IsDBNull(6) ? ScimProfile.Of(id) : new ScimProfile(id, reader.GetString(6), reader.Text(7), reader.GetString(8), Names.Read(reader.GetString(9)), false);
        return new ScimUser(id, reader.GetString(1), reader.GetBoolean(2), reader.GetInt64(3), reader.Instant(4), reader.Instant(5), profile);
    }
}

internal sealed record ScimGroup(string Id, string DisplayName, string? ExternalId, IReadOnlyList<string> Capabilities, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public const string Columns = "id, display_name, external_id, capabilities, version, created_at, updated_at";

    public static ScimGroup Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.Text(2), Names.Read(reader.GetString(3)), reader.GetInt64(4), reader.Instant(5), reader.Instant(6));
}

/// <summary>That a person is in a group.</summary>
internal sealed record ScimMember(string Group, string Principal, string Display)
{
    public static ScimMember Map(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.GetString(2));
}
