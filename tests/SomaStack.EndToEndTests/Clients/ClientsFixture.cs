namespace SomaStack.EndToEndTests.Clients;

/// <summary>The built server with the flaky one before it.</summary>
public sealed class ClientsFixture : IAsyncLifetime
{
    private FlakyServer? _flaky;

    public SomaProcess Soma { get; private set; } = null!;

    public Uri Flaky => _flaky!.Url;

    public string Token { get; private set; } = "";

    /// <summary>What the runners of the other clients read.</summary>
    public Dictionary<string, string> Environment(string run) => new()
    {
        ["SOMA_URL"] = Soma.Url.AbsoluteUri, ["SOMA_TOKEN"] = Token, ["SOMA_FLAKY_URL"] = Flaky.AbsoluteUri, ["SOMA_RUN"] = run,
        ["SOMA_SCENARIO"] = ClientFiles.Scenario("memory.json"), ["PYTHONDONTWRITEBYTECODE"] = "1",
    };

    public async ValueTask InitializeAsync()
    {
        Soma = await SomaProcess.StartAsync();
        using var client = await Soma.ClientAsync();
        Token = client.DefaultRequestHeaders.Authorization!.Parameter!;
        _flaky = await FlakyServer.StartAsync(Soma.Url);
    }

    public async ValueTask DisposeAsync()
    {
        if (_flaky is not null) await _flaky.DisposeAsync();
        await Soma.DisposeAsync();
    }
}
