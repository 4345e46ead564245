using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Billing;

/// <summary>Limits, prices, anomalies and the forecast over HTTP, as an administrator and as one who may only read.</summary>
public sealed class BillingRoutesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Limits_are_made_changed_and_removed_by_administrators_and_read_by_others()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var admin = await soma.ClientAsync();
        using var reader = await soma.ClientAsync("--capability", "billing:read");
        var wanted = new { metric = "requests", window = "day", amount = 1, provider = "somastack", model = "soma-extract" };
        await AnswerAsync(reader.PostAsJsonAsync("/v1/billing/limits", wanted, Stop), HttpStatusCode.Forbidden);
        var made = await AnswerAsync(admin.PostAsJsonAsync("/v1/billing/limits", wanted, Stop), HttpStatusCode.Created);
        var address = "/v1/billing/limits/" + made.GetProperty("id").GetString();
        Assert.Equal(("requests", "day", 1m, 0m, 1m), (made.GetProperty("metric").GetString(), made.GetProperty("window").GetString(),
            made.GetProperty("amount").GetDecimal(), made.GetProperty("used").GetDecimal(), made.GetProperty("remaining").GetDecimal()));

        // The model of the session is this one: the first call takes the only place.
        var ask = new { model = "soma-extract", messages = new[] { new { role = "user", content = "What do you know?" } } };
        await AnswerAsync(admin.PostAsJsonAsync("/v1/chat/completions", ask, Stop), HttpStatusCode.OK);
        using (var refused = await admin.PostAsJsonAsync("/v1/chat/completions", ask, Stop))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
            Assert.Contains("1 requests a day for model somastack/soma-extract", await refused.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }
        var listed = (await AnswerAsync(reader.GetAsync("/v1/billing/limits", Stop), HttpStatusCode.OK)).GetProperty("data").EnumerateArray().Single();
        Assert.Equal((1m, 0m), (listed.GetProperty("used").GetDecimal(), listed.GetProperty("remaining").GetDecimal()));

        await AnswerAsync(SendAsync(admin, HttpMethod.Put, address, null, wanted), (HttpStatusCode)428);
        await AnswerAsync(SendAsync(admin, HttpMethod.Put, address, "\"7\"", wanted), HttpStatusCode.PreconditionFailed);
        await AnswerAsync(SendAsync(admin, HttpMethod.Put, address, "\"1\"", new { metric = "requests", window = "hour", amount = 5 }), HttpStatusCode.UnprocessableEntity);
        var changed = await AnswerAsync(SendAsync(admin, HttpMethod.Put, address, "\"1\"", new { metric = "requests", window = "day", amount = 5, provider = "somastack", model = "soma-extract" }), HttpStatusCode.OK);
        Assert.Equal((2, 4m), (changed.GetProperty("version").GetInt64(), changed.GetProperty("remaining").GetDecimal()));
        await AnswerAsync(admin.PostAsJsonAsync("/v1/chat/completions", ask, Stop), HttpStatusCode.OK);
        await AnswerAsync(SendAsync(reader, HttpMethod.Delete, address, "\"2\"", null), HttpStatusCode.Forbidden);
        await AnswerAsync(SendAsync(admin, HttpMethod.Delete, address, "\"2\"", null), HttpStatusCode.NoContent);
        await AnswerAsync(SendAsync(admin, HttpMethod.Delete, address, "\"2\"", null), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Prices_are_added_by_operators_and_reports_are_there_before_anything_happened()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var admin = await soma.ClientAsync();
        using var reader = await soma.ClientAsync("--capability", "billing:read");
        var price = new { provider = "local", model = "llama", input = 0.5, output = 1, source = "A list of our own", tier = new { above_tokens = 1000, input = 1, output = 2 }, aliases = new[] { "llama-latest" } };
        await AnswerAsync(reader.PostAsJsonAsync("/v1/billing/prices", price, Stop), HttpStatusCode.Forbidden);
        var added = (await AnswerAsync(admin.PostAsJsonAsync("/v1/billing/prices", price, Stop), HttpStatusCode.Created)).GetProperty("prices");
        Assert.Equal(["llama", "llama-latest"], added.EnumerateArray().Select(row => row.GetProperty("model").GetString()));
        Assert.Equal(("llama", 1000), (added[1].GetProperty("alias_of").GetString(), added[1].GetProperty("tier").GetProperty("above_tokens").GetInt64()));
        await AnswerAsync(admin.PostAsJsonAsync("/v1/billing/prices", new { provider = "local", model = "llama", input = -1, output = 1, source = "x" }, Stop), HttpStatusCode.UnprocessableEntity);
        Assert.Empty((await AnswerAsync(reader.GetAsync("/v1/billing/anomalies", Stop), HttpStatusCode.OK)).GetProperty("data").EnumerateArray());
        var forecast = await AnswerAsync(reader.GetAsync("/v1/billing/forecast", Stop), HttpStatusCode.OK);
        Assert.Equal((0, JsonValueKind.Null, JsonValueKind.Null),
            (forecast.GetProperty("history_days").GetInt32(), forecast.GetProperty("tokens").GetProperty("days").ValueKind, forecast.GetProperty("money").GetProperty("mape").ValueKind));
        Assert.Equal("key", (await AnswerAsync(reader.GetAsync("/v1/billing/usage?group_by=key", Stop), HttpStatusCode.OK)).GetProperty("group_by").GetString());
        await AnswerAsync(reader.GetAsync("/v1/billing/usage?group_by=colour", Stop), HttpStatusCode.UnprocessableEntity);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string address, string? version, object? body)
    {
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : JsonContent.Create(body) };
        if (version is not null) request.Headers.TryAddWithoutValidation("If-Match", version);
        return await client.SendAsync(request, Stop);
    }

    private static async Task<JsonElement> AnswerAsync(Task<HttpResponseMessage> sent, HttpStatusCode expected)
    {
        using var response = await sent;
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} for {(int)expected}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
