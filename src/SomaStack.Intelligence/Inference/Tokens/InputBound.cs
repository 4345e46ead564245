using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// How many input tokens a request may have at most, for its reservation. A byte-level tokenizer makes at most one token of a byte, so a
/// body's length is a bound, but for what a provider adds by itself when there are tools; that is allowed for.
/// </summary>
internal sealed class InputBound(TokenCounter counter, IBilling billing)
{
    /// <summary>
    /// What providers were seen to add for tools is at most 311 tokens more than there were bytes (Groq, 717 for 406; docs/tokens-and-audio.md), and Anthropic
    /// documents at most 530 for its own ("Tool use", Claude 3 Opus). It is an allowance and no proof: a provider may add more.
    /// </summary>
    public const long ToolsAllowance = 1024;

    /// <summary>By the bytes alone.</summary>
    public static long Of(ReadOnlySpan<byte> body) => body.Length + (NamesTools(body) ? ToolsAllowance : 0);

    /// <summary>
    /// Of a chat request in OpenAI's shape: by the bytes while those can be refused by nobody, which costs nothing; else, where a limit may be near, by the
    /// models' own tokenizers. Of several candidates the largest bound holds.
    /// </summary>
    public async ValueTask<long> OfChatAsync(RequestContext context, Route route, ReadOnlyMemory<byte> body, long outputTokensMax)
    {
        var bytes = Of(body.Span);
        var first = route.Candidates[0];
        if (await billing.IsSureAsync(context, new ReservationRequest("", first.Provider, first.Id, bytes, outputTokensMax, "chat"))) return bytes;
        return bytes - body.Length + route.Candidates.Max(model => counter.UpperBound(body.Span, model.Id));
    }

    /// <summary>A quotation mark inside of a text is escaped, so only a name or a whole value looks like this; taking one too many for tools does no harm.</summary>
    private static bool NamesTools(ReadOnlySpan<byte> body) => body.IndexOf("\"tools\""u8) >= 0 || body.IndexOf("\"functions\""u8) >= 0;
}
