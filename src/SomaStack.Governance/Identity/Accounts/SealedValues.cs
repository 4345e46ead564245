using System.Security.Cryptography;
using System.Text;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Encrypts what the database must not show (secrets of second factors) and what a browser carries for us (forms), with a key in
/// <c>keys/accounts.key</c> (32 bytes, mode 0600), made at first use. Replicas need the same file.
/// </summary>
internal sealed class SealedValues(SomaOptions options) : ISealedSecrets
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int MarkBytes = 4;

    private readonly Lazy<byte[]> _key = new(() => Load(options));

    /// <summary>AES-256-GCM under a key of this purpose (HKDF, RFC 5869), bound to <paramref name="owner"/>.</summary>
    public byte[] Seal(string purpose, string owner, ReadOnlySpan<byte> plain)
    {
        var result = new byte[MarkBytes + NonceBytes + TagBytes + plain.Length];
        Mark().CopyTo(result, 0);
        var nonce = result.AsSpan(MarkBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(KeyFor(purpose), TagBytes);
        aes.Encrypt(nonce, plain, result.AsSpan(MarkBytes + NonceBytes + TagBytes), result.AsSpan(MarkBytes + NonceBytes, TagBytes), Encoding.UTF8.GetBytes(owner));
        return result;
    }

    /// <summary>Null when it was not sealed here for this purpose and owner.</summary>
    public byte[]? Open(string purpose, string owner, ReadOnlySpan<byte> box)
    {
        if (box.Length < MarkBytes + NonceBytes + TagBytes || !IsOurs(box)) return null;
        var plain = new byte[box.Length - MarkBytes - NonceBytes - TagBytes];
        using var aes = new AesGcm(KeyFor(purpose), TagBytes);
        try
        {
            aes.Decrypt(box.Slice(MarkBytes, NonceBytes), box[(MarkBytes + NonceBytes + TagBytes)..], box.Slice(MarkBytes + NonceBytes, TagBytes), plain, Encoding.UTF8.GetBytes(owner));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <summary>Whether the key file here is the one that sealed it; another replica's may be missing.</summary>
    public bool IsOurs(ReadOnlySpan<byte> box) => box.Length >= MarkBytes && box[..MarkBytes].SequenceEqual(Mark());

    public byte[] KeyFor(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _key.Value, 32, info: Encoding.ASCII.GetBytes("somastack/" + purpose));

    private byte[] Mark() => SHA256.HashData(_key.Value)[..MarkBytes];

    private static byte[] Load(SomaOptions options)
    {
        var path = Path.Combine(options.KeysDirectory, "accounts.key");
        if (!File.Exists(path))
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(options.KeysDirectory);
            else Directory.CreateDirectory(options.KeysDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            KeyFile.WriteOnce(path, RandomNumberGenerator.GetBytes(32));
        }
        var key = File.ReadAllBytes(path);
        return key.Length == 32 ? key : throw new CryptographicException($"'{path}' must hold 32 bytes.");
    }
}
