using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>What an attacker tries, against the built program. Each refusal is checked together with the honest request beside it.</summary>
public sealed class OpenIdAttackTests(OpenIdWorld world) : IClassFixture<OpenIdWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("code_challenge_method", null, "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge_method", "s256", "invalid_request")]
    [InlineData("code_challenge", "short", "invalid_request")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_type", "code id_token", "unsupported_response_type")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported")]
    [InlineData("request_uri", "https://evil.example/r", "request_uri_not_supported")]
    [InlineData("scope", "openid root:all", "invalid_scope")]
    [InlineData("max_age", "-1", "invalid_request")]
    public async Task A_weakened_request_is_sent_back_with_state_and_issuer_and_without_a_code(string name, string? value, string error)
    {
        var request = OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid", OpenIdWorld.Verifier());
        if (value is null) request.Remove(name);
        else request[name] = value;
        using var response = await world.AuthorizeAsync(request, await world.SessionAsync());
        var answer = OpenIdWorld.Query(response);
        Assert.Equal((error, "st-1", world.Issuer), (answer["error"], answer["state"], answer["iss"]));
        Assert.False(answer.ContainsKey("code"));
    }

    [Theory]
    [InlineData("demo.native", "http://127.0.0.1/callback/")]
    [InlineData("demo.native", "http://127.0.0.1/Callback")]
    [InlineData("demo.native", "http://127.0.0.1.evil.example/callback")]
    [InlineData("demo.native", "http://127.0.0.1:80@evil.example/callback")]
    [InlineData("demo.native", "http://localhost/callback")]
    [InlineData("demo.native", "http://127.0.0.2/callback")]
    [InlineData("demo.native", "https://127.0.0.1/callback")]
    [InlineData("demo.native", "http://127.0.0.1:1234/callback?next=https://evil.example")]
    [InlineData("demo.native", "http://127.0.0.1:1234/callback#x")]
    [InlineData("demo.native", "http://127.0.0.1:1234/%63allback")]
    [InlineData("demo.native", "http://127.1/callback")]
    [InlineData("demo.native", "http://2130706433/callback")]
    [InlineData("demo.native", "COM.example.app:/callback")]
    [InlineData("demo.web", "https://app.example./callback")]
    [InlineData("demo.web", "https://APP.example/callback")]
    [InlineData("demo.web", "https://app.example:443/callback")]
    [InlineData("demo.web", "https://app.example:8443/callback")]
    [InlineData("demo.web", "https://user@app.example/callback")]
    [InlineData("demo.web", "https://app.example/callback%2f..%2fopen")]
    [InlineData("demo.web", "https://app.example/callback/../open")]
    [InlineData("demo.web", "https://app.example\\@evil.example/callback")]
    [InlineData("demo.web", "//app.example/callback")]
    [InlineData("demo.web", "javascript:alert(1)")]
    [InlineData("demo.web", "")]
    public async Task An_address_that_is_not_registered_to_the_letter_never_gets_a_redirect(string client, string redirect)
    {
        using var response = await world.AuthorizeAsync(OpenIdWorld.Request(client, redirect, "openid", OpenIdWorld.Verifier()), await world.SessionAsync());
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Null(response.Headers.Location);
        Assert.Equal("redirect_uri_refused", JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("http://app.example/cb")]
    [InlineData("https://app.example./cb")]
    [InlineData("https://APP.example/cb")]
    [InlineData("https://*.example/cb")]
    [InlineData("https://user@app.example/cb")]
    [InlineData("https://app.example/cb#f")]
    [InlineData("https://app.example/a/../cb")]
    [InlineData("https://app.example/%63b")]
    [InlineData("http://localhost/cb")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("myapp:/cb")]
    public async Task Such_an_address_cannot_even_be_registered(string redirect)
    {
        using var response = await world.Owner.PutAsJsonAsync("/v1/auth/clients/bad", new { name = "Bad", grants = new[] { "authorization_code" }, scopes = Array.Empty<string>(), redirect_uris = new[] { redirect } }, Stop);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
    }

    [Fact]
    public async Task A_doubled_parameter_is_refused_before_anybody_reads_one_of_the_two()
    {
        using var response = await world.GetAsync("/v1/auth/authorize?client_id=demo.native&client_id=demo.web", await world.SessionAsync());
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var (status, body) = await world.TokenAsync(("grant_type", "authorization_code"), ("grant_type", "refresh_token"), ("client_id", "demo.native"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (status, body.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_replayed_code_ends_everything_that_its_first_use_gave()
    {
        var (code, verifier) = await world.CodeAsync();
        var (_, tokens) = await world.ExchangeAsync(code, verifier);
        var access = tokens.GetProperty("access_token").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(access));
        var (status, body) = await world.ExchangeAsync(code, verifier);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.GetProperty("error").GetString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(access));
        Assert.Equal(HttpStatusCode.BadRequest, (await world.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!)).Status);
    }

    [Fact]
    public async Task Of_many_who_use_one_code_at_once_nobody_keeps_a_token()
    {
        var (code, verifier) = await world.CodeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.ExchangeAsync(code, verifier)));
        Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.OK), 0, 1);
        foreach (var (_, body) in answers.Where(answer => answer.Status == HttpStatusCode.OK))
            Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(body.GetProperty("access_token").GetString()!));
    }

    [Theory]
    [InlineData("client")]
    [InlineData("redirect")]
    [InlineData("verifier")]
    [InlineData("challenge")]
    public async Task A_code_is_bound_to_client_address_and_verifier_and_a_wrong_try_spends_it(string wrong)
    {
        var (code, verifier) = await world.CodeAsync();
        var (status, body) = wrong switch
        {
            "client" => await world.ExchangeAsync(code, verifier, "demo.web", OpenIdWorld.NativeRedirect, ("client_secret", world.Secret)),
            "redirect" => await world.ExchangeAsync(code, verifier, redirect: "http://127.0.0.1:1/callback"),
            "verifier" => await world.ExchangeAsync(code, OpenIdWorld.Verifier()),
            // As if the method were plain.
            _ => await world.ExchangeAsync(code, OpenIdWorld.Challenge(verifier)),
        };
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.GetProperty("error").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await world.ExchangeAsync(code, verifier)).Status);
    }

    [Fact]
    public async Task Without_a_verifier_there_is_no_token()
    {
        var (code, _) = await world.CodeAsync();
        var (status, body) = await world.TokenAsync(("grant_type", "authorization_code"), ("client_id", "demo.native"), ("code", code), ("redirect_uri", OpenIdWorld.NativeRedirect));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (status, body.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_refresh_token_that_comes_back_ends_the_family_for_thief_and_owner_alike()
    {
        var tokens = await world.TokensAsync();
        var stolen = tokens.GetProperty("refresh_token").GetString()!;
        var (_, next) = await world.RefreshAsync(stolen);
        var (status, body) = await world.RefreshAsync(stolen);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.GetProperty("error").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await world.RefreshAsync(next.GetProperty("refresh_token").GetString()!)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(next.GetProperty("access_token").GetString()!));
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(tokens.GetProperty("access_token").GetString()!));
        var journal = await world.Owner.GetStringAsync("/v1/audit/events?type=somastack.identity.grant_revoked.v1&limit=200", Stop);
        Assert.Contains("refresh_replayed", journal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refresh_token_at_another_client_ends_the_family()
    {
        var tokens = await world.TokensAsync();
        var refresh = tokens.GetProperty("refresh_token").GetString()!;
        Assert.Equal(HttpStatusCode.BadRequest, (await world.RefreshAsync(refresh, "soma-cli")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await world.RefreshAsync(refresh)).Status);
    }

    [Fact]
    public async Task A_token_never_says_more_than_person_session_and_client_allow()
    {
        // The client may have billing:read, ada does not; ada holds session:start, the client may not have it.
        var (code, verifier) = await world.CodeAsync("demo.web", OpenIdWorld.WebRedirect, "openid billing:read memory:read session:start tenant:admin");
        var (_, tokens) = await world.ExchangeAsync(code, verifier, "demo.web", OpenIdWorld.WebRedirect, ("client_secret", world.Secret));
        Assert.Equal("openid memory:read", tokens.GetProperty("scope").GetString());
        // A session that was narrowed gives no more than it has.
        var narrow = "soma_session=" + (await OpenIdWorld.OkAsync(await world.Owner.PostAsJsonAsync("/v1/tokens/issue", new { principal = "ada", capabilities = new[] { "memory:write" } }, Stop))).GetProperty("token").GetString();
        var secret = OpenIdWorld.Verifier();
        var console = world.Issuer + "/console/callback";
        using var response = await world.AuthorizeAsync(OpenIdWorld.Request("soma-console", console, "capabilities:all", secret), narrow);
        var (_, all) = await world.ExchangeAsync(OpenIdWorld.Query(response)["code"], secret, "soma-console", console);
        Assert.Equal("memory:write", all.GetProperty("scope").GetString());
        var (status, refused) = await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", "demo.web"), ("client_secret", world.Secret), ("scope", "tenant:admin"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_scope"), (status, refused.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task What_the_person_loses_the_refreshed_token_loses_and_an_inactive_person_refreshes_nothing()
    {
        await OpenIdWorld.OkAsync(await world.Owner.PutAsJsonAsync("/v1/users/bob", new { display_name = "Bob", capabilities = new[] { "memory:read", "memory:write" } }, Stop));
        var cookie = await world.SessionAsync("bob");
        var verifier = OpenIdWorld.Verifier();
        using var page = await world.AuthorizeAsync(OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "offline_access capabilities:all", verifier), cookie);
        var (_, tokens) = await world.ExchangeAsync((await world.DecideAsync(page, cookie))["code"], verifier);
        await PutBobAsync(true, 1);
        var (_, less) = await world.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!);
        Assert.Equal("offline_access memory:read", less.GetProperty("scope").GetString());
        await PutBobAsync(false, 2);
        var (status, body) = await world.RefreshAsync(less.GetProperty("refresh_token").GetString()!);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, body.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_person_of_one_tenant_gets_nothing_at_a_client_of_another()
    {
        using var response = await world.AuthorizeAsync(OpenIdWorld.Request("rival.web", OpenIdWorld.WebRedirect, "openid", OpenIdWorld.Verifier()), await world.SessionAsync());
        Assert.Equal("access_denied", OpenIdWorld.Query(response)["error"]);
        var tokens = await world.TokensAsync();
        using var asked = await world.PostAsync("/v1/auth/introspect", null, null, ("client_id", "rival.web"), ("client_secret", world.RivalSecret), ("token", tokens.GetProperty("access_token").GetString()!));
        Assert.Equal("{\"active\":false}", await asked.Content.ReadAsStringAsync(Stop));
        using var own = await world.PostAsync("/v1/auth/introspect", null, null, ("client_id", "demo.web"), ("client_secret", world.Secret), ("token", tokens.GetProperty("access_token").GetString()!));
        var seen = JsonDocument.Parse(await own.Content.ReadAsStringAsync(Stop)).RootElement;
        Assert.Equal((true, "memory:read"), (seen.GetProperty("active").GetBoolean(), seen.GetProperty("scope").GetString()));
        using var other = await world.RivalOwner.GetAsync("/v1/auth/clients/native", Stop);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Theory]
    [InlineData("demo.web", "soma_cs_wrong")]
    [InlineData("demo.web", "")]
    [InlineData("demo.nobody", "soma_cs_wrong")]
    [InlineData("nobody.web", "soma_cs_wrong")]
    [InlineData("demo.native", "soma_cs_any")]
    [InlineData("soma-cli", "x")]
    public async Task A_wrong_secret_and_an_unknown_client_hear_the_same(string client, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/auth/token") { Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]) };
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{client}:{secret}")));
        using var response = await world.Plain.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Basic", response.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("""{"error":"invalid_client","error_description":"The client is unknown, or did not prove to be it."}""", await response.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task The_consent_form_cannot_be_sent_by_another_site_session_or_twice()
    {
        var cookie = await world.SessionAsync();
        using var page = await world.AuthorizeAsync(OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid", OpenIdWorld.Verifier()), cookie);
        var ticket = await OpenIdWorld.TicketAsync(page);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("form-action 'self' http://127.0.0.1;", policy, StringComparison.Ordinal);
        using (var cross = await world.PostAsync("/v1/auth/consent", cookie, "cross-site", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.Forbidden, cross.StatusCode);
        using (var sister = await world.PostAsync("/v1/auth/consent", cookie, "same-site", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.Forbidden, sister.StatusCode);
        using (var nobody = await world.PostAsync("/v1/auth/consent", null, "same-origin", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        using (var other = await world.PostAsync("/v1/auth/consent", await world.SessionAsync(), "same-origin", ("ticket", ticket), ("decision", "allow"))) Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using (var guess = await world.PostAsync("/v1/auth/consent", cookie, "same-origin", ("ticket", "guess"), ("decision", "allow"))) Assert.Equal(HttpStatusCode.NotFound, guess.StatusCode);
        using (var good = await world.PostAsync("/v1/auth/consent", cookie, "same-origin", ("ticket", ticket), ("decision", "allow"))) Assert.True(OpenIdWorld.Query(good).ContainsKey("code"));
        using var again = await world.PostAsync("/v1/auth/consent", cookie, "same-origin", ("ticket", ticket), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact]
    public async Task Tokens_of_one_kind_are_never_taken_for_another_nor_for_the_issuers_keys()
    {
        var tokens = await world.TokensAsync();
        var (id, access) = (tokens.GetProperty("id_token").GetString()!, tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(id));
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(tokens.GetProperty("refresh_token").GetString()!));
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(world.Secret));
        // The public key as an HMAC secret, no algorithm at all, and a key that the token brings along.
        var key = JsonDocument.Parse(await world.Plain.GetStringAsync("/.well-known/jwks.json", Stop)).RootElement.GetProperty("keys")[0];
        Assert.Equal(["alg", "crv", "kid", "kty", "use", "x", "y"], key.EnumerateObject().Select(member => member.Name).Order());
        var payload = access.Split('.')[1];
        foreach (var header in new[]
                 {
                     $$"""{"alg":"HS256","typ":"at+jwt","kid":"{{new JsonWebToken(access).Kid}}"}""", """{"alg":"none","typ":"at+jwt"}""",
                     $$"""{"alg":"ES256","typ":"at+jwt","kid":"x","jwk":{{key.GetRawText()}}}""", """{"alg":"ES256","typ":"at+jwt","kid":"x","jku":"https://evil.example/jwks.json"}""",
                 })
        {
            var signed = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)) + "." + payload;
            var mac = System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.GetRawText()), Encoding.UTF8.GetBytes(signed));
            Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(signed + "." + Base64Url.EncodeToString(mac)));
            Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(signed + "."));
        }
    }

    [Fact]
    public async Task Nobody_rises_through_a_client_that_he_registers()
    {
        await OpenIdWorld.OkAsync(await world.Owner.PutAsJsonAsync("/v1/users/clerk", new { display_name = "Clerk", capabilities = new[] { "tenant:admin" } }, Stop));
        using var clerk = world.Client((await world.SessionAsync("clerk"))["soma_session=".Length..]);
        var client = new { name = "Lift", confidential = true, principal = "reporter", grants = new[] { "client_credentials" }, scopes = new[] { "billing:read" } };
        using var response = await clerk.PutAsJsonAsync("/v1/auth/clients/lift", client, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        using var person = await world.Owner.PutAsJsonAsync("/v1/auth/clients/lift", client with { principal = "ada" }, Stop);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, person.StatusCode);
    }

    [Fact]
    public async Task Nothing_that_the_server_wrote_down_holds_a_secret()
    {
        var (code, verifier) = await world.CodeAsync();
        var (_, tokens) = await world.ExchangeAsync(code, verifier);
        var (_, next) = await world.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!);
        var journal = await world.Owner.GetStringAsync("/v1/audit/events?limit=200", Stop);
        var log = string.Join('\n', world.Soma.Log);
        foreach (var secret in new[] { code, verifier, world.Secret, tokens.GetProperty("refresh_token").GetString()!, next.GetProperty("refresh_token").GetString()!, next.GetProperty("access_token").GetString()!, tokens.GetProperty("id_token").GetString()! })
        {
            Assert.DoesNotContain(secret, journal, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
        }
        foreach (var file in Directory.EnumerateFiles(world.Soma.Data, "soma.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, Stop);
            foreach (var secret in new[] { code, verifier, world.Secret, next.GetProperty("refresh_token").GetString()! })
                Assert.Equal(-1, copy.GetBuffer().AsSpan(0, (int)copy.Length).IndexOf(Encoding.ASCII.GetBytes(secret)));
        }
    }

    private async Task PutBobAsync(bool active, long version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v1/users/bob") { Content = JsonContent.Create(new { display_name = "Bob", capabilities = new[] { "memory:read" }, active }) };
        request.Headers.TryAddWithoutValidation("If-Match", $"\"{version}\"");
        await OpenIdWorld.OkAsync(await world.Owner.SendAsync(request, Stop));
    }
}
