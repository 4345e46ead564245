using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Bench;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class TokenCounterTests(ITestOutputHelper output)
{
    private static readonly Tokenizers Loaded = new();

    [Theory]
    [InlineData("gpt-4o-mini", "o200k_base", true)]
    [InlineData("openai/gpt-4o", "o200k_base", true)]
    [InlineData("ft:gpt-4o-mini:acme::1", "o200k_base", true)]
    [InlineData("gpt-4.1-mini", "o200k_base", true)]
    [InlineData("gpt-5.2", "o200k_base", false)]
    [InlineData("gpt-5-mini", "o200k_base", true)]
    [InlineData("o3-mini", "o200k_base", true)]
    [InlineData("gpt-4", "cl100k_base", true)]
    [InlineData("gpt-4-0613", "cl100k_base", true)]
    [InlineData("gpt-3.5-turbo", "cl100k_base", true)]
    [InlineData("text-embedding-3-small", "cl100k_base", true)]
    [InlineData("gpt-4omega", "o200k_base", false)]
    [InlineData("claude-sonnet-4-5", "o200k_base", false)]
    [InlineData("llama-3.3-70b", "o200k_base", false)]
    [InlineData("", "o200k_base", false)]
    public void A_model_has_the_tokenizer_of_its_family(string model, string encoding, bool isOwn) => Assert.Equal((encoding, isOwn), (ModelEncoding.Of(model).Encoding, ModelEncoding.Of(model).IsOwn));

    [Fact]
    public async Task Text_and_messages_are_counted_as_the_cookbook_says()
    {
        var counter = new TokenCounter(Loaded);
        // The cookbook's own figures for this sentence in both encodings.
        Assert.Equal(6, (await counter.CountTextAsync("gpt-4o", "tiktoken is great!")).Tokens);
        Assert.Equal(6, (await counter.CountTextAsync("gpt-4", "tiktoken is great!")).Tokens);
        var messages = Json("""[{"role":"user","content":"What is the capital of France?"}]""");
        var count = await counter.CountMessagesAsync("gpt-4o", messages, null);
        // As recorded from OpenAI: 14.
        Assert.Equal((14, true, null), (count.Tokens, count.IsExact, count.ImageTokensMax));
        // Reasoning models are recorded one token beside the rule.
        Assert.False((await counter.CountMessagesAsync("gpt-5", messages, null)).IsExact);
        Assert.False((await counter.CountMessagesAsync("claude-sonnet-4-5", messages, null)).IsExact);
        var image = await counter.CountMessagesAsync("gpt-4o", Json("""[{"role":"user","content":[{"type":"text","text":"What is the capital of France?"},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}]"""), null);
        Assert.Equal((14 + ImageTokens.OpenAiMax, false, ImageTokens.OpenAiMax), (image.Tokens, image.IsExact, image.ImageTokensMax));
    }

    [Fact]
    public async Task What_looks_like_a_special_token_is_counted_as_the_text_that_a_provider_reads()
    {
        var counter = new TokenCounter(Loaded);
        var count = await counter.CountTextAsync("gpt-4o", "<|endoftext|>");
        Assert.True(count.Tokens >= 5, $"{count.Tokens}");
        Assert.False(count.IsExact);
    }

    [Fact]
    public async Task The_bound_is_one_and_tighter_than_the_bytes()
    {
        var tokenizer = await Loaded.LoadAsync("o200k_base");
        var counter = new TokenCounter(Loaded);
        var random = new Random(20261123);
        string[] alphabets = ["abcdefghij ", "ABC xyz .,\n", "äöü€漢字🙂 ", "\"\\\t/ ", "<|endoftext|>"];
        for (var i = 0; i < 300; i++)
        {
            var alphabet = alphabets[random.Next(alphabets.Length)].EnumerateRunes().Select(static rune => rune.ToString()).ToArray();
            var messages = new JsonArray();
            var tokens = 3L;
            for (var m = random.Next(1, 4); m > 0; m--)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(0, 900)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                tokens += 4 + TokenCounter.Count(tokenizer, text);
                messages.Add(new JsonObject { ["role"] = "user", ["content"] = random.Next(2) == 0 ? text : new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) });
            }
            var body = Encoding.UTF8.GetBytes(new JsonObject { ["model"] = "gpt-4o", ["messages"] = messages }.ToJsonString());
            var bound = counter.UpperBound(body, "gpt-4o");
            Assert.True(bound >= tokens && bound <= body.Length, $"{tokens} tokens, bound {bound}, {body.Length} bytes: {Encoding.UTF8.GetString(body)}");
        }
        var prose = Encoding.UTF8.GetBytes($$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{string.Concat(Enumerable.Repeat("The harbour was quiet in the morning. ", 40))}}"}]}""");
        Assert.True(counter.UpperBound(prose, "gpt-4o") < prose.Length / 3);
    }

    [Fact]
    public async Task The_bound_falls_back_to_the_bytes()
    {
        var counter = new TokenCounter(Loaded);
        await Loaded.LoadAsync("o200k_base");
        byte[] Body(int letters) => Encoding.UTF8.GetBytes($$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{new string('a', letters)}}"}]}""");
        Assert.Equal(Body(17_000).Length, counter.UpperBound(Body(17_000), "gpt-4o"));
        Assert.Equal(Body(1000).Length, counter.UpperBound(Body(1000), "claude-sonnet-4-5"));
        Assert.True(counter.UpperBound(Body(1000), "gpt-4o") < 400);
        var broken = Body(1000)[..^5];
        Assert.True(counter.UpperBound(broken, "gpt-4o") == broken.Length);
        // Not loaded yet: the caller does not wait.
        Assert.Equal(Body(1000).Length, new TokenCounter(new Tokenizers()).UpperBound(Body(1000), "gpt-4o"));
    }

    [Fact]
    public async Task Against_recorded_usage_exact_counts_are_exact_and_no_bound_of_an_own_tokenizer_breaks()
    {
        Assert.SkipWhen(RecordedTraffic.DefaultFolder() is null, "../shared/data/provider-recordings is not there.");
        var cases = await TokenBench.MeasureAsync(RecordedTraffic.DefaultFolder()!);
        Assert.True(cases.Count >= 40, $"{cases.Count} requests");
        foreach (var one in cases.Where(static one => one.Count.IsExact)) output.WriteLine($"{one.Exchange.File} {one.Exchange.Model}: {one.Recorded} recorded, {one.Count.Tokens} counted, bound {one.Bound}");
        Assert.All(cases.Where(static one => ModelEncoding.Of(one.Exchange.Model!).IsOwn), one => Assert.True(one.Bound >= one.Recorded, $"{one.Exchange.File}: {one.Recorded} tokens, bound {one.Bound}"));
        // The reservation's bound holds for every recorded request, tools and all.
        Assert.All(cases, one => Assert.True(InputBound.Of(Encoding.UTF8.GetBytes(one.Exchange.Recorded.Request!.ToJsonString())) >= one.Recorded, $"{one.Exchange.File}: {one.Recorded} tokens"));
        var exact = cases.Where(static one => one.Count.IsExact && one.Exchange.Address.AbsolutePath.EndsWith("/chat/completions", StringComparison.Ordinal)).ToList();
        Assert.True(exact.Count >= 3, $"{exact.Count} exact counts");
        Assert.All(exact, one => Assert.Equal((one.Exchange.File, one.Recorded), (one.Exchange.File, one.Count.Tokens)));
    }

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
