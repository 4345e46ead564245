using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity.Contracts;

/// <summary>Who can be told something. Services are none of them: nobody reads what they are sent.</summary>
public interface IPeople
{
    /// <summary>The tenant's active users by id, after <paramref name="after"/>; from the database.</summary>
    /// <param name="after">Empty for the first.</param>
    /// <param name="limit">1 to 1000.</param>
    Task<List<string>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken);

    /// <summary>The tenant's active users who hold the capability now, by id. Read inside the caller's transaction.</summary>
    Task<List<string>> HoldersAsync(DbWork work, string tenant, string capability, int limit);

    /// <summary>Those of <paramref name="ids"/> who are active users of the tenant. Read inside the caller's transaction.</summary>
    Task<List<string>> ActiveAsync(DbWork work, string tenant, IReadOnlyCollection<string> ids);

    /// <summary>The active tenants with active users, or with such who hold the capability. Inside a transaction over all tenants.</summary>
    /// <param name="capability">Null for any.</param>
    Task<List<string>> TenantsAsync(DbWork work, string? capability);
}

/// <summary>Where this installation is reached from outside; what links in messages begin with.</summary>
public interface IPublicAddress
{
    /// <param name="path">Begins with a slash.</param>
    string Of(string path);
}

/// <summary>Encrypts what the database must not show, under a key file of this installation (AES-256-GCM).</summary>
public interface ISealedSecrets
{
    /// <param name="purpose">A word of the program; each has a key of its own.</param>
    /// <param name="owner">Bound to the result: another owner's box does not open.</param>
    byte[] Seal(string purpose, string owner, ReadOnlySpan<byte> plain);

    /// <summary>Null when it was not sealed here for this purpose and owner.</summary>
    byte[]? Open(string purpose, string owner, ReadOnlySpan<byte> box);

    /// <summary>32 bytes for HMACs of this purpose.</summary>
    byte[] KeyFor(string purpose);
}

/// <summary>Who is signed in with the browser's cookie; pages read it themselves, since they answer a stranger with a page and not with 401.</summary>
public interface IBrowsers
{
    /// <summary>Null when nobody is.</summary>
    ValueTask<RequestContext?> FindAsync(HttpRequest request, CancellationToken cancellationToken);

    /// <summary>The person who sent a form of ours.</summary>
    /// <exception cref="Problem">403 when the form came from another site, 401 when nobody is signed in.</exception>
    Task<RequestContext> OfFormAsync(HttpRequest request, CancellationToken cancellationToken);

    /// <summary>Where a person signs in, or does so again with a second factor, and then comes back to a path of this server.</summary>
    string SignInAddress(string returnTo);
}
