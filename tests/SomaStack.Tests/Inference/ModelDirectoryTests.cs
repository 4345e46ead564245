using System.Net;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Tests.Inference;

public sealed class ModelDirectoryTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_lists_the_servers_models_beside_the_built_in_one_and_asks_again_for_an_unknown_name()
    {
        var answers = new Answers("""{"data":[{"id":"tiny","max_model_len":4096,"created":7,"owned_by":"lab"}]}""");
        var clock = new FakeTimeProvider();
        using var directory = Directory(answers, clock);
        Assert.Equal(("tiny", 4096, 7L, "lab"), await directory.FindAsync("tiny", Stop) is { } tiny ? (tiny.Id, tiny.ContextTokens, tiny.CreatedAt, tiny.OwnedBy) : default);
        Assert.Equal(["soma-extract", "tiny"], directory.All.Select(model => model.Id));
        answers.Body = """{"data":[{"id":"tiny"},{"id":"large"}]}""";
        Assert.Null(await directory.FindAsync("large", Stop));
        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(await directory.FindAsync("large", Stop));
        Assert.Null(directory.Find("large")!.ContextTokens);
        Assert.Equal(2, answers.Count);
    }

    [Fact]
    public async Task A_server_that_is_away_hides_no_model_that_was_known()
    {
        var answers = new Answers("""{"data":[{"id":"tiny"}]}""");
        var clock = new FakeTimeProvider();
        using var directory = Directory(answers, clock);
        await directory.RefreshAsync(Stop);
        answers.Status = HttpStatusCode.ServiceUnavailable;
        clock.Advance(TimeSpan.FromSeconds(61));
        await directory.RefreshAsync(Stop);
        Assert.NotNull(directory.Find("tiny"));
        Assert.Equal("model_unknown", directory.Unknown("nope").Code.Code);
        Assert.Contains("soma-extract, tiny", directory.Unknown("nope").Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "{}", "provider_unauthorized")]
    [InlineData(HttpStatusCode.OK, "not json", "provider_garbled")]
    [InlineData(HttpStatusCode.OK, """{"models":[]}""", "provider_garbled")]
    [InlineData(HttpStatusCode.TooManyRequests, "{}", "provider_rate_limited")]
    [InlineData(HttpStatusCode.BadGateway, "<html>", "provider_unavailable")]
    public async Task Until_the_server_was_heard_an_unknown_name_is_no_404(HttpStatusCode status, string body, string reason)
    {
        using var directory = Directory(new Answers(body) { Status = status }, new FakeTimeProvider());
        await directory.RefreshAsync(Stop);
        Assert.Equal(reason, directory.Failure!.Code.Code);
        Assert.Equal("provider_unavailable", directory.Unknown("tiny").Code.Code);
    }

    private static ModelDirectory Directory(Answers answers, TimeProvider clock) =>
        new(new SomaOptions(), clock, new ProviderList([new Provider(new ProviderSettings("lab", ProviderKind.OpenAiCompatible, new Uri("http://127.0.0.1:1/v1"), "key", []), new HttpClient(answers))]));

    private sealed class Answers(string body) : HttpMessageHandler
    {
        public string Body { get; set; } = body;

        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        public int Count { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Count++;
            Assert.Equal("http://127.0.0.1:1/v1/models", request.RequestUri!.ToString());
            Assert.Equal("Bearer key", request.Headers.Authorization!.ToString());
            return Task.FromResult(new HttpResponseMessage(Status) { Content = new StringContent(Body) });
        }
    }
}
