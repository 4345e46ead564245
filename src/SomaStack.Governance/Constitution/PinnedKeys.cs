using System.Globalization;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>
/// The installation's own signing key and the public keys whose signatures count: its own, and those that an operator put as
/// <c>keys/constitution-signers/*.pub</c> (32 raw bytes in base64url). A file <c>threshold</c> beside them holds the fewest signatures that
/// any version needs, whatever a document or the database says. Read once, so that a new pin takes a restart and shell access.
/// </summary>
internal sealed class PinnedKeys : IDisposable
{
    public PinnedKeys(SomaOptions options)
    {
        Installation = Ed25519Key.LoadOrCreate(Path.Combine(options.KeysDirectory, "constitution.pem"));
        var keys = new Dictionary<string, Ed25519PublicKey>(StringComparer.Ordinal) { [Installation.KeyId] = Installation.Public };
        var signers = Path.Combine(options.KeysDirectory, "constitution-signers");
        if (Directory.Exists(signers))
            foreach (var file in Directory.EnumerateFiles(signers, "*.pub"))
            {
                var key = Ed25519PublicKey.Parse(File.ReadAllText(file));
                keys[key.KeyId] = key;
            }
        Public = keys;
        Floor = ReadFloor(Path.Combine(signers, "threshold"));
    }

    public Ed25519Key Installation { get; }

    public IReadOnlyDictionary<string, Ed25519PublicKey> Public { get; }

    /// <summary>1 unless an operator pinned more.</summary>
    public int Floor { get; }

    public void Dispose() => Installation.Dispose();

    private static int ReadFloor(string file)
    {
        if (!File.Exists(file)) return 1;
        return int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var floor) && floor is >= 1 and <= SignerRule.Most
            ? floor
            : throw new InvalidOperationException($"'{file}' must hold a whole number from 1 to {SignerRule.Most}.");
    }
}
