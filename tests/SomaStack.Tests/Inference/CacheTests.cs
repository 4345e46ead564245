using System.Text;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class CacheTests
{
    private const string Request = """{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"temperature":1.0}""";

    private static readonly KnownModel Tiny = new("tiny", "lab", null, null, null);

    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData("""{ "temperature" : 1, "messages":[{"content":"Hi","role":"user"}], "model":"lab/tiny" }""")]
    [InlineData("""{"user":"ada","metadata":{"a":"b"},"safety_identifier":"x","messages":[{"role":"user","content":"\u0048i"}],"temperature":1e0}""")]
    public void Requests_that_mean_the_same_have_one_key(string other) => Assert.Equal(Key(Request), Key(other));

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"Hi "}],"temperature":1}""")]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}],"temperature":1,"seed":1}""")]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}],"temperature":1,"stream":true}""")]
    public void Requests_that_differ_have_two(string other) => Assert.NotEqual(Key(Request), Key(other));

    [Fact]
    public void No_key_is_shared_by_tenants_principals_models_or_formats()
    {
        var context = Context("demo", "ada");
        var keys = new[]
        {
            Key(Request), Key(Request, Context("other", "ada")), Key(Request, Context("demo", "bob")), Key(Request, Context("dem", "oada")),
            AnswerCache.KeyOf(context, Tiny with { Id = "large" }, WireFormat.Chat, ChatEnvelope.Read(Encoding.UTF8.GetBytes(Request)), Encoding.UTF8.GetBytes(Request)),
            AnswerCache.KeyOf(context, Tiny, WireFormat.Responses, ChatEnvelope.Read(Encoding.UTF8.GetBytes(Request)), Encoding.UTF8.GetBytes(Request)),
        };
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void What_two_readers_may_read_differently_has_no_key()
    {
        Assert.Null(Key("""{"messages":[],"temperature":1,"temperature":2}"""));
        Assert.Null(Key("""{"messages":[{"a":1,"a":2}]}"""));
    }

    [Fact]
    public void An_answer_is_kept_for_an_hour()
    {
        var cache = new AnswerCache(_clock);
        cache.Keep("key", Answer("{}"));
        _clock.Advance(AnswerCache.KeptFor - TimeSpan.FromSeconds(1));
        Assert.NotNull(cache.Find("key"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(cache.Find("key"));
        Assert.Null(cache.Find("other"));
    }

    [Fact]
    public void The_least_recently_used_go_when_it_is_full()
    {
        var cache = new AnswerCache(_clock);
        var large = new string('x', AnswerCache.AnswerBytesMax - 1);
        cache.Keep("first", Answer(large));
        cache.Keep("second", Answer(large));
        for (var i = 0; i < 62; i++)
        {
            Assert.NotNull(cache.Find("first"));
            cache.Keep("more" + i, Answer(large));
        }
        Assert.NotNull(cache.Find("first"));
        Assert.Null(cache.Find("second"));
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"I cannot."}}]}""", false)]
    [InlineData("""{"choices":[{"message":{"content":"Yes.","refusal":null}}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason": "content_filter"}]}""", false)]
    [InlineData("""{"stop_reason" : "refusal"}""", false)]
    [InlineData("""{"stop_reason":"end_turn"}""", true)]
    public void A_refusal_is_not_kept(string answer, bool kept)
    {
        var cache = new AnswerCache(_clock);
        cache.Keep("key", Answer(answer));
        Assert.Equal(kept, cache.Find("key") is not null);
    }

    private static string? Key(string body, RequestContext? context = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var envelope = new Asked(body.Contains("\"stream\":true", StringComparison.Ordinal));
        return AnswerCache.KeyOf(context ?? Context("demo", "ada"), Tiny, WireFormat.Chat, envelope, bytes);
    }

    private static CachedAnswer Answer(string body) => new(Encoding.UTF8.GetBytes(body), false, false, Tiny, new TokenUsage(1, 1));

    private static RequestContext Context(string tenant, string principal) => RequestContext.ForSystem(tenant, DeploymentMode.Test) with { Principal = new Principal(principal, "user") };

    private sealed record Asked(bool AsStream) : Envelope(null, AsStream, false, null, 1)
    {
        public override ReadOnlyMemory<byte> Forward(ReadOnlyMemory<byte> body, string model) => body;
    }
}
