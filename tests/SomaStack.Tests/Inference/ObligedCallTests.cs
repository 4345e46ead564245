using System.Text;
using System.Text.Json;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

/// <summary>What a body becomes when the rules want fewer tokens or fewer words.</summary>
public sealed class ObligedCallTests
{
    [Theory]
    [InlineData("""{"model":"m","max_tokens":500}""", """{"model":"m","max_tokens":20}""")]
    [InlineData("""{"model":"m","max_tokens":20}""", """{"model":"m","max_tokens":20}""")]
    [InlineData("""{"model":"m","max_tokens":7,"max_completion_tokens":70}""", """{"model":"m","max_tokens":7,"max_completion_tokens":20}""")]
    [InlineData("""{"max_tokens":null,"model":"m"}""", """{"max_tokens":20,"model":"m"}""")]
    [InlineData("""{"model":"m","metadata":{"max_tokens":500}}""", """{"max_completion_tokens":20,"model":"m","metadata":{"max_tokens":500}}""")]
    public void A_limit_is_lowered_or_put_in_and_never_raised(string body, string expected) =>
        Assert.Equal(expected, Text(ProfileSettings.Cap(Bytes(body), WireFormat.Chat, ProviderKind.OpenAi, 20)));

    [Fact]
    public void Each_format_has_its_own_name_for_the_limit()
    {
        Assert.Equal("""{"max_output_tokens":2,"model":"m"}""", Text(ProfileSettings.Cap(Bytes("""{"model":"m"}"""), WireFormat.Responses, ProviderKind.OpenAi, 2)));
        Assert.Equal("""{"max_tokens":2,"model":"m"}""", Text(ProfileSettings.Cap(Bytes("""{"model":"m"}"""), WireFormat.Messages, ProviderKind.Anthropic, 2)));
    }

    [Fact]
    public void Texts_are_redacted_at_every_depth_and_all_other_bytes_stay()
    {
        const string Body = """{ "model":"secret-model", "messages":[{"role":"user","content":[{"type":"text","text":"a \"secret\" \u0073ecret"}]},{"role":"tool","content":"none"}],"n" : 1,"secret":"secret"}""";
        Assert.Equal(
            """{ "model":"secret-model", "messages":[{"role":"user","content":[{"type":"text","text":"a \u0022X\u0022 X"}]},{"role":"tool","content":"none"}],"n" : 1,"secret":"X"}""",
            Text(BodyTexts.Redact(Bytes(Body), Redact)));
        var untouched = Bytes("""{"model":"m","messages":[]}""");
        Assert.True(BodyTexts.Redact(untouched, Redact).Equals(untouched));
        Assert.Equal("malformed_request", Assert.Throws<Problem>(() => BodyTexts.Redact(Bytes("""{"a":"\ud800"}"""), Redact)).Code.Code);
        Assert.Equal("\"X\"", BodyTexts.Redact(JsonDocument.Parse("\"secret\"").RootElement, Redact).GetRawText());
    }

    [Fact]
    public void A_purpose_that_is_not_known_carries_out_nothing()
    {
        Assert.Empty(ObligedCall.MetFor("count_tokens"));
        Assert.Contains("redact", ObligedCall.MetFor("session"));
        Assert.DoesNotContain("redact", ObligedCall.MetFor("embeddings"));
    }

    private static string? Redact(string text) => text.Contains("secret", StringComparison.Ordinal) ? text.Replace("secret", "X", StringComparison.Ordinal) : null;

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
