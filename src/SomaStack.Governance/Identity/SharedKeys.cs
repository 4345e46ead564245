using System.Security.Cryptography;
using System.Text;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Installations with databases of their own that share a folder of keys (<c>SOMA_KEYS</c>): they have one issuer, and each verifies what the others
/// sign. Whoever can read the folder could sign in any of their names, so taking its keys over gives nobody more than that.
/// </summary>
internal static class SharedKeys
{
    private const string Pattern = "token-*.pem";

    /// <summary>The issuer that the first of them wrote down; the proposed one where keys are not shared.</summary>
    public static string Issuer(SomaOptions options, string proposed)
    {
        if (options.Keys is null) return proposed;
        Directory.CreateDirectory(options.KeysDirectory);
        var path = Path.Combine(options.KeysDirectory, "issuer");
        KeyFile.WriteOnce(path, Encoding.ASCII.GetBytes(proposed));
        return File.ReadAllText(path).Trim();
    }

    /// <summary>Publishes in our database what is new in the folder.</summary>
    /// <returns>True when there was something.</returns>
    public static async Task<bool> AdoptAsync(SomaOptions options, IdentityStore store, List<SigningKeyRow> known, CancellationToken cancellationToken)
    {
        if (options.Keys is null || !Directory.Exists(options.KeysDirectory)) return false;
        var found = false;
        foreach (var path in Directory.EnumerateFiles(options.KeysDirectory, Pattern))
        {
            var kid = Path.GetFileNameWithoutExtension(path)["token-".Length..];
            if (known.Exists(row => row.Kid == kid)) continue;
            using var key = ECDsa.Create();
            key.ImportFromPem(await File.ReadAllTextAsync(path, cancellationToken));
            await store.AdoptSigningKeyAsync(new SigningKeyRow(kid, key.ExportSubjectPublicKeyInfo(), File.GetLastWriteTimeUtc(path), null), cancellationToken);
            found = true;
        }
        return found;
    }
}
