using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.EndToEndTests.Sessions;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>What a call reserves when a limit is near: by the model's own tokenizer where it is known, and by the bytes elsewhere.</summary>
public sealed class ReservationBoundTests(RoutedServer server) : IClassFixture<RoutedServer>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prose_that_fits_by_its_tokens_and_not_by_its_bytes_is_let_through_for_a_model_whose_tokenizer_is_known()
    {
        var prose = string.Concat(Enumerable.Repeat("The harbour was quiet in the morning. ", 200));
        // Loads the tokenizer's table: a call never waits for that.
        using var counted = await server.Client.PostAsJsonAsync("/v1/tokens/count", new { model = "gpt-4o", text = prose }, Stop);
        var tokens = (await counted.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("tokens").GetInt64();
        Assert.InRange(tokens, 1000, prose.Length / 3);
        foreach (var model in new[] { "gpt-4o", "good" })
        {
            using var limit = await server.Client.PostAsJsonAsync("/v1/billing/limits", new { metric = "tokens", window = "month", amount = tokens + 1000, provider = "second", model }, Stop);
            Assert.True(limit.StatusCode == HttpStatusCode.Created, await limit.Content.ReadAsStringAsync(Stop));
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync("second/gpt-4o", prose));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync("second/good", prose));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("second/good", "The harbour was quiet."));

        async Task<HttpStatusCode> AskAsync(string model, string text)
        {
            using var response = await server.Client.PostAsJsonAsync("/v1/chat/completions", new { model, max_tokens = 50, messages = new[] { new { role = "user", content = text } } }, Stop);
            return response.StatusCode;
        }
    }
}
