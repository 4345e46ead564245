using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Edge;

/// <summary>The edge's promises, kept by the built server.</summary>
public sealed class RulesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_idempotency_key_gets_the_first_answer_even_after_a_crash_and_other_bodies_are_refused()
    {
        var data = Path.Combine(Path.GetTempPath(), "soma-e2e-" + Guid.CreateVersion7().ToString("N"));
        await using var soma = await SomaProcess.StartAsync(data);
        using var client = await soma.ClientAsync();
        var (status, _, first) = await RememberAsync(client, "k-1", "The fox is red.");
        Assert.Equal(HttpStatusCode.Created, status);
        var (again, replayed, second) = await RememberAsync(client, "k-1", "The fox is red.");
        Assert.Equal((HttpStatusCode.Created, true, first), (again, replayed, second));
        var (other, _, problem) = await RememberAsync(client, "k-1", "The fox is white.");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other);
        Assert.Contains("idempotency_key_reused", problem, StringComparison.Ordinal);
        var many = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => RememberAsync(client, "k-2", "Many at once.")));
        Assert.All(many, answer => Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, answer.Body));
        Assert.Single(many.Where(answer => answer.Status == HttpStatusCode.Created).Select(answer => answer.Body).Distinct());
        Assert.Single(many, answer => answer is { Status: HttpStatusCode.Created, Replayed: false });
        var (bad, _, complaint) = await RememberAsync(client, new string('k', 256), "Long key.");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, true), (bad, complaint.Contains("Idempotency-Key", StringComparison.Ordinal)));
        await soma.KillAsync();
        await using var restarted = await SomaProcess.StartAsync(data);
        using var later = await restarted.ClientAsync();
        var (kept, keptReplayed, third) = await RememberAsync(later, "k-1", "The fox is red.");
        Assert.Equal((HttpStatusCode.Created, true, first), (kept, keptReplayed, third));
    }

    [Fact]
    public async Task Bodies_that_are_too_large_misdeclared_or_unknown_in_strict_mode_are_told_so()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        var large = new byte[(1 << 20) + 1];
        Assert.Equal((413, "too_large"), await PostAsync(client, new ByteArrayContent(large) { Headers = { { "Content-Type", "application/json" } } }));
        var chunked = new StreamContent(new Unsized(large)) { Headers = { { "Content-Type", "application/json" } } };
        Assert.Equal((413, "too_large"), await PostAsync(client, chunked));
        Assert.Equal((415, "unsupported_media_type"), await PostAsync(client, new StringContent("text", Encoding.UTF8, "text/plain")));
        Assert.Equal((415, "unsupported_media_type"), await PostAsync(client, new ByteArrayContent("{}"u8.ToArray()) { Headers = { { "Content-Type", "application/json; charset=utf-16" } } }));
        Assert.Equal((400, "malformed_request"), await PostAsync(client, Json("{\"query\":")));
        Assert.Equal((400, "malformed_request"), await PostAsync(client, Json("")));
        Assert.Equal((400, "malformed_request"), await PostAsync(client, new ByteArrayContent([(byte)'"', 0xFF, (byte)'"']) { Headers = { { "Content-Type", "application/json" } } }));
        Assert.Equal((422, "invalid_request"), await PostAsync(client, Json("{\"query\":7}")));
        Assert.Equal((200, null), await PostAsync(client, Json("{\"query\":\"fox\",\"colour\":1}")));
        Assert.Equal((422, "unknown_field"), await PostAsync(client, Json("{\"query\":\"fox\",\"colour\":1}"), strict: true));
        Assert.Equal((200, null), await PostAsync(client, Json("{\"query\":\"fox\"}"), strict: true));
    }

    [Fact]
    public async Task A_narrow_token_is_refused_with_the_name_of_what_it_lacks()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync("--capability", "memory:read");
        Assert.Equal((200, null), await PostAsync(client, Json("{\"query\":\"fox\"}")));
        using var response = await client.PostAsync("/v1/remember", Json("{\"text\":\"x\"}"), Stop);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("memory:write", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Contains("scope=\"memory:write\"", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_kill_switch_stops_what_acts_and_nothing_else_until_it_is_released()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        using var second = await SecondPerson.AddAsync(soma, client);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/v1/killswitch", Json("""{"engaged":true,"scope":"tenant","reason":"drill"}"""), Stop)).StatusCode);
        Assert.Equal((503, "kill_switch_engaged"), await PostAsync(client, Json("{\"query\":\"fox\"}")));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/memory", Stop)).StatusCode);
        await second.ReleaseAsync(client);
        Assert.Equal((200, null), await PostAsync(client, Json("{\"query\":\"fox\"}")));
    }

    [Fact]
    public async Task A_tenant_is_held_to_its_rate_and_to_its_regions()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        await ChangeSettingsAsync(client, "\"requests_per_minute\":3");
        var answers = new List<(int, string?)>();
        for (var i = 0; i < 4; i++) answers.Add(await PostAsync(client, Json("{\"query\":\"fox\"}")));
        Assert.Equal((429, "rate_limited"), answers[^1]);
        Assert.Equal((200, null), answers[0]);
        using var limited = await client.PostAsync("/v1/recall", Json("{\"query\":\"fox\"}"), Stop);
        Assert.True(limited.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.StartsWith("\"tenant\";q=3;w=60", limited.Headers.GetValues("RateLimit-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/memory", Stop)).StatusCode);
    }

    [Fact]
    public async Task A_tenant_whose_data_stays_elsewhere_is_not_served_here()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        await ChangeSettingsAsync(client, "\"residency_regions\":[\"eu-west\"]");
        Assert.Equal((403, "residency_refused"), await PostAsync(client, Json("{\"query\":\"fox\"}")));
    }

    [Fact]
    public async Task Beyond_the_limit_of_requests_at_once_others_are_told_to_wait_and_probes_are_not()
    {
        await using var soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_MAX_IN_FLIGHT"] = "1" });
        using var client = await soma.ClientAsync();
        var head = $"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\nAuthorization: {client.DefaultRequestHeaders.Authorization}\r\n\r\n";
        using var slow = new TcpClient();
        await slow.ConnectAsync(soma.Url.Host, soma.Url.Port, Stop);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Stop);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        // Only reads of what is not limited are sent until the slow request is inside, so that it cannot be the one refused.
        while (!(await client.GetStringAsync("/metrics", deadline.Token)).Contains("somastack_edge_requests_in_flight{otel_scope_name=\"SomaStack\"} 1", StringComparison.Ordinal)) deadline.Token.ThrowIfCancellationRequested();
        var answer = await PostAsync(client, Json("{\"query\":\"fox\"}"));
        Assert.Equal((429, "busy"), answer);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/readyz", Stop)).StatusCode);
        await slow.GetStream().WriteAsync("{\"query\":\"fox\"}"u8.ToArray(), Stop);
        var buffer = new byte[64];
        var read = await slow.GetStream().ReadAsync(buffer, Stop);
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
    }

    private static async Task ChangeSettingsAsync(HttpClient client, string field)
    {
        using var current = await client.GetAsync("/v1/settings", Stop);
        using var body = JsonDocument.Parse(await current.Content.ReadAsStringAsync(Stop));
        using var change = new HttpRequestMessage(HttpMethod.Put, "/v1/settings") { Content = Json($$"""{"display_name":"{{body.RootElement.GetProperty("display_name").GetString()}}",{{field}}}""") };
        change.Headers.TryAddWithoutValidation("If-Match", current.Headers.ETag!.ToString());
        using var changed = await client.SendAsync(change, Stop);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Stop));
    }

    private static async Task<(HttpStatusCode Status, bool Replayed, string Body)> RememberAsync(HttpClient client, string key, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/remember") { Content = JsonContent.Create(new { text }) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await client.SendAsync(request, Stop);
        return (response.StatusCode, response.Headers.Contains("Idempotency-Replayed"), await response.Content.ReadAsStringAsync(Stop));
    }

    private static async Task<(int Status, string? Code)> PostAsync(HttpClient client, HttpContent content, bool strict = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/recall") { Content = content };
        if (strict) request.Headers.Add("Prefer", "handling=strict");
        request.Headers.ExpectContinue = false;
        using var response = await client.SendAsync(request, Stop);
        if (response.IsSuccessStatusCode) return ((int)response.StatusCode, null);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop));
        return ((int)response.StatusCode, problem.RootElement.GetProperty("code").GetString());
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    /// <summary>A stream that does not tell its length, so that it is sent in chunks.</summary>
    private sealed class Unsized(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
