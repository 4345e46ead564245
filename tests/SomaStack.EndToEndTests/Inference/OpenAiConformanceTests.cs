using System.Globalization;
using System.Text.RegularExpressions;
using SomaStack.EndToEndTests.Clients;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>OpenAI's own JavaScript client against the built program, over recorded traffic and over the built-in responder.</summary>
public sealed partial class OpenAiConformanceTests(OpenAiGateway gateway) : IClassFixture<OpenAiGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_javascript_client_passes_every_case()
    {
        Assert.SkipWhen(Recordings.Root is null, "../shared/data/provider-recordings is not there.");
        var folder = Path.Combine(ClientFiles.Folder, "conformance", "openai");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var npm = await ClientFiles.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], null, Stop);
            Assert.SkipWhen(npm is not { ExitCode: 0 }, "OpenAI's JavaScript client could not be installed: " + (npm?.Output ?? "there is no npm here."));
        }
        var environment = new Dictionary<string, string> { ["SOMA_URL"] = gateway.Soma.Url.AbsoluteUri, ["SOMA_TOKEN"] = gateway.Token };
        var script = Path.Combine(folder, "conformance.test.mjs");
        var ended = await ClientFiles.RunAsync("node", ["--test", "--test-reporter=tap", script], environment, Stop);
        Assert.SkipWhen(ended is null, "There is no node here.");
        TestContext.Current.TestOutputHelper!.WriteLine(ended.Value.Output);
        Assert.True(ended.Value.ExitCode == 0, ended.Value.Output);
        Assert.Equal(Cases().Count(await File.ReadAllTextAsync(script, Stop)), int.Parse(Passed().Match(ended.Value.Output).Groups[1].Value, CultureInfo.InvariantCulture));
        // The stream and the whole answer that were left: both reached the provider.
        Assert.True(await gateway.Replay.LeftAsync(Stop) && await gateway.Replay.LeftAsync(Stop), "The provider went on for nobody.");
    }

    [GeneratedRegex("^test\\(", RegexOptions.Multiline)]
    private static partial Regex Cases();

    [GeneratedRegex("^# pass ([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex Passed();
}
