using System.Text.Json;
using SomaStack.EndToEndTests.Benchmarks;

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
