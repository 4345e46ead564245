using System.Text;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools.Contracts;

/// <summary>What a publisher signs, for tools that sign. A server only ever verifies.</summary>
public static class ManifestSigning
{
    /// <summary>Lower-hex SHA-256 over the RFC 8785 form.</summary>
    /// <exception cref="FormatException">It is no I-JSON.</exception>
    public static string Digest(string manifest) => TextDigest.Of(CanonicalJson.Canonicalize(manifest));

    /// <summary>The digest with a word before it, so that a signature over anything else never fits.</summary>
    public static byte[] Message(string digest) => Encoding.ASCII.GetBytes("somastack.tool-manifest.v1\n" + digest);
}
