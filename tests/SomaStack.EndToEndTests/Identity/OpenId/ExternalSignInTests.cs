using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>Sign-in through an outside issuer, which is a second real server on loopback.</summary>
public sealed class ExternalSignInTests(OpenIdWorld outside) : IClassFixture<OpenIdWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_of_the_outside_issuer_is_let_in_as_the_setting_says_and_known_again()
    {
        await using var home = await HomeAsync(("SOMA_OIDC_CREATE", "memory:read"), ("SOMA_OIDC_PRIVATE", "1"));
        var (session, principal) = await SignInAsync(home, await outside.SessionAsync());
        Assert.StartsWith("ext-", principal, StringComparison.Ordinal);
        var (_, again) = await SignInAsync(home, await outside.SessionAsync());
        Assert.Equal(principal, again);
        var (_, other) = await SignInAsync(home, await outside.SessionAsync("owner"));
        Assert.NotEqual(principal, other);
        using var client = new HttpClient { BaseAddress = home.Url };
        client.DefaultRequestHeaders.Authorization = new("Bearer", session);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/tenants/current", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/v1/users", Stop)).StatusCode);
    }

    [Fact]
    public async Task A_person_whom_scim_provisioned_is_linked_and_a_stranger_is_not_let_in()
    {
        await using var home = await HomeAsync(("SOMA_OIDC_PRIVATE", "1"));
        using var owner = await home.ClientAsync();
        var user = new Dictionary<string, object> { ["schemas"] = new[] { "urn:ietf:params:scim:schemas:core:2.0:User" }, ["userName"] = "ada@corp.example", ["externalId"] = "demo/ada" };
        using (var made = await owner.PostAsJsonAsync("/scim/v2/Users", user, Stop)) Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal("ada@corp.example", (await SignInAsync(home, await outside.SessionAsync())).Principal);
        using var refused = await AnswerAsync(home, await outside.SessionAsync("owner"));
        Assert.Equal((HttpStatusCode.Forbidden, "external_sign_in_refused"), (refused.StatusCode, await CodeAsync(refused)));
        Assert.False(refused.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(cookie => cookie.StartsWith("soma_session=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_answer_counts_only_in_the_browser_that_asked_once_and_from_the_issuer_that_was_asked()
    {
        await using var home = await HomeAsync(("SOMA_OIDC_CREATE", ""), ("SOMA_OIDC_PRIVATE", "1"));
        var (cookie, answer) = await AskOutsideAsync(home, await outside.SessionAsync());
        var (victim, _) = await AskOutsideAsync(home, await outside.SessionAsync());
        await RefusedAsync(home, answer, null);
        await RefusedAsync(home, answer, victim);
        await RefusedAsync(home, answer.Replace("iss=", "iss=https%3A%2F%2Fevil.example&x=", StringComparison.Ordinal), cookie);
        // The mixed-up answer has spent the request: nothing of it can be used any more.
        await RefusedAsync(home, answer, cookie);
        var (fresh, good) = await AskOutsideAsync(home, await outside.SessionAsync());
        await RefusedAsync(home, good.Replace("state=", "state=x", StringComparison.Ordinal), fresh);
        using (var done = await GetAsync(home, good, fresh)) Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        await RefusedAsync(home, good, fresh);
    }

    [Fact]
    public async Task An_issuer_inside_the_network_is_not_called_unless_the_operator_says_so()
    {
        await using var home = await HomeAsync(("SOMA_OIDC_CREATE", ""));
        using var response = await GetAsync(home, "/v1/auth/external", null);
        Assert.Equal((HttpStatusCode.Forbidden, "address_refused"), (response.StatusCode, await CodeAsync(response)));
    }

    [Fact]
    public async Task The_way_back_is_a_path_of_ours_and_nothing_else()
    {
        await using var home = await HomeAsync(("SOMA_OIDC_CREATE", ""), ("SOMA_OIDC_PRIVATE", "1"));
        foreach (var (asked, gone) in new[] { ("/docs", "/docs"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"), ("/a\tb", "/") })
        {
            var (cookie, answer) = await AskOutsideAsync(home, await outside.SessionAsync(), asked);
            using var done = await GetAsync(home, answer, cookie);
            Assert.Contains($"content=\"0;url={gone}\"", await done.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }
    }

    private async Task<SomaProcess> HomeAsync(params (string Name, string Value)[] settings)
    {
        var file = Path.Combine(Path.GetTempPath(), "soma-secret-" + Guid.CreateVersion7().ToString("N"));
        var environment = new Dictionary<string, string> { ["SOMA_OIDC_ISSUER"] = outside.Issuer, ["SOMA_OIDC_CLIENT"] = "demo.home", ["SOMA_OIDC_SECRET_FILE"] = file };
        foreach (var (name, value) in settings) environment[name] = value;
        // The client must name where the server will be, so the address is fixed first.
        using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        free.Stop();
        using (var gone = await outside.Owner.DeleteAsync("/v1/auth/clients/home", Stop)) { }
        var made = await OpenIdWorld.OkAsync(await outside.Owner.PutAsJsonAsync("/v1/auth/clients/home", new
        {
            name = "Home", confidential = true, grants = new[] { "authorization_code" }, scopes = Array.Empty<string>(), redirect_uris = new[] { url + "/v1/auth/external/callback" },
        }, Stop));
        await File.WriteAllTextAsync(file, made.GetProperty("client_secret").GetString(), Stop);
        var home = await SomaProcess.StartAtAsync(url, null, environment);
        File.Delete(file);
        return home;
    }

    private async Task<(string Session, string Principal)> SignInAsync(SomaProcess home, string person)
    {
        using var done = await AnswerAsync(home, person);
        Assert.True(done.StatusCode == HttpStatusCode.OK, await done.Content.ReadAsStringAsync(Stop));
        var cookie = done.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith("soma_session=", StringComparison.Ordinal));
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        var session = cookie["soma_session=".Length..cookie.IndexOf(';', StringComparison.Ordinal)];
        return (session, new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(session).Subject);
    }

    private async Task<HttpResponseMessage> AnswerAsync(SomaProcess home, string person)
    {
        var (cookie, answer) = await AskOutsideAsync(home, person);
        return await GetAsync(home, answer, cookie);
    }

    /// <summary>Begins at home, lets the person allow it outside, and returns the browser's cookie and the address with the answer.</summary>
    private async Task<(string Cookie, string Answer)> AskOutsideAsync(SomaProcess home, string person, string returnTo = "/docs")
    {
        using var begun = await GetAsync(home, "/v1/auth/external?return_to=" + Uri.EscapeDataString(returnTo), null);
        Assert.True(begun.StatusCode == HttpStatusCode.Redirect, await begun.Content.ReadAsStringAsync(Stop));
        var cookie = begun.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        using var page = await outside.GetAsync(begun.Headers.Location!.OriginalString, person);
        using var allowed = await outside.PostAsync("/v1/auth/consent", person, "same-origin", ("ticket", await OpenIdWorld.TicketAsync(page)), ("decision", "allow"));
        Assert.Equal(HttpStatusCode.Redirect, allowed.StatusCode);
        return (cookie[..cookie.IndexOf(';', StringComparison.Ordinal)], allowed.Headers.Location!.PathAndQuery);
    }

    private async Task<HttpResponseMessage> GetAsync(SomaProcess home, string address, string? cookie) => await outside.GetAsync(new Uri(home.Url, address).AbsoluteUri, cookie);

    private async Task RefusedAsync(SomaProcess home, string answer, string? cookie)
    {
        using var response = await GetAsync(home, answer, cookie);
        Assert.Equal((HttpStatusCode.Forbidden, "external_sign_in_refused"), (response.StatusCode, await CodeAsync(response)));
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) => JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("code").GetString();
}
