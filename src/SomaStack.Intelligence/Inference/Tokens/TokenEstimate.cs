using System.Text;

namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>
/// How many tokens a text is taken for where no tokenizer of the model is at hand: UTF-8 bytes over four, rounded up. English and code
/// come to about four characters a token, scripts of three bytes a character to about four tokens for three characters or fewer.
/// What is billed is always the provider's own count.
/// </summary>
public static class TokenEstimate
{
    public const int BytesPerToken = 4;

    public static int Of(ReadOnlySpan<char> text) => OfBytes(Encoding.UTF8.GetByteCount(text));

    public static int OfBytes(int bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;
}
