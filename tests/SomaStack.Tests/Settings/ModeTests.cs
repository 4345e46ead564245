using CsCheck;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Settings;

public sealed class ModeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(DeploymentMode Mode, int? Minutes, int Later)> Change = Gen.Select(
        Gen.Enum<DeploymentMode>(), Gen.Int[1, 1440], Gen.Int[0, 2000], static (mode, minutes, later) => (mode, ModeRules.IsDebug(mode) ? minutes : (int?)null, later));

    [Fact]
    public void After_any_changes_a_debug_mode_falls_back_to_what_was_no_debug_mode_before_it() => Change.List[1, 12].Sample(static changes =>
    {
        var state = new ModeState(DeploymentMode.DeveloperLight, null, null, 1, null, null, Noon);
        var (now, plain) = (Noon, DeploymentMode.DeveloperLight);
        foreach (var (mode, minutes, later) in changes)
        {
            now = now.AddMinutes(later);
            Assert.Equal(state.IsOver(now) ? plain : state.Mode, state.At(now));
            var next = ModeRules.Next(state, mode, minutes, "why", "ada", now);
            Assert.Equal((mode, state.Version + 1), (next.At(now), next.Version));
            if (!ModeRules.IsDebug(mode)) plain = mode;
            else Assert.Equal((plain, plain), (next.Fallback!.Value, next.At(now.AddMinutes(minutes!.Value))));
            state = next;
        }
    });

    [Fact]
    public void Production_takes_two_keys_in_and_out()
    {
        foreach (var from in Enum.GetValues<DeploymentMode>())
            foreach (var to in Enum.GetValues<DeploymentMode>())
                Assert.Equal(from.IsProduction() || to.IsProduction(), ModeRules.NeedsSecondKey(from, to));
    }

    [Fact]
    public void Every_guardrail_names_known_modes_and_says_what_why_and_what_to_do()
    {
        foreach (var guardrail in Guardrails.All.Guardrails.Concat(Guardrails.All.Standing))
        {
            Assert.NotEmpty(guardrail.Modes);
            Assert.All(guardrail.Modes, static mode => Assert.NotNull(DeploymentModes.Parse(mode)));
            Assert.All(new[] { guardrail.Refuses, guardrail.Why, guardrail.Remedy }, static text => Assert.EndsWith(".", text, StringComparison.Ordinal));
        }
        Assert.Equal(Guardrails.All.Guardrails.Count, Guardrails.All.Guardrails.DistinctBy(static guardrail => guardrail.Code).Count());
        foreach (var mode in Enum.GetValues<DeploymentMode>().Where(ModeRules.IsDebug))
            Assert.Contains(Guardrails.All.Guardrails, guardrail => guardrail.Code == Guardrails.DebugExpiry && guardrail.Modes.Contains(mode.Name()));
    }

    [Fact]
    public async Task A_check_that_is_missing_or_throws_blocks()
    {
        var context = RequestContext.ForSystem("demo", DeploymentMode.DeveloperLight);
        var blocked = await new Guardrails([new Broken()]).BlockedAsync(context, DeploymentMode.Test, null, CancellationToken.None);
        Assert.Equal(("constitution_verifies", "It could not be checked."), blocked is [var one] ? (one.Code, one.Detail) : default);
        Assert.Equal("This program holds no check for it.", (await new Guardrails([]).BlockedAsync(context, DeploymentMode.Test, null, CancellationToken.None))[0].Detail);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://[::1]:8080", true)]
    [InlineData("http://localhost:8080", true)]
    [InlineData("https://0.0.0.0:8443", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://*:8080", false)]
    [InlineData("http://+:8080", false)]
    [InlineData("http://soma.example:8080", false)]
    [InlineData("http://127.0.0.1:1;http://10.0.0.1:2", false)]
    [InlineData("http://127.0.0.1.example:1", false)]
    public async Task Plain_http_is_fine_on_loopback_alone(string url, bool fine) =>
        Assert.Equal(fine, await new PlainHttpCheck(new SomaOptions { Url = url }).FaultAsync(RequestContext.ForSystem("*", DeploymentMode.Test), CancellationToken.None) is null);

    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData("a-long-and-private-key", null, null, true)]
    [InlineData("short", null, null, false)]
    [InlineData(null, "development-secret", null, false)]
    [InlineData(null, null, "postgres://soma:postgres@db/soma", false)]
    [InlineData(null, null, "postgres://soma@db/soma", false)]
    [InlineData(null, null, "postgres://soma@127.0.0.1/soma", true)]
    [InlineData(null, null, "postgres://soma:9b1f0a7c44de@db/soma", true)]
    public async Task Defaults_are_found_and_not_repeated(string? openAi, string? anthropic, string? database, bool fine)
    {
        var options = new SomaOptions { OpenAiKey = openAi, AnthropicKey = anthropic, Database = database };
        var fault = await new DefaultSecretsCheck(options).FaultAsync(RequestContext.ForSystem("*", DeploymentMode.Test), CancellationToken.None);
        Assert.Equal(fine, fault is null);
        foreach (var secret in new[] { openAi, anthropic, "postgres:postgres" }) if (secret is not null && fault is not null) Assert.DoesNotContain(secret, fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_others_can_read_are_named()
    {
        var folder = Directory.CreateTempSubdirectory("soma-keys-").FullName;
        try
        {
            var options = new SomaOptions { Keys = folder, SecretFiles = new Dictionary<string, string> { ["SOMA_OPENAI_KEY_FILE"] = Path.Combine(folder, "openai") } };
            KeyFile.WriteOnce(Path.Combine(folder, "constitution.pem"), "key"u8);
            KeyFile.WriteOnce(Path.Combine(folder, "openai"), "key"u8);
            await File.WriteAllTextAsync(Path.Combine(folder, "board.pub"), "public", TestContext.Current.CancellationToken);
            var context = RequestContext.ForSystem("*", DeploymentMode.Test);
            Assert.Null(await new KeyFilesCheck(options).FaultAsync(context, CancellationToken.None));
            Assert.Null(await new SecretFilesCheck(options).FaultAsync(context, CancellationToken.None));
            if (OperatingSystem.IsWindows()) return;
            File.SetUnixFileMode(Path.Combine(folder, "constitution.pem"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
            File.SetUnixFileMode(Path.Combine(folder, "openai"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
            Assert.Contains("constitution.pem", await new KeyFilesCheck(options).FaultAsync(context, CancellationToken.None), StringComparison.Ordinal);
            Assert.Contains("SOMA_OPENAI_KEY_FILE", await new SecretFilesCheck(options).FaultAsync(context, CancellationToken.None), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(DeploymentMode.Test, false, "https://api.openai.com/v1/", true)]
    [InlineData(DeploymentMode.TestDebug, false, "https://api.openai.com/v1/", true)]
    [InlineData(DeploymentMode.Test, true, "https://api.openai.com/v1/", false)]
    [InlineData(DeploymentMode.Test, false, "http://127.0.0.1:11434/v1/", false)]
    [InlineData(DeploymentMode.Production, false, "https://api.openai.com/v1/", false)]
    public void In_a_test_mode_no_money_leaves_the_machine(DeploymentMode mode, bool isFree, string address, bool refused)
    {
        var refusal = Record.Exception(() => ModeLimits.ThrowIfSpends(mode, isFree, new Uri(address)));
        Assert.Equal(refused ? "spend_in_test" : null, (refusal as Problem)?.Code.Code);
    }

    private sealed class Broken : IModePrecondition
    {
        public string Code => "constitution_verifies";

        public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken) => throw new IOException("no");
    }
}
