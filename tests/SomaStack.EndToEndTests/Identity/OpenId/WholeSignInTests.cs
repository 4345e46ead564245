using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.IdentityModel.JsonWebTokens;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>The whole way of a person: sent by a client, password, second factor, back, consent, code, tokens that say how he proved himself.</summary>
public sealed partial class WholeSignInTests(OpenIdWorld world) : IClassFixture<OpenIdWorld>
{
    private const string Password = "a long walk by the river";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_who_proves_two_factors_gets_tokens_that_say_so()
    {
        var cookies = new CookieContainer();
        using var browser = new HttpClient(new HttpClientHandler { CookieContainer = cookies, AllowAutoRedirect = false }) { BaseAddress = world.Soma.Url };
        await OpenIdWorld.OkAsync(await world.Owner.PutAsJsonAsync("/v1/users/whole", new { display_name = "Whole", capabilities = new[] { "memory:read" } }, Stop));
        var secret = await EnrolAsync(browser);

        var verifier = OpenIdWorld.Verifier();
        var request = OpenIdWorld.Request("demo.native", OpenIdWorld.NativeRedirect, "openid profile memory:read", verifier);
        var authorize = "/v1/auth/authorize?" + string.Join('&', request.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        using var sent = await browser.GetAsync(authorize, Stop);
        var page = await TextAsync(await browser.GetAsync(sent.Headers.Location!.OriginalString, Stop));
        page = await SubmitAsync(browser, page, ("login", "whole@demo"), ("password", Password));
        Assert.Contains("one-time-code", page, StringComparison.Ordinal);
        page = await SubmitAsync(browser, page, ("otp", Browser.Code(secret, 1)));
        // The sign-in page leads on by itself to where the person came from.
        var onward = WebUtility.HtmlDecode(Refresh().Match(page).Groups[1].Value);
        Assert.StartsWith("/v1/auth/authorize?", onward, StringComparison.Ordinal);
        page = await TextAsync(await browser.GetAsync(onward, Stop));
        Assert.Contains("Native app", page, StringComparison.Ordinal);
        using var decided = await PostAsync(browser, "/v1/auth/consent", page, ("decision", "allow"));
        var (status, tokens) = await world.ExchangeAsync(OpenIdWorld.Query(decided)["code"], verifier);
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        var id = new JsonWebToken(tokens.GetProperty("id_token").GetString());
        var access = new JsonWebToken(tokens.GetProperty("access_token").GetString());
        Assert.Equal(["otp", "pwd"], id.GetPayloadValue<string[]>("amr").Order());
        Assert.Equal(["otp", "pwd"], access.GetPayloadValue<string[]>("amr").Order());
        Assert.InRange(access.GetPayloadValue<long>("mfa_at"), TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 300, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        Assert.Equal(("demo/whole", "Whole"), (id.Subject, id.GetPayloadValue<string>("name")));
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(tokens.GetProperty("access_token").GetString()!));
    }

    [Fact]
    public async Task A_service_account_gets_tokens_with_a_secret_of_its_own_until_it_is_revoked()
    {
        await OpenIdWorld.OkAsync(await world.Owner.PostAsJsonAsync("/v1/service-accounts", new { id = "robot2", display_name = "Robot", roles = new[] { "viewer" } }, Stop));
        var made = await OpenIdWorld.OkAsync(await world.Owner.PostAsJsonAsync("/v1/service-accounts/robot2/secrets", new { }, Stop));
        var (client, secret) = (made.GetProperty("client_id").GetString()!, made.GetProperty("client_secret").GetString()!);
        var (status, tokens) = await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret));
        Assert.True(status == HttpStatusCode.OK, tokens.ToString());
        Assert.NotEmpty(tokens.GetProperty("scope").GetString()!);
        Assert.Equal(HttpStatusCode.OK, await world.UseAsync(tokens.GetProperty("access_token").GetString()!));
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret + "x"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", "rival/robot2"), ("client_secret", secret))).Status);
        using (var gone = await world.Owner.DeleteAsync($"/v1/service-accounts/robot2/secrets/{made.GetProperty("secret").GetProperty("id").GetString()}", Stop)) Assert.True(gone.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.TokenAsync(("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret))).Status);
    }

    /// <summary>A first password by a link, and an authenticator.</summary>
    private async Task<string> EnrolAsync(HttpClient browser)
    {
        var link = (await OpenIdWorld.OkAsync(await world.Owner.PostAsync("/v1/users/whole/reset-link", null, Stop))).GetProperty("link").GetString()!;
        var page = await SubmitAsync(browser, $"<input type=\"hidden\" name=\"code\" value=\"{link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..]}\">");
        await SubmitAsync(browser, page, ("login", "whole@demo"), ("password", Password));
        using var person = world.Client((await world.SessionAsync("whole"))["soma_session=".Length..]);
        var begun = await OpenIdWorld.OkAsync(await person.PostAsJsonAsync("/v1/auth/mfa/enroll", new { password = Password }, Stop));
        var secret = begun.GetProperty("secret").GetString()!;
        await OpenIdWorld.OkAsync(await person.PostAsJsonAsync("/v1/auth/mfa/confirm", new { code = Browser.Code(secret) }, Stop));
        return secret;
    }

    private static async Task<string> SubmitAsync(HttpClient browser, string page, params (string Name, string Value)[] fields) => await TextAsync(await PostAsync(browser, "/v1/auth/signin", page, fields));

    private static async Task<HttpResponseMessage> PostAsync(HttpClient browser, string path, string page, params (string Name, string Value)[] fields)
    {
        var form = Hidden().Matches(page).ToDictionary(match => match.Groups[1].Value, match => WebUtility.HtmlDecode(match.Groups[2].Value));
        foreach (var (name, value) in fields) form[name] = value;
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await browser.SendAsync(request, Stop);
    }

    private static async Task<string> TextAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Stop);
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
            return text;
        }
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\">")]
    private static partial Regex Hidden();

    [GeneratedRegex("content=\"0;url=([^\"]+)\"")]
    private static partial Regex Refresh();
}
