using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>OpenID Connect as an honest client meets it, against the built program.</summary>
public sealed class OpenIdFlowTests(OpenIdWorld world) : IClassFixture<OpenIdWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_discovery_document_tells_the_truth()
    {
        var document = await OpenIdWorld.OkAsync(await world.Plain.GetAsync("/.well-known/openid-configuration", Stop));
        Assert.Equal(world.Issuer, document.GetProperty("issuer").GetString());
        Assert.StartsWith("urn:soma:", document.GetProperty("access_token_issuer").GetString(), StringComparison.Ordinal);
        Assert.Equal(["S256"], document.GetProperty("code_challenge_methods_supported").EnumerateArray().Select(one => one.GetString()));
        foreach (var endpoint in document.EnumerateObject().Where(member => member.Name.EndsWith("_endpoint", StringComparison.Ordinal)))
        {
            using var response = await world.Plain.GetAsync(endpoint.Value.GetString(), Stop);
            // Each exists: it may want another method, a parameter or a token.
            Assert.True(response.StatusCode is not HttpStatusCode.NotFound || endpoint.Name == "authorization_endpoint", $"{endpoint.Name}: {(int)response.StatusCode}");
        }
        // Not the Host header but where the server really is.
        using var forged = new HttpRequestMessage(HttpMethod.Get, "/.well-known/openid-configuration");
        forged.Headers.Host = "evil.example";
        Assert.Equal(world.Issuer, (await OpenIdWorld.OkAsync(await world.Plain.SendAsync(forged, Stop))).GetProperty("issuer").GetString());
    }

    [Fact]
    public async Task A_person_allows_a_client_and_another_library_believes_the_id_token()
    {
        var tokens = await world.TokensAsync();
        Assert.Equal("Bearer", tokens.GetProperty("token_type").GetString());
        Assert.InRange(tokens.GetProperty("expires_in").GetInt32(), 1, 900);
        Assert.Equal("openid profile offline_access memory:read".Split(' ').Order(), tokens.GetProperty("scope").GetString()!.Split(' ').Order());
        var keys = new JsonWebKeySet(await world.Plain.GetStringAsync("/.well-known/jwks.json", Stop));
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(tokens.GetProperty("id_token").GetString(), new TokenValidationParameters
        {
            ValidIssuer = world.Issuer, ValidAudience = "demo.native", IssuerSigningKeys = keys.Keys, ValidAlgorithms = ["ES256"],
        });
        Assert.True(result.IsValid, result.Exception?.Message);
        Assert.Equal(("demo/ada", "no-1", "Ada"), ((string)result.Claims["sub"], (string)result.Claims["nonce"], (string)result.Claims["name"]));
        Assert.True(Convert.ToInt64(result.Claims["auth_time"], System.Globalization.CultureInfo.InvariantCulture) <= TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        using var client = world.Client(tokens.GetProperty("access_token").GetString()!);
        var info = await OpenIdWorld.OkAsync(await client.GetAsync("/v1/auth/userinfo", Stop));
        Assert.Equal("demo/ada", info.GetProperty("sub").GetString());
        var access = new JsonWebToken(tokens.GetProperty("access_token").GetString());
        Assert.Equal("at+jwt", access.Typ);
        Assert.Equal(["memory:read"], access.GetPayloadValue<string[]>("capabilities"));
    }

    [Fact]
    public async Task Without_a_session_the_person_signs_in_first_and_comes_back()
    {
        var request = OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid", OpenIdWorld.Verifier());
        using var response = await world.AuthorizeAsync(request, null);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        var location = response.Headers.Location!.OriginalString;
        Assert.StartsWith("/v1/auth/signin?return_to=%2Fv1%2Fauth%2Fauthorize%3F", location, StringComparison.Ordinal);
        Assert.Contains(Uri.EscapeDataString(request["code_challenge"]), Uri.UnescapeDataString(location), StringComparison.Ordinal);
        // From another site's page the strict cookie is not sent: a page of ours takes one more step instead of a needless sign-in.
        using var crossing = await world.AuthorizeAsync(request, null, "cross-site");
        Assert.Equal(HttpStatusCode.OK, crossing.StatusCode);
        Assert.Contains("http-equiv=\"refresh\" content=\"0;url=/v1/auth/authorize?", await crossing.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        request["prompt"] = "none";
        using var silent = await world.AuthorizeAsync(request, null);
        Assert.Equal("login_required", OpenIdWorld.Query(silent)["error"]);
    }

    [Fact]
    public async Task The_console_needs_no_consent_and_everybody_else_does()
    {
        var cookie = await world.SessionAsync();
        var verifier = OpenIdWorld.Verifier();
        var console = world.Issuer + "/console/callback";
        using var response = await world.AuthorizeAsync(OpenIdWorld.Request("soma-console", console, "openid offline_access capabilities:all", verifier), cookie);
        var (status, tokens) = await world.ExchangeAsync(OpenIdWorld.Query(response)["code"], verifier, "soma-console", console);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(OpenIdWorld.AdaHolds.Order(), tokens.GetProperty("scope").GetString()!.Split(' ').Where(scope => scope.Contains(':', StringComparison.Ordinal)).Order());
        var silent = OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid", OpenIdWorld.Verifier());
        silent["prompt"] = "none";
        using var refused = await world.AuthorizeAsync(silent, cookie);
        Assert.Equal("consent_required", OpenIdWorld.Query(refused)["error"]);
        using var page = await world.AuthorizeAsync(OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid", OpenIdWorld.Verifier()), cookie);
        var denied = await world.DecideAsync(page, cookie, "deny");
        Assert.Equal(("access_denied", world.Issuer), (denied["error"], denied["iss"]));
    }

    [Fact]
    public async Task A_native_app_may_use_any_port_of_loopback_and_its_private_scheme()
    {
        foreach (var redirect in new[] { "http://127.0.0.1:49152/callback", "com.example.app:/callback" })
        {
            var (code, verifier) = await world.CodeAsync(redirect: redirect);
            Assert.Equal(HttpStatusCode.OK, (await world.ExchangeAsync(code, verifier, redirect: redirect)).Status);
        }
    }

    [Fact]
    public async Task A_refresh_token_rotates_and_can_only_narrow()
    {
        var tokens = await world.TokensAsync("offline_access memory:read memory:write");
        var first = tokens.GetProperty("refresh_token").GetString()!;
        var (status, next) = await world.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo.native"), ("refresh_token", first), ("scope", "memory:read"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("memory:read", next.GetProperty("scope").GetString());
        var second = next.GetProperty("refresh_token").GetString()!;
        Assert.NotEqual(first, second);
        var (wide, refused) = await world.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo.native"), ("refresh_token", second), ("scope", "session:start"));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_scope"), (wide, refused.GetProperty("error").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await world.RefreshAsync(second)).Status);
    }

    [Fact]
    public async Task A_service_gets_tokens_with_its_own_secret_or_its_own_key()
    {
        var (status, tokens) = await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", "demo.web"), ("client_secret", world.Secret));
        Assert.Equal((HttpStatusCode.OK, "billing:read memory:read"), (status, tokens.GetProperty("scope").GetString()));
        Assert.False(tokens.TryGetProperty("refresh_token", out _));
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(tokens.GetProperty("access_token").GetString()!, "/v1/billing/prices"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        var jwk = new { kty = "EC", crv = "P-256", kid = "k1", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) };
        await OpenIdWorld.OkAsync(await world.Owner.PutAsJsonAsync("/v1/auth/clients/robot", new
        {
            name = "Robot", confidential = true, principal = "reporter", grants = new[] { "client_credentials" }, scopes = new[] { "billing:read" }, public_keys = new { keys = new[] { jwk } },
        }, Stop));
        // Whoever registers a service's client can be the service.
        await using var db = Db.Open("sqlite:" + Path.Combine(world.Soma.Data, "soma.db"));
        Assert.Equal(["owner"], await db.QueryAsync("demo", static reader => reader.GetString(0), $"SELECT giver FROM hands WHERE tenant = {"demo"} AND principal = {"reporter"}", Stop));
        var assertion = Assertion(key, "demo.robot", world.Issuer + "/v1/auth/token", TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2));
        Assert.Equal(HttpStatusCode.OK, (await ByAssertionAsync(assertion)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ByAssertionAsync(assertion)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ByAssertionAsync(Assertion(key, "demo.robot", "https://elsewhere.example", TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ByAssertionAsync(Assertion(key, "demo.robot", world.Issuer, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(2)))).Status);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ByAssertionAsync(Assertion(stranger, "demo.robot", world.Issuer, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2)))).Status);
    }

    [Fact]
    public async Task What_a_client_gives_up_ends_with_its_family()
    {
        var tokens = await world.TokensAsync();
        var (access, refresh) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(access));
        using (var foreign = await world.PostAsync("/v1/auth/revoke", null, null, ("client_id", "demo.web"), ("client_secret", world.Secret), ("token", refresh))) Assert.Equal(HttpStatusCode.OK, foreign.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(access));
        using (var own = await world.PostAsync("/v1/auth/revoke", null, null, ("client_id", "demo.native"), ("token", refresh))) Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(access));
        Assert.Equal(HttpStatusCode.BadRequest, (await world.RefreshAsync(refresh)).Status);
    }

    [Fact]
    public async Task A_client_that_is_removed_takes_all_its_tokens_along()
    {
        await OpenIdWorld.OkAsync(await world.Owner.PutAsJsonAsync("/v1/auth/clients/brief", new
        {
            name = "Brief", grants = new[] { "authorization_code", "refresh_token" }, scopes = new[] { "memory:read" }, redirect_uris = new[] { OpenIdWorld.NativeRedirect },
        }, Stop));
        var (code, verifier) = await world.CodeAsync("demo.brief");
        var (_, tokens) = await world.ExchangeAsync(code, verifier, "demo.brief");
        using (var gone = await world.Owner.DeleteAsync("/v1/auth/clients/brief", Stop)) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(tokens.GetProperty("access_token").GetString()!));
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!, "demo.brief")).Status);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_everywhere_and_goes_on_only_where_the_client_registered()
    {
        var (code, verifier) = await world.CodeAsync("demo.web", OpenIdWorld.WebRedirect, "openid");
        var (_, tokens) = await world.ExchangeAsync(code, verifier, "demo.web", OpenIdWorld.WebRedirect, ("client_secret", world.Secret));
        var hint = tokens.GetProperty("id_token").GetString()!;
        var cookie = await world.SessionAsync();
        using (var evil = await world.PostAsync("/v1/auth/logout", cookie, "cross-site")) Assert.Equal(HttpStatusCode.Forbidden, evil.StatusCode);
        using (var elsewhere = await world.PostAsync("/v1/auth/logout", null, "same-origin", ("id_token_hint", hint), ("post_logout_redirect_uri", "https://evil.example/"))) Assert.Equal(HttpStatusCode.OK, elsewhere.StatusCode);
        using var done = await world.PostAsync("/v1/auth/logout", cookie, "same-origin", ("id_token_hint", hint), ("post_logout_redirect_uri", "https://app.example/bye"), ("state", "s"));
        Assert.Equal("https://app.example/bye?state=s", done.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.Unauthorized, await world.UseAsync(cookie["soma_session=".Length..]));
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> ByAssertionAsync(string assertion) => world.TokenAsync(
        ("grant_type", "client_credentials"), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion));

    private static string Assertion(ECDsa key, string client, string audience, DateTime expires) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = client, Audience = audience, Expires = expires, Claims = new Dictionary<string, object> { ["sub"] = client, ["jti"] = Guid.CreateVersion7().ToString() },
        SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { KeyId = "k1" }, "ES256"),
    });
}
