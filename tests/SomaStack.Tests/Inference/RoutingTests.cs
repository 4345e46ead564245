using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class RoutingTests : IDisposable
{
    private static readonly RequestContext Context = RequestContext.ForSystem("demo", DeploymentMode.Test);

    private readonly ModelDirectory _directory;
    private readonly Profiles _profiles = new();
    private readonly Router _router;

    public RoutingTests()
    {
        _directory = new ModelDirectory(new SomaOptions { Model = "small" }, new FakeTimeProvider(), new ProviderList([Lab("one", "small", "large", "shared"), Lab("two", "other", "shared", "planning")]));
        _router = new Router(_directory, _profiles);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Without_a_profile_a_role_is_the_default_model()
    {
        foreach (var asked in new[] { null, "chat", "role:chat", "role:dialogue_reasoning", "code_generation" }) Assert.Equal(["one/small"], await FindAsync(asked));
    }

    [Fact]
    public async Task A_profile_answers_for_its_role_with_what_there_is_of_it()
    {
        _profiles.Set(ModelProfile.Of(ModelRoles.Chat, "large", "gone", "two/shared", "large", "other"));
        foreach (var asked in new[] { null, "chat", "role:chat" }) Assert.Equal(["one/large", "two/shared", "two/other"], await FindAsync(asked));
        Assert.Equal(["one/small"], await FindAsync(null, ModelRoles.Planning));
        _profiles.Set(ModelProfile.Of(ModelRoles.Planning, "gone", "other"));
        Assert.Equal(["two/other"], await FindAsync(null, ModelRoles.Planning));
    }

    [Fact]
    public async Task A_model_that_is_asked_for_by_name_has_fallbacks_only_as_a_profiles_primary()
    {
        _profiles.Set(ModelProfile.Of(ModelRoles.Code, "one/large", "other"));
        Assert.Equal(["one/large", "two/other"], await FindAsync("large"));
        Assert.Equal(["two/other"], await FindAsync("other"));
        Assert.Equal(["one/shared"], await FindAsync("shared"));
        Assert.Equal(["two/shared"], await FindAsync("two/shared"));
        Assert.False((await _router.FindAsync(Context, "large", "chat", Stop)).ByRole);
    }

    [Fact]
    public async Task A_model_that_bears_the_name_of_a_role_is_that_model()
    {
        await _directory.RefreshAsync(Stop);
        Assert.Equal(["two/planning"], await FindAsync("planning"));
        Assert.Equal(["one/small"], await FindAsync("role:planning"));
    }

    [Theory]
    [InlineData("nope")]
    [InlineData("role:nope")]
    public async Task What_is_neither_is_unknown(string asked) =>
        Assert.Equal("model_unknown", (await Assert.ThrowsAsync<Problem>(async () => await FindAsync(asked))).Code.Code);

    [Fact]
    public async Task A_profile_of_which_nothing_is_there_says_so()
    {
        _profiles.Set(ModelProfile.Of(ModelRoles.Chat, "gone", "away"));
        Assert.Contains("'gone'", (await Assert.ThrowsAsync<Problem>(async () => await FindAsync(null))).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", WireFormat.Chat, ProviderKind.OpenAiCompatible, """{"temperature":0.3,"max_tokens":77,"messages":[]}""")]
    [InlineData("""{"messages":[]}""", WireFormat.Chat, ProviderKind.OpenAi, """{"temperature":0.3,"max_completion_tokens":77,"messages":[]}""")]
    [InlineData("""{"input":"x"}""", WireFormat.Responses, ProviderKind.OpenAi, """{"temperature":0.3,"max_output_tokens":77,"input":"x"}""")]
    [InlineData("""{"temperature":1,"max_tokens":5}""", WireFormat.Chat, ProviderKind.OpenAi, """{"temperature":1,"max_tokens":5}""")]
    [InlineData(""" { "max_tokens":5}""", WireFormat.Messages, ProviderKind.Anthropic, """ {"temperature":0.3, "max_tokens":5}""")]
    public void A_profiles_settings_stand_in_for_what_the_request_does_not_set(string body, object format, object kind, string expected)
    {
        var profile = ModelProfile.Of("chat", "x") with { Temperature = 0.3, MaxTokens = 77 };
        Assert.Equal(expected, Encoding.UTF8.GetString(ProfileSettings.Apply(Encoding.UTF8.GetBytes(body), (WireFormat)format, (ProviderKind)kind, profile).Span));
    }

    [Fact]
    public void A_profile_out_of_range_names_every_field()
    {
        var wrong = new ModelProfile("nope", "", ["a", "a"], 3, 0, false, 9, 0, 601, 0, 0);
        var problem = Assert.Throws<Problem>(() => ServedModelProfiles.Checked(wrong, 0));
        Assert.Equal(["role", "primary", "fallbacks", "settings.temperature", "settings.max_tokens", "retries", "timeout_seconds", "total_seconds", "hedge_after_ms"], problem.Errors.Select(error => error.Field));
        Assert.Equal(("chat", 4L), ServedModelProfiles.Checked(ModelProfile.Of("dialogue_reasoning", "x"), 3) is var right ? (right.Role, right.Version) : default);
    }

    [Fact]
    public void Limits_are_the_profiles_or_a_minute_of_silence_in_ten()
    {
        Assert.Equal(new AttemptLimits(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10)), AttemptLimits.Of(null, stream: true));
        Assert.Equal(TimeSpan.FromMinutes(10), AttemptLimits.Of(null, stream: false).FirstByte);
        var profile = ModelProfile.Of("chat", "x") with { TimeoutSeconds = 2, TotalSeconds = 5 };
        Assert.Equal(new AttemptLimits(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)), AttemptLimits.Of(profile, stream: false));
    }

    [Fact]
    public void A_deadline_knows_why_it_ended()
    {
        var clock = new FakeTimeProvider();
        var limits = new AttemptLimits(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));
        using var caller = new CancellationTokenSource();
        using (var slow = new AttemptDeadline(clock, limits, caller.Token))
        {
            slow.Expect(limits.FirstByte);
            clock.Advance(TimeSpan.FromSeconds(1.9));
            slow.Expect(limits.Idle);
            clock.Advance(TimeSpan.FromSeconds(1.9));
            // Never silent for long, and still over after five seconds.
            slow.Expect(limits.Idle);
            Assert.False(slow.Token.IsCancellationRequested);
            clock.Advance(TimeSpan.FromSeconds(1.2));
            Assert.True(slow.Token.IsCancellationRequested);
            Assert.Equal("provider_timeout", slow.Explain(new OperationCanceledException())!.Code.Code);
        }
        using (var overtaken = new AttemptDeadline(clock, limits, caller.Token))
        {
            overtaken.Lose();
            Assert.Equal((null, "hedge_lost"), (overtaken.Explain(new OperationCanceledException()), overtaken.Reason));
        }
        using var left = new AttemptDeadline(clock, limits, caller.Token);
        caller.Cancel();
        Assert.True(left.Token.IsCancellationRequested);
        Assert.Equal((null, "client_closed"), (left.Explain(new IOException()), left.Reason));
    }

    [Fact]
    public void The_text_of_a_piece_is_counted_without_its_escapes() => Gen.String[Gen.Char['\u0000', '\u00ff'], 0, 40].Sample(text =>
    {
        var piece = new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["content"] = text } }) }.ToJsonString();
        var counted = StreamText.Written(Encoding.UTF8.GetBytes(piece));
        // An escaped character counts as three bytes, whatever it takes: at most one more than it has, for these.
        Assert.InRange(counted, Encoding.UTF8.GetByteCount(text), Encoding.UTF8.GetByteCount(text) * 3);
    });

    [Theory]
    [InlineData("""{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hello"}}""", 5)]
    [InlineData("""{"type":"response.output_text.delta","delta":"Hi \"you\""}""", 8)]
    [InlineData("""{"type":"response.output_text.done","text":"Hello"}""", 0)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"function":{"arguments": "{\"a\":1}"}}]}}]}""", 7)]
    [InlineData("""{"choices":[{"delta":{"content":null}}]}""", 0)]
    [InlineData("""{"choices":[{"delta":{"content":"cut of""", 6)]
    public void Each_format_keeps_its_text_elsewhere(string piece, int bytes) => Assert.Equal(bytes, StreamText.Written(Encoding.UTF8.GetBytes(piece)));

    private async Task<List<string>> FindAsync(string? asked, string role = "chat") => [.. (await _router.FindAsync(Context, asked, role, Stop)).Candidates.Select(model => model.Qualified)];

    private static Provider Lab(string name, params string[] models) =>
        new(new ProviderSettings(name, ProviderKind.OpenAiCompatible, new Uri("http://127.0.0.1:1/v1"), null, models), OutgoingHttp.Create(OutgoingLimits.Default));

    private sealed class Profiles : IModelProfiles
    {
        private readonly Dictionary<string, ModelProfile> _set = new(StringComparer.Ordinal);

        public void Set(ModelProfile profile) => _set[profile.Role] = profile;

        public ValueTask<IReadOnlyDictionary<string, ModelProfile>> OfTenantAsync(string tenant, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyDictionary<string, ModelProfile>>(_set);

        public Task<ModelProfile> ChangeAsync(RequestContext context, ModelProfile next, long expected, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
