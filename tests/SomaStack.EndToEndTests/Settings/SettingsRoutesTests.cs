using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Settings;

/// <summary>Settings over HTTP: schema, sources, history, difference, restore, and preferences of tenants and principals.</summary>
public sealed class SettingsRoutesTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_changed_can_be_seen_compared_and_brought_back()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        var schema = await client.GetFromJsonAsync<JsonElement>("/v1/settings/schema", Stop);
        Assert.Equal(200, schema.GetProperty("properties").GetProperty("display_name").GetProperty("maxLength").GetInt32());
        await SendAsync(client, HttpMethod.Put, "/v1/settings", "\"0\"", new { display_name = "Demo", daily_budget = 12.5, requests_per_minute = 600 });
        await SendAsync(client, HttpMethod.Put, "/v1/settings", "\"1\"", new { display_name = "Demo", daily_budget = 20, requests_per_minute = 600 });
        await SendAsync(client, HttpMethod.Put, "/v1/settings/installation", "\"0\"", new { display_name = "All", daily_budget = 99 });
        var diff = await client.GetFromJsonAsync<JsonElement>("/v1/settings/diff?from=1&to=2", Stop);
        var change = Assert.Single(diff.GetProperty("changes").EnumerateArray());
        Assert.Equal(("/daily_budget", 12.5m, 20m), (change.GetProperty("path").GetString(), change.GetProperty("from").GetDecimal(), change.GetProperty("to").GetDecimal()));
        var (_, restored) = await SendAsync(client, HttpMethod.Post, "/v1/settings/history/1/restore", "\"2\"", null);
        Assert.Equal((3L, 12.5m, "tenant"), (restored.GetProperty("version").GetInt64(), restored.GetProperty("daily_budget").GetDecimal(), restored.GetProperty("sources").GetProperty("daily_budget").GetString()));
        var history = await client.GetFromJsonAsync<JsonElement>("/v1/settings/history?limit=2", Stop);
        Assert.Equal([3L, 2L], history.GetProperty("data").EnumerateArray().Select(static row => row.GetProperty("version").GetInt64()));
        Assert.Equal(1, history.GetProperty("data")[0].GetProperty("restored_from").GetInt64());
        var rest = await client.GetFromJsonAsync<JsonElement>("/v1/settings/history?limit=2&cursor=" + history.GetProperty("next_cursor").GetString(), Stop);
        Assert.Equal(1, Assert.Single(rest.GetProperty("data").EnumerateArray()).GetProperty("version").GetInt64());
        Assert.Equal("owner", (await client.GetFromJsonAsync<JsonElement>("/v1/settings/history/2", Stop)).GetProperty("changed_by").GetString());
        await SendAsync(client, HttpMethod.Put, "/v1/settings", "\"3\"", new { display_name = "Demo" });
        var now = await client.GetFromJsonAsync<JsonElement>("/v1/settings", Stop);
        Assert.Equal((99m, "installation", "default"), (now.GetProperty("daily_budget").GetDecimal(), now.GetProperty("sources").GetProperty("daily_budget").GetString(), now.GetProperty("sources").GetProperty("requests_per_minute").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v1/settings/history/77", Stop)).StatusCode);
    }

    [Fact]
    public async Task Preferences_are_a_principal_s_own_or_an_administrator_s_business()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        const string Tenant = "/v1/tenants/demo/notification-preferences";
        using var made = await client.PutAsJsonAsync("/v1/users/eve", new { display_name = "Eve", capabilities = new[] { "session:read" } }, Stop);
        using var issued = await client.PostAsJsonAsync("/v1/tokens/issue", new { principal = "eve" }, Stop);
        using var eve = new HttpClient { BaseAddress = soma.Url };
        eve.DefaultRequestHeaders.Authorization = new("Bearer", (await issued.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("token").GetString());

        await SendAsync(client, HttpMethod.Put, Tenant, "\"0\"", new { channels = new[] { new { channel = "email", severity_threshold = "error" } } });
        var inherited = await eve.GetFromJsonAsync<JsonElement>(Tenant + "/eve", Stop);
        Assert.Equal(("tenant", "error", 0L), (inherited.GetProperty("source").GetString(), inherited.GetProperty("preferences").GetProperty("channels")[0].GetProperty("severity_threshold").GetString(), inherited.GetProperty("version").GetInt64()));
        var own = new { channels = new[] { new { channel = "webhook", enabled = false } }, quiet_hours = new { start = "22:00", end = "07:00", time_zone = "Europe/Zurich" } };
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(eve, HttpMethod.Put, Tenant + "/eve", "\"0\"", own, null)).Status);
        Assert.Equal("principal", (await client.GetFromJsonAsync<JsonElement>(Tenant + "/eve", Stop)).GetProperty("source").GetString());
        foreach (var (path, expected) in new[] { (Tenant, 403), (Tenant + "/owner", 403), ("/v1/tenants/other/notification-preferences/eve", 404) })
            Assert.Equal((path, expected), (path, (int)(await eve.GetAsync(path, Stop)).StatusCode));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(eve, HttpMethod.Put, Tenant + "/eve", "\"1\"", new { channels = new[] { new { channel = "pigeon" } } }, null)).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await SendAsync(eve, HttpMethod.Put, Tenant + "/eve", "\"0\"", own, null)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(eve, HttpMethod.Delete, Tenant + "/eve", "\"1\"", null, null)).Status);
        Assert.Equal("tenant", (await eve.GetFromJsonAsync<JsonElement>(Tenant + "/eve", Stop)).GetProperty("source").GetString());
    }

    [Fact]
    public async Task A_risky_change_waits_for_a_second_person_happens_once_and_another_one_voids_the_yes()
    {
        await using var soma = await SomaProcess.StartAsync();
        using (var early = await soma.ClientAsync())
        {
            await SendAsync(early, HttpMethod.Put, "/v1/settings", "\"0\"", new { display_name = "Demo", daily_budget = 5 });
            await SendAsync(early, HttpMethod.Put, "/v1/constitution/overlay", "\"0\"", new { required_approvals = new Dictionary<string, int> { ["settings.change"] = 1 } });
        }
        using var owner = await soma.ClientAsync();
        using var second = await SecondPerson.AddAsync(soma, owner);
        // Housekeeping needs nobody; a budget beyond the free one does, on whatever way it comes.
        await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"1\"", new { display_name = "Demo", daily_budget = 900 });
        var large = new { display_name = "Demo", daily_budget = 5000 };
        async Task<string> AskAsync(string path, HttpMethod method, object? body, string version)
        {
            var (_, answer) = await SendAsync(owner, method, path, version, body, HttpStatusCode.Accepted);
            return answer.GetProperty("approval").GetProperty("id").GetString()!;
        }

        var first = await AskAsync("/v1/settings", HttpMethod.Put, large, "\"2\"");
        Assert.Equal(900, (await owner.GetFromJsonAsync<JsonElement>("/v1/settings", Stop)).GetProperty("daily_budget").GetInt32());
        using (var own = await SecondPerson.DecideAsync(owner, first)) Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
        await second.ApproveAsync(first);
        var (edited, _) = await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"2\"", new { display_name = "Demo", daily_budget = 6000 }, null, first);
        Assert.Equal(HttpStatusCode.Forbidden, edited);
        await second.UntilAsync(first, "voided");
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"2\"", large, null, first)).Status);

        var next = await AskAsync("/v1/settings", HttpMethod.Put, large, "\"2\"");
        Assert.NotEqual(first, next);
        await second.ApproveAsync(next);
        var (_, changed) = await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"2\"", large, HttpStatusCode.OK, next);
        Assert.Equal((3L, 5000), (changed.GetProperty("version").GetInt64(), changed.GetProperty("daily_budget").GetInt32()));
        await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"3\"", new { display_name = "Demo", daily_budget = 1 });
        Assert.NotEqual(HttpStatusCode.OK, (await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"4\"", large, null, next)).Status);

        var restored = await AskAsync("/v1/settings/history/3/restore", HttpMethod.Post, null, "\"4\"");
        await second.ApproveAsync(restored);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(owner, HttpMethod.Put, "/v1/settings", "\"4\"", large, null, restored)).Status);
        Assert.Equal(1, (await owner.GetFromJsonAsync<JsonElement>("/v1/settings", Stop)).GetProperty("daily_budget").GetInt32());
    }

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(
        HttpClient client, HttpMethod method, string path, string ifMatch, object? body, HttpStatusCode? expected = HttpStatusCode.OK, string? approval = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (approval is not null) request.Headers.TryAddWithoutValidation("Soma-Approval", approval);
        request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        using var response = await client.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(expected is null || response.StatusCode == expected, text);
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }
}
