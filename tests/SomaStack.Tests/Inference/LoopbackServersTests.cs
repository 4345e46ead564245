using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class LoopbackServersTests
{
    private const string Models = """{"object":"list","data":[{"id":"tiny","object":"model"}]}""";

    private readonly Dictionary<int, Func<CancellationToken, Task<HttpResponseMessage>>> _machine = [];
    private readonly FakeTimeProvider _clock = new();
    private readonly List<int> _asked = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_lists_models_becomes_a_provider_and_later_ones_are_found_later()
    {
        Answer(11434, HttpStatusCode.OK, Models);
        Answer(8000, HttpStatusCode.Unauthorized, "{}");
        Answer(1234, HttpStatusCode.OK, "<html>");
        var providers = new ProviderList([]);
        using var directory = new ModelDirectory(new SomaOptions(), _clock, providers);
        var servers = Servers(providers);
        await servers.DetectAsync(Stop);
        await directory.RefreshAsync(Stop);
        Assert.Equal("ollama", Assert.Single(providers.All).Name);
        Assert.Equal("ollama", directory.Find("tiny")!.Provider);
        Answer(1234, HttpStatusCode.OK, """{"data":[{"id":"large"}]}""");
        _asked.Clear();
        await servers.DetectAsync(Stop);
        await directory.RefreshAsync(Stop);
        Assert.Equal(["ollama", "lmstudio"], providers.All.Select(provider => provider.Name));
        Assert.Equal("lmstudio", directory.Find("large")!.Provider);
        Assert.Equal(ProviderKind.OpenAiCompatible, providers.Of(directory.Find("large")!)!.Kind);
        Assert.DoesNotContain(11434, _asked.Take(3));
    }

    [Fact]
    public async Task A_server_without_a_model_and_a_silent_machine_are_no_providers()
    {
        Answer(11434, HttpStatusCode.OK, """{"object":"list","data":null}""");
        Answer(8000, HttpStatusCode.OK, """{"data":[]}""");
        var providers = new ProviderList([]);
        await Servers(providers).DetectAsync(Stop);
        Assert.Empty(providers.All);
        Assert.Equal([1234, 8000, 8081, 11434], _asked.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_keeps_silent_is_given_up_after_its_limit(bool breaks)
    {
        _machine[8000] = async cancelled =>
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, cancelled));
            // A connection may also be refused when its time is already over.
            Exception failure = breaks ? new HttpRequestException(HttpRequestError.ConnectionError) : new OperationCanceledException(cancelled);
            throw failure;
        };
        var providers = new ProviderList([]);
        var detecting = Servers(providers).DetectAsync(Stop);
        Assert.False(detecting.IsCompleted);
        _clock.Advance(LoopbackServers.Limit);
        await detecting.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        Assert.Empty(providers.All);
    }

    [Theory]
    [InlineData("ollama", "http://192.0.2.1/v1", 11434)]
    [InlineData("mine", "http://localhost:8000/v1", 8000)]
    public async Task What_is_configured_is_left_alone(string name, string address, int port)
    {
        Answer(port, HttpStatusCode.OK, Models);
        var providers = new ProviderList([new Provider(new ProviderSettings(name, ProviderKind.OpenAiCompatible, new Uri(address), null, []), new HttpClient(new Machine(this)))]);
        await Servers(providers).DetectAsync(Stop);
        Assert.Single(providers.All);
        Assert.DoesNotContain(port, _asked);
    }

    [Fact]
    public async Task Turned_off_it_asks_nobody()
    {
        Answer(11434, HttpStatusCode.OK, Models);
        var providers = new ProviderList([]);
        await Servers(providers, isOn: false).DetectAsync(Stop);
        Assert.Empty(providers.All);
        Assert.Empty(_asked);
        Assert.True(SomaOptions.FromEnvironment(static _ => null).Detect);
        Assert.False(SomaOptions.FromEnvironment(static name => name == "SOMA_DETECT" ? "0" : null).Detect);
    }

    private LoopbackServers Servers(ProviderList providers, bool isOn = true) => new(providers, isOn, _ => new HttpClient(new Machine(this)), _clock, NullLogger<LoopbackServers>.Instance);

    private void Answer(int port, HttpStatusCode status, string body) => _machine[port] = _ => Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body) });

    /// <summary>Loopback ports with what listens there; nothing does on the others.</summary>
    private sealed class Machine(LoopbackServersTests test) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (test._asked) test._asked.Add(request.RequestUri!.Port);
            return test._machine.TryGetValue(request.RequestUri.Port, out var answer) ? answer(cancellationToken) : throw new HttpRequestException(HttpRequestError.ConnectionError);
        }
    }
}
