using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class MessagesEnvelopeTests
{
    [Fact]
    public void It_reads_what_the_gateway_decides_on()
    {
        var envelope = Read("""{"messages":[{"role":"user","content":"model"}],"mod\u0065l":"m","stream":true,"max_tokens":30}""");
        Assert.Equal(("m", true, 30L, 1L), (envelope.Model, envelope.Stream, envelope.OutputTokensMax, envelope.Choices));
    }

    [Theory]
    [InlineData("""{"model":"anthropic/claude","max_tokens":5, "messages" : []}""", """{"model":"claude","max_tokens":5, "messages" : []}""")]
    [InlineData("""{"max_tokens":5,"model": null}""", """{"max_tokens":5,"model": "claude"}""")]
    [InlineData("""{"max_tokens":5}""", """{"model":"claude","max_tokens":5}""")]
    [InlineData(" { }", """ {"model":"claude" }""")]
    public void Only_the_models_name_is_changed(string body, string forwarded) =>
        Assert.Equal(forwarded, Encoding.UTF8.GetString(Read(body).Forward(Encoding.UTF8.GetBytes(body), "claude").Span));

    [Fact]
    public void A_body_with_the_providers_name_is_forwarded_as_it_is()
    {
        var body = """ {"model":"m", "stream":false}"""u8.ToArray();
        Assert.True(MessagesEnvelope.Read(body).Forward(body, "m").Span.Overlaps(body));
    }

    [Fact]
    public void Without_a_version_of_the_callers_the_request_stays_as_the_provider_makes_it()
    {
        using var request = Request();
        Read("{}").Prepare(request);
        Assert.Equal(("2023-06-01", "key", null), (request.Headers.GetValues("anthropic-version").Single(), request.Headers.GetValues("x-api-key").Single(), request.Headers.Authorization));
        Assert.Equal("http://127.0.0.1:1/v1/messages", request.RequestUri!.AbsoluteUri);
    }

    [Fact]
    public void A_callers_version_and_betas_reach_the_provider_with_the_credential_that_version_wants()
    {
        using var request = Request();
        (Read("{}") with { Version = "2026-10-21", Beta = "one,two", IsBeta = true }).Prepare(request);
        Assert.Equal(("2026-10-21", "one,two"), (request.Headers.GetValues("anthropic-version").Single(), request.Headers.GetValues("anthropic-beta").Single()));
        Assert.Equal("Bearer key", request.Headers.Authorization!.ToString());
        Assert.False(request.Headers.Contains("x-api-key"));
        Assert.Equal("http://127.0.0.1:1/v1/messages?beta=true", request.RequestUri!.AbsoluteUri);
    }

    [Theory]
    [InlineData("", "malformed_request")]
    [InlineData("[]", "malformed_request")]
    [InlineData("{\"model\":\"m\"", "malformed_request")]
    [InlineData("{} {}", "malformed_request")]
    [InlineData("""{"model":"\ud800"}""", "malformed_request")]
    [InlineData("""{"model":7}""", "invalid_request")]
    [InlineData("""{"model":""}""", "invalid_request")]
    [InlineData("""{"model":"a","model":"b"}""", "invalid_request")]
    [InlineData("""{"stream":"yes"}""", "invalid_request")]
    [InlineData("""{"stream":true,"stream":false}""", "invalid_request")]
    [InlineData("""{"max_tokens":-1}""", "invalid_request")]
    [InlineData("""{"max_tokens":1.5}""", "invalid_request")]
    [InlineData("""{"max_tokens":1,"max_tokens":1}""", "invalid_request")]
    public void What_could_be_read_in_two_ways_is_refused(string body, string code) => Assert.Equal(code, Assert.Throws<Problem>(() => Read(body)).Code.Code);

    [Fact]
    public void Bytes_of_any_kind_are_read_or_refused_and_never_break_it() =>
        Gen.OneOf(
            Gen.Byte.Array[0, 200],
            Gen.OneOf(Of("{", "}", "[", "]", ":", ",", "\"model\"", "\"stream\"", "true", "null", "\"max_tokens\"", "1", "\"\\ud800\"", " ")).Array[0, 30].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))))
            .Sample(body =>
            {
                try
                {
                    var forwarded = MessagesEnvelope.Read(body).Forward(body, "m");
                    Assert.Equal("m", (string)JsonNode.Parse(forwarded.Span)!["model"]!);
                }
                catch (Problem)
                {
                }
            });

    private static Gen<string>[] Of(params string[] words) => [.. words.Select(Gen.Const)];

    private static HttpRequestMessage Request()
    {
        using var http = new HttpClient();
        return new Provider(new ProviderSettings("anthropic", ProviderKind.Anthropic, new Uri("http://127.0.0.1:1"), "key", []), http).Request(HttpMethod.Post, "v1/messages");
    }

    private static MessagesEnvelope Read(string body) => MessagesEnvelope.Read(Encoding.UTF8.GetBytes(body));
}
