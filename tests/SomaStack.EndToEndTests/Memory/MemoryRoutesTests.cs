using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>Remember, recall, read and erase over HTTP against the built server.</summary>
public sealed class MemoryRoutesTests(MemoryRoutesTests.Server server) : IClassFixture<MemoryRoutesTests.Server>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("/v1")]
    public async Task What_is_remembered_is_recalled_at_once_in_both_shapes_of_request(string prefix)
    {
        var space = "n" + Guid.CreateVersion7().ToString("N");
        var first = await PostAsync(prefix + "/remember", new { text = "The archive opens at nine.", tags = new[] { "hours" }, @namespace = space, metadata = new { a = 1 } }, HttpStatusCode.Created);
        await PostAsync(prefix + "/remember", new { payload = new { task = "Feed the parrot before noon.", importance = 3, memory_type = "semantic" }, @namespace = space }, HttpStatusCode.Created);
        Assert.True(first.GetProperty("ok").GetBoolean() && first.GetProperty("created").GetBoolean());
        Assert.False(first.GetProperty("queued").GetBoolean());
        var recalled = await PostAsync(prefix + "/recall", new { query = "when does the archive open", top_k = 1, @namespace = space, explain = true }, HttpStatusCode.OK);
        var hit = Assert.Single(recalled.GetProperty("results").EnumerateArray());
        Assert.Equal(first.GetProperty("id").GetString(), hit.GetProperty("id").GetString());
        Assert.InRange(hit.GetProperty("score").GetDouble(), 0.01, 1);
        Assert.True(hit.GetProperty("signals").GetProperty("lexical").GetDouble() > 0);
        Assert.Equal(1, recalled.GetProperty("memory").GetArrayLength());
        Assert.Equal(0, recalled.GetProperty("wm").GetArrayLength());
        var parrot = await PostAsync(prefix + "/recall", new { query = "parrot", limit = 5, kind = "fact", @namespace = space }, HttpStatusCode.OK);
        Assert.Equal("Feed the parrot before noon.", parrot.GetProperty("results")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_batch_is_stored_whole_or_not_at_all()
    {
        var space = "n" + Guid.CreateVersion7().ToString("N");
        await RefusedAsync("/v1/remember/batch", new { items = new object[] { new { text = "good" }, new { text = "" } }, @namespace = space }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember/batch", new { items = Enumerable.Range(0, 257).Select(i => new { text = "t" + i }), @namespace = space }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        Assert.Equal(0, (await GetAsync("/v1/memory?namespace=" + space)).GetProperty("data").GetArrayLength());
        var stored = await PostAsync("/v1/remember/batch", new { items = Enumerable.Range(0, 120).Select(i => new { text = "numbered sentence " + i }), @namespace = space }, HttpStatusCode.Created);
        Assert.Equal(120, stored.GetProperty("results").EnumerateArray().Select(item => item.GetProperty("id").GetString()).Distinct().Count());
        var seen = new HashSet<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await GetAsync($"/v1/memory?namespace={space}&limit=50&cursor={cursor}");
            foreach (var item in page.GetProperty("data").EnumerateArray()) Assert.True(seen.Add(item.GetProperty("id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        Assert.Equal(120, seen.Count);
    }

    [Fact]
    public async Task An_erased_memory_is_unknown_afterwards()
    {
        var space = "n" + Guid.CreateVersion7().ToString("N");
        var id = (await PostAsync("/v1/remember", new { text = "The vault code is 7781-QX.", @namespace = space }, HttpStatusCode.Created)).GetProperty("id").GetString();
        Assert.Equal("The vault code is 7781-QX.", (await GetAsync("/v1/memory/" + id)).GetProperty("text").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await server.Client.DeleteAsync("/v1/memory/" + id, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/v1/memory/" + id, Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.DeleteAsync("/v1/memory/" + id, Stop)).StatusCode);
        Assert.Equal(0, (await PostAsync("/v1/recall", new { query = "7781-QX", @namespace = space }, HttpStatusCode.OK)).GetProperty("results").GetArrayLength());
    }

    [Fact]
    public async Task A_repeated_idempotency_key_meets_the_same_memory()
    {
        var key = Guid.CreateVersion7().ToString("N");
        var ids = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/remember") { Content = JsonContent.Create(new { text = "only once" }) };
            request.Headers.Add("Idempotency-Key", key);
            using var response = await server.Client.SendAsync(request, Stop);
            Assert.True(response.IsSuccessStatusCode);
            ids.Add((await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetString());
        }
        Assert.Equal(ids[0], ids[1]);
    }

    [Fact]
    public async Task Bad_input_is_refused_with_a_code_and_the_field()
    {
        await RefusedAsync("/v1/remember", new { }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = " " }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = new string('x', 32_001) }, HttpStatusCode.RequestEntityTooLarge, "too_large");
        await RefusedAsync("/v1/remember", new { text = "x", kind = "rumour" }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "x", importance = 2 }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "x", metadata = new[] { 1 } }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "x", tags = new string?[] { null } }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "x", event_time = "9999-12-31T23:59:59Z" }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "nul \0 inside" }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/remember", new { text = "x", @namespace = "conversation/somebody-else" }, HttpStatusCode.Forbidden, "namespace_private");
        await RefusedAsync("/v1/recall", new { query = "" }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/recall", new { query = "x", limit = 101 }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/recall", new { }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync("/v1/link", new { }, HttpStatusCode.UnprocessableEntity, "invalid_request");
    }

    [Fact]
    public async Task A_token_that_may_only_read_cannot_write()
    {
        using var reader = await server.Soma.ClientAsync("--capability", "memory:read");
        using var refused = await reader.PostAsJsonAsync("/v1/remember", new { text = "x" }, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("memory:write", await refused.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        using var allowed = await reader.PostAsJsonAsync("/v1/recall", new { query = "x" }, Stop);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
    }

    private async Task<JsonElement> PostAsync(string address, object body, HttpStatusCode expected)
    {
        using var response = await server.Client.PostAsJsonAsync(address, body, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(expected == response.StatusCode, $"{address}: {response.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<JsonElement> GetAsync(string address) => (await server.Client.GetFromJsonAsync<JsonElement>(address, Stop));

    private async Task RefusedAsync(string address, object body, HttpStatusCode status, string code)
    {
        var problem = await PostAsync(address, body, status);
        Assert.Equal(code, problem.GetProperty("code").GetString());
    }

    /// <summary>One server for the class.</summary>
    public sealed class Server : IAsyncLifetime
    {
        public SomaProcess Soma { get; private set; } = null!;

        public HttpClient Client { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Soma = await SomaProcess.StartAsync();
            Client = await Soma.ClientAsync();
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Soma.DisposeAsync();
        }
    }
}
