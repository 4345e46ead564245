using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="AllBut">In place of a list: everything that is published but these.</param>
internal sealed record PublishedRole(string Name, string Description, string[]? Capabilities = null, string[]? AllBut = null);

/// <summary>The roles that every tenant has, as data (<c>roles.json</c>). They change with a release only.</summary>
internal static class PublishedRoles
{
    private const string Resource = "SomaStack.Governance.Identity.roles.json";

    private static readonly byte[] Json = Read();

    public static readonly IReadOnlyList<RoleRow> All = Load();

    public static readonly FrozenDictionary<string, RoleRow> ByName = All.ToFrozenDictionary(static role => role.Name, StringComparer.Ordinal);

    /// <summary>Changes when the list, or what is published of capabilities, changes.</summary>
    public static readonly string Digest = Convert.ToHexStringLower(SHA256.HashData(
        System.Text.Encoding.UTF8.GetBytes(string.Join('\n', All.Select(static role => role.Name + ":" + string.Join(',', role.Capabilities))))));

    private static List<RoleRow> Load() =>
    [
        .. JsonSerializer.Deserialize(Json, IdentityJson.Default.PublishedRoleArray)!.Select(static role => new RoleRow(
            Db.AllTenants, role.Name, role.Description,
            [.. CapabilitySet.Of(role.AllBut is { } not ? Capability.All.Except(not) : role.Capabilities ?? []).Names.Order(StringComparer.Ordinal)],
            0, DateTimeOffset.UnixEpoch)),
    ];

    private static byte[] Read()
    {
        using var stream = typeof(PublishedRoles).Assembly.GetManifestResourceStream(Resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
