using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Platform;

public static class TextDigest
{
    /// <summary>Lower-hex SHA-256 of the UTF-8 text: proves later which words were meant, without keeping them.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
