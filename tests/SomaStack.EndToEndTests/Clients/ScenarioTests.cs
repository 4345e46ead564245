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
}
