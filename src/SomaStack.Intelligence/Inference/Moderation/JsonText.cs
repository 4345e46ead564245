using System.Text;
using System.Text.Json;

namespace SomaStack.Intelligence.Inference;

/// <summary>A text as a JSON string, with its quotes.</summary>
internal static class JsonText
{
    public static byte[] Quoted(string text) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text)}\"");
}
