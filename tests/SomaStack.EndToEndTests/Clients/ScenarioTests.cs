using System.Text.Json;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>One scenario, three clients, the real server.</summary>
public sealed class ScenarioTests(ClientsFixture servers) : IClassFixture<ClientsFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_dotnet_client_passes_the_scenario()
    {
        var scenario = new Scenario(servers.Soma.Url, servers.Flaky, servers.Token);
        var (passed, report) = await scenario.RunAsync(ClientFiles.Scenario("memory.json"), "dotnet-" + Guid.CreateVersion7().ToString("N"), Stop);
        TestContext.Current.TestOutputHelper!.WriteLine(report);
        Assert.True(passed, report);
    }

    [Fact]
    public async Task The_typescript_client_is_built_and_passes_its_tests_and_the_scenario()
    {
        var folder = Path.Combine(ClientFiles.Folder, "typescript");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var npm = await ClientFiles.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], null, Stop);
            Assert.SkipWhen(npm is not { ExitCode: 0 }, "The compiler of the TypeScript client could not be installed: " + (npm?.Output ?? "there is no npm here."));
        }
        await SucceedsAsync("node", [Path.Combine(folder, "node_modules", "typescript", "bin", "tsc"), "-p", folder], "The TypeScript client");
        await SucceedsAsync("node", ["--test", .. Directory.GetFiles(Path.Combine(folder, "test"), "*.test.mjs")], "Its unit tests");
        var report = await SucceedsAsync("node", [Path.Combine(folder, "test", "run-scenario.mjs")], "The scenario");
        Assert.Equal(StepCount() + 1, report.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--async")]
    public async Task The_python_client_passes_the_scenario(string option)
    {
        var report = await SucceedsAsync("python3", [Path.Combine(ClientFiles.Folder, "python", "tests", "run_scenario.py"), .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)], "The scenario");
        Assert.Equal(StepCount() + 1, report.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public Task The_python_client_passes_its_tests() =>
        SucceedsAsync("python3", ["-m", "unittest", "discover", "-s", Path.Combine(ClientFiles.Folder, "python", "tests")], "Its unit tests");

    private async Task<string> SucceedsAsync(string program, IReadOnlyList<string> arguments, string what)
    {
        var ended = await ClientFiles.RunAsync(program, arguments, servers.Environment("x" + Guid.CreateVersion7().ToString("N")), Stop);
        Assert.SkipWhen(ended is null, $"There is no {program} here.");
        TestContext.Current.TestOutputHelper!.WriteLine(ended.Value.Output);
        Assert.True(ended.Value.ExitCode == 0, $"{what} failed with {ended.Value.ExitCode}:\n{ended.Value.Output}");
        return ended.Value.Output;
    }

    private static int StepCount()
    {
        using var scenario = JsonDocument.Parse(File.ReadAllText(ClientFiles.Scenario("memory.json")));
        return scenario.RootElement.GetProperty("steps").GetArrayLength();
    }
}
