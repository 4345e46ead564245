using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SomaStack.EndToEndTests.Identity;

/// <summary>Identity, settings and billing as a caller meets them; one server for all of them.</summary>
public sealed class IdentityHttpTests(IdentityHttpTests.Server server) : IClassFixture<IdentityHttpTests.Server>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_narrower_token_may_do_less_and_a_revoked_one_nothing()
    {
        var issued = await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/issue", new { capabilities = new[] { "billing:read" }, lifetime_seconds = 60 }, Stop), HttpStatusCode.OK);
        Assert.Equal(60, issued.GetProperty("expires_in").GetInt32());
        var token = issued.GetProperty("token").GetString()!;
        using var narrow = server.Client(token);
        await JsonAsync(await narrow.GetAsync("/v1/billing/prices", Stop), HttpStatusCode.OK);
        await ProblemAsync(await narrow.GetAsync("/v1/users", Stop), HttpStatusCode.Forbidden, "capability_missing");
        await ProblemAsync(await narrow.PostAsJsonAsync("/v1/tokens/issue", new { }, Stop), HttpStatusCode.Forbidden, "capability_missing");
        var verified = await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/verify", new { token, required_capabilities = new[] { "billing:read", "audit:read" } }, Stop), HttpStatusCode.OK);
        Assert.True(verified.GetProperty("valid").GetBoolean());
        Assert.Equal("audit:read", verified.GetProperty("missing_capabilities").EnumerateArray().Single().GetString());
        Assert.True((await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/revoke", new { token }, Stop), HttpStatusCode.OK)).GetProperty("revoked").GetBoolean());
        await ProblemAsync(await narrow.GetAsync("/v1/billing/prices", Stop), HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.False((await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/verify", new { token }, Stop), HttpStatusCode.OK)).GetProperty("valid").GetBoolean());
    }

    [Theory]
    [InlineData("""{"capabilities":["root:all"]}""", "capability_unknown")]
    [InlineData("""{"lifetime_seconds":3601}""", "invalid_request")]
    [InlineData("""{"lifetime_seconds":0}""", "invalid_request")]
    [InlineData("""{"principal":"No Body"}""", "invalid_request")]
    [InlineData("""{"capabilities":[null]}""", "invalid_request")]
    public async Task A_request_for_a_token_that_makes_no_sense_is_refused_by_name(string body, string code)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        await ProblemAsync(await server.Owner.PostAsync("/v1/tokens/issue", content, Stop), HttpStatusCode.UnprocessableEntity, code);
    }

    [Fact]
    public async Task Another_library_verifies_our_tokens_with_the_published_keys_also_after_a_rotation()
    {
        var token = server.Owner.DefaultRequestHeaders.Authorization!.Parameter!;
        var before = new JsonWebKeySet(await server.Anybody.GetStringAsync("/.well-known/jwks.json", Stop));
        await JsonAsync(await server.Owner.PostAsync("/v1/auth/keys/rotate", null, Stop), HttpStatusCode.OK);
        var after = new JsonWebKeySet(await server.Anybody.GetStringAsync("/.well-known/jwks.json", Stop));
        Assert.Equal(before.Keys.Count + 1, after.Keys.Count);
        Assert.DoesNotContain(after.Keys, key => key.HasPrivateKey);
        var metadata = await JsonAsync(await server.Anybody.GetAsync("/.well-known/openid-configuration", Stop), HttpStatusCode.OK);
        Assert.Equal(new Uri(server.Soma.Url, "/.well-known/jwks.json").ToString(), metadata.GetProperty("jwks_uri").GetString());
        var next = (await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/issue", new { capabilities = new[] { "memory:read" } }, Stop), HttpStatusCode.OK)).GetProperty("token").GetString()!;
        Assert.NotEqual(new JsonWebToken(token).Kid, new JsonWebToken(next).Kid);
        foreach (var one in new[] { token, next })
        {
            var result = await new JsonWebTokenHandler().ValidateTokenAsync(one, new TokenValidationParameters
            {
                ValidIssuer = metadata.GetProperty("access_token_issuer").GetString(), ValidAudience = "somastack", IssuerSigningKeys = after.Keys, ValidTypes = ["at+jwt"],
            });
            Assert.True(result.IsValid, result.Exception?.Message);
        }
        await JsonAsync(await server.Owner.GetAsync("/v1/tenants/current", Stop), HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_api_key_is_shown_once_works_and_ends_when_it_is_revoked()
    {
        var made = await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/api-keys", new { name = "ci", scopes = new[] { "billing:read" } }, Stop), HttpStatusCode.Created);
        var key = made.GetProperty("key").GetString()!;
        var id = made.GetProperty("api_key").GetProperty("id").GetString();
        Assert.Matches("^soma_sk_[0-9A-Za-z]{49}$", key);
        using var client = server.Client(key);
        await JsonAsync(await client.GetAsync("/v1/billing/usage", Stop), HttpStatusCode.OK);
        await ProblemAsync(await client.GetAsync("/v1/api-keys", Stop), HttpStatusCode.Forbidden, "capability_missing");
        var list = await server.Owner.GetStringAsync("/v1/api-keys", Stop);
        Assert.Contains(id!, list, StringComparison.Ordinal);
        Assert.DoesNotContain(key[12..], list, StringComparison.Ordinal);
        await JsonAsync(await server.Owner.DeleteAsync($"/v1/api-keys/{id}", Stop), HttpStatusCode.OK);
        await ProblemAsync(await client.GetAsync("/v1/billing/usage", Stop), HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_user_is_made_changed_by_version_and_unknown_to_other_tenants()
    {
        var put = new { display_name = "Ada", capabilities = new[] { "memory:read" } };
        using (var made = await server.Owner.PutAsJsonAsync("/v1/users/ada", put, Stop))
        {
            await JsonAsync(made, HttpStatusCode.Created);
            Assert.Equal("\"1\"", made.Headers.ETag!.Tag);
        }
        await ProblemAsync(await server.Owner.PutAsJsonAsync("/v1/users/ada", put, Stop), HttpStatusCode.PreconditionRequired, "precondition_required");
        await ProblemAsync(await PutAsync(server.Owner, "/v1/users/ada", put, "\"7\""), HttpStatusCode.PreconditionFailed, "version_mismatch");
        Assert.Equal(2, (await JsonAsync(await PutAsync(server.Owner, "/v1/users/ada", put, "\"1\""), HttpStatusCode.OK)).GetProperty("version").GetInt64());
        await ProblemAsync(await PutAsync(server.Owner, "/v1/users/owner", new { display_name = "O", capabilities = Array.Empty<string>() }, "\"1\""), HttpStatusCode.Forbidden, "self_lift");

        var (other, _) = await OtherTenantAsync("acme");
        using var stranger = server.Client(other);
        await ProblemAsync(await stranger.GetAsync("/v1/users/ada", Stop), HttpStatusCode.NotFound, "principal_unknown");
        Assert.DoesNotContain("ada", await stranger.GetStringAsync("/v1/users", Stop), StringComparison.Ordinal);
        Assert.Equal("acme", (await JsonAsync(await stranger.GetAsync("/v1/tenants/current", Stop), HttpStatusCode.OK)).GetProperty("id").GetString());
        await ProblemAsync(await stranger.PostAsJsonAsync("/v1/tenants", new { id = "evil", display_name = "x" }, Stop), HttpStatusCode.Forbidden, "capability_missing");
    }

    [Fact]
    public async Task A_sign_in_link_survives_being_looked_at_and_works_once()
    {
        var (_, link) = await OtherTenantAsync("looked-at", spend: false);
        Assert.StartsWith(server.Soma.Url.GetLeftPart(UriPartial.Authority), link, StringComparison.Ordinal);
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = server.Soma.Url };
        for (var look = 0; look < 3; look++)
        {
            using var page = await browser.GetAsync(link, Stop);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
            Assert.False(page.Headers.Contains("Set-Cookie"));
            Assert.Contains("form-action 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
        using (var foreign = await PostCodeAsync(browser, link, "cross-site"))
            await ProblemAsync(foreign, HttpStatusCode.Forbidden, "form_refused");
        using var done = await PostCodeAsync(browser, link, "same-origin");
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        var cookie = done.Headers.GetValues("Set-Cookie").Single(static cookie => cookie.StartsWith("soma_session=", StringComparison.Ordinal));
        Assert.Matches("(?i)^soma_session=[^;]+;.*samesite=strict", cookie);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("looked-at", await done.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tenants/current");
        request.Headers.Add("Cookie", cookie[..cookie.IndexOf(';', StringComparison.Ordinal)]);
        await JsonAsync(await browser.SendAsync(request, Stop), HttpStatusCode.OK);
        using var again = await PostCodeAsync(browser, link, "same-origin");
        await ProblemAsync(again, HttpStatusCode.NotFound, "sign_in_code_spent");
    }

    [Fact]
    public async Task Settings_change_by_version_and_limit_what_is_spent()
    {
        var (token, _) = await OtherTenantAsync("thrifty");
        using var admin = server.Client(token);
        using var first = await admin.GetAsync("/v1/settings", Stop);
        Assert.Equal("\"0\"", first.Headers.ETag!.Tag);
        var change = new { display_name = "Thrifty", residency_regions = new[] { "local" }, daily_budget = 12.5m };
        await ProblemAsync(await admin.PutAsJsonAsync("/v1/settings", change, Stop), HttpStatusCode.PreconditionRequired, "precondition_required");
        var changed = await JsonAsync(await PutAsync(admin, "/v1/settings", change, "\"0\""), HttpStatusCode.OK);
        Assert.Equal(12.5m, changed.GetProperty("daily_budget").GetDecimal());
        await ProblemAsync(await PutAsync(admin, "/v1/settings", change, "\"0\""), HttpStatusCode.PreconditionFailed, "version_mismatch");
        await ProblemAsync(await PutAsync(admin, "/v1/settings", new { display_name = "x", daily_budget = 0.00000000001m }, "\"1\""), HttpStatusCode.UnprocessableEntity, "invalid_request");
        var budget = (await JsonAsync(await admin.GetAsync("/v1/billing/usage", Stop), HttpStatusCode.OK)).GetProperty("budget");
        Assert.Equal((12.5m, 1.0), (budget.GetProperty("limit").GetDecimal(), budget.GetProperty("ratio").GetDouble()));
        Assert.Equal("developer-light", (await JsonAsync(await admin.GetAsync("/v1/deployment-mode", Stop), HttpStatusCode.OK)).GetProperty("mode").GetString());
        await ProblemAsync(await admin.PostAsync("/v1/deployment-mode", null, Stop), HttpStatusCode.Forbidden, "capability_missing");
    }

    [Fact]
    public async Task The_price_book_is_read_page_by_page_and_the_ledger_refuses_a_made_up_cursor()
    {
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await JsonAsync(await server.Owner.GetAsync("/v1/billing/prices?limit=5" + (cursor is null ? "" : "&cursor=" + cursor), Stop), HttpStatusCode.OK);
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(price => price.GetProperty("model").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Contains("soma-extract", seen);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        await ProblemAsync(await server.Owner.GetAsync("/v1/billing/ledger?cursor=%21", Stop), HttpStatusCode.UnprocessableEntity, "invalid_request");
        await ProblemAsync(await server.Owner.GetAsync("/v1/billing/usage?day=yesterday", Stop), HttpStatusCode.UnprocessableEntity, "invalid_request");
    }

    private static async Task<HttpResponseMessage> PostCodeAsync(HttpClient browser, string link, string site)
    {
        using var form = new FormUrlEncodedContent([new("code", link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..])]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/auth/signin") { Content = form };
        request.Headers.Add("Sec-Fetch-Site", site);
        return await browser.SendAsync(request, Stop);
    }

    private static async Task<HttpResponseMessage> PutAsync(HttpClient client, string path, object body, string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("If-Match", version);
        return await client.SendAsync(request, Stop);
    }

    /// <summary>A new tenant's sign-in link, and unless <paramref name="spend"/> is false a token of its owner.</summary>
    private async Task<(string Token, string Link)> OtherTenantAsync(string id, bool spend = true)
    {
        var made = await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tenants", new { id, display_name = id }, Stop), HttpStatusCode.Created);
        var link = made.GetProperty("sign_in_link").GetString()!;
        if (!spend) return ("", link);
        using var browser = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = server.Soma.Url };
        using var done = await PostCodeAsync(browser, link, "none");
        var cookie = done.Headers.GetValues("Set-Cookie").Single(static cookie => cookie.StartsWith("soma_session=", StringComparison.Ordinal));
        return (cookie["soma_session=".Length..cookie.IndexOf(';', StringComparison.Ordinal)], link);
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task ProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code) =>
        Assert.Equal(code, (await JsonAsync(response, status)).GetProperty("code").GetString());

    public sealed class Server : IAsyncLifetime
    {
        public SomaProcess Soma { get; private set; } = null!;

        public HttpClient Owner { get; private set; } = null!;

        public HttpClient Anybody { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Soma = await SomaProcess.StartAsync();
            Owner = await Soma.ClientAsync();
            Anybody = new HttpClient { BaseAddress = Soma.Url };
        }

        public HttpClient Client(string credential)
        {
            var client = new HttpClient { BaseAddress = Soma.Url };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
            return client;
        }

        public async ValueTask DisposeAsync()
        {
            Owner?.Dispose();
            Anybody?.Dispose();
            if (Soma is not null) await Soma.DisposeAsync();
        }
    }
}
