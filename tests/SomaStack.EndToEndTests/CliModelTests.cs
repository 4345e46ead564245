using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.EndToEndTests.Benchmarks;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests;

/// <summary><c>soma model</c> as a person types it, against the built server.</summary>
public sealed class CliModelTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Models_are_listed_tried_and_shown_with_their_scores()
    {
        await using var soma = await SomaProcess.StartAsync();
        string[] where = ["--data", soma.Data, "--url", soma.Url.ToString()];
        var list = await SomaProcess.RunAsync(null, ["model", "list", .. where]);
        Assert.Equal(0, list.ExitCode);
        Assert.Contains("soma-extract", list.Output, StringComparison.Ordinal);

        var tested = await SomaProcess.RunAsync(null, ["model", "test", "soma-extract", "--json", .. where]);
        Assert.True(tested.ExitCode == 0, tested.Error);
        var answer = JsonDocument.Parse(tested.Output).RootElement;
        Assert.Equal("0 USD", answer.GetProperty("cost").GetString());
        Assert.True(answer.GetProperty("latency_ms").GetDouble() > 0);
        Assert.True(answer.GetProperty("output_tokens").GetInt64() > 0);
        Assert.NotEmpty(answer.GetProperty("text").GetString()!);

        var absent = await SomaProcess.RunAsync(null, ["model", "test", "no-such-model", .. where]);
        Assert.NotEqual(0, absent.ExitCode);
        Assert.Empty(absent.Output);
        Assert.Contains("soma model list", absent.Error, StringComparison.Ordinal);

        var nothing = await SomaProcess.RunAsync(null, ["model", "score", .. where]);
        Assert.Equal(0, nothing.ExitCode);
        Assert.Contains("nothing was measured", nothing.Error, StringComparison.Ordinal);
        using var client = await soma.ClientAsync();
        await BenchmarkRunTests.RunAsync(client, new { models = new[] { "soma-extract" }, tasks = new[] { "qa" }, wait = true });
        var scores = await SomaProcess.RunAsync(null, ["model", "score", "--task", "qa", .. where]);
        Assert.Equal(0, scores.ExitCode);
        Assert.Matches(@"qa\s+soma-extract\s+0\.\d{3}\s+0\.\d{3}\u20130\.\d{3}", scores.Output);
    }

    [Fact]
    public async Task A_promoted_model_answers_for_its_role_and_the_profiles_other_settings_stay()
    {
        await using var upstream = await BadUpstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("soma-promote-").FullName;
        var file = Path.Combine(folder, "providers.json");
        Assert.Equal(0, (await SomaProcess.RunAsync(null, "model", "add", "local", "--provider-url", upstream.Url.ToString(), "--file", file)).ExitCode);
        await using var soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_PROVIDERS"] = file });
        string[] where = ["--data", soma.Data, "--url", soma.Url.ToString()];

        var first = await SomaProcess.RunAsync(null, ["model", "promote", "chat", "local/good", .. where]);
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Equal("chat: local/good (version 1)", first.Output.Trim());
        using var client = await soma.ClientAsync();
        Assert.Equal(("local", "good"), await AnsweringAsync(client));

        // What a person set beside the primary one is kept, and the new primary is not its own fallback.
        using var change = new HttpRequestMessage(HttpMethod.Put, "/v1/tenants/demo/model-profiles/chat")
        {
            Content = JsonContent.Create(new { primary = "local/good", fallbacks = new[] { "soma-extract", "local/gpt-4o" }, settings = new { temperature = 0.3, max_tokens = 300 }, retries = 3, timeout_seconds = 7.5, cache = true }),
        };
        change.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var changed = await client.SendAsync(change, Stop);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Stop));
        var second = await SomaProcess.RunAsync(null, ["model", "promote", "chat", "soma-extract", "--json", .. where]);
        Assert.True(second.ExitCode == 0, second.Error);
        var view = JsonDocument.Parse(second.Output).RootElement;
        var profile = view.GetProperty("profile");
        Assert.Equal((3, "soma-extract"), (view.GetProperty("version").GetInt64(), profile.GetProperty("primary").GetString()));
        Assert.Equal(["local/gpt-4o"], profile.GetProperty("fallbacks").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal((0.3, 300L, 3, 7.5, true), (
            profile.GetProperty("settings").GetProperty("temperature").GetDouble(), profile.GetProperty("settings").GetProperty("max_tokens").GetInt64(), profile.GetProperty("retries").GetInt32(),
            profile.GetProperty("timeout_seconds").GetDouble(), profile.GetProperty("cache").GetBoolean()));
        Assert.Equal("soma-extract", (await AnsweringAsync(client)).Model);

        foreach (var (arguments, said) in new (string[], string)[] { (["chat", "no-such-model"], "soma model list"), (["juggling", "soma-extract"], "juggling") })
        {
            var refused = await SomaProcess.RunAsync(null, ["model", "promote", .. arguments, .. where]);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.DoesNotContain("version", refused.Output, StringComparison.Ordinal);
            Assert.Contains(said, refused.Error, StringComparison.Ordinal);
        }
        using var speaker = await client.GetAsync("/v1/tenants/demo/model-profiles/chat", Stop);
        Assert.Equal("\"3\"", speaker.Headers.ETag!.Tag);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Who answers a conversation that names no model.</summary>
    private static async Task<(string Provider, string Model)> AnsweringAsync(HttpClient client)
    {
        using var response = await client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello there", recall_limit = 0 }, Stop);
        var turn = await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.True(turn.TryGetProperty("proof", out var proof) && proof.ValueKind == JsonValueKind.Object, turn.GetRawText());
        return (proof.GetProperty("provider").GetString()!, proof.GetProperty("model").GetString()!);
    }

    [Fact]
    public async Task A_provider_is_written_once_and_never_its_key()
    {
        var folder = Directory.CreateTempSubdirectory("soma-providers-").FullName;
        var file = Path.Combine(folder, "providers.json");
        string[] add = ["model", "add", "local", "--provider-url", "http://127.0.0.1:9/v1", "--key-env", "LOCAL_KEY", "--model", "tiny", "--file", file];
        var added = await SomaProcess.RunAsync(null, add);
        Assert.True(added.ExitCode == 0, added.Error);
        Assert.Contains("SOMA_PROVIDERS=" + file, added.Output, StringComparison.Ordinal);
        var entry = Assert.Single(JsonDocument.Parse(await File.ReadAllTextAsync(file, Stop)).RootElement.EnumerateArray());
        Assert.Equal(("local", "openai-compatible", "LOCAL_KEY"), (entry.GetProperty("name").GetString(), entry.GetProperty("kind").GetString(), entry.GetProperty("key_env").GetString()));

        var before = await File.ReadAllTextAsync(file, Stop);
        foreach (var arguments in new string[][]
                 {
                     add, ["model", "add", "other", "--provider-url", "ftp://x", "--file", file], ["model", "add", "other", "--file", file], ["model", "add", "Other Name", "--provider-url", "http://x/v1", "--file", file],
                     ["model", "add", "other", "--provider-url", "http://x/v1", "--key-env", "sk-abcdef0123456789", "--file", file],
                     ["model", "add", "other", "--provider-url", "http://user:pass@x/v1", "--file", file], ["model", "add", "other", "--kind", "telepathy", "--file", file],
                 })
            Assert.Equal(2, (await SomaProcess.RunAsync(null, arguments)).ExitCode);
        Assert.Equal(before, await File.ReadAllTextAsync(file, Stop));

        // The server reads what was written.
        await using var soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_PROVIDERS"] = file, ["LOCAL_KEY"] = "x" });
        using var client = await soma.ClientAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var look = 0; look < 100; look++)
        {
            if ((await client.GetStringAsync("/v1/models", Stop)).Contains("\"tiny\"", StringComparison.Ordinal)) break;
            await timer.WaitForNextTickAsync(Stop);
        }
        Assert.Contains("\"tiny\"", await client.GetStringAsync("/v1/models", Stop), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
