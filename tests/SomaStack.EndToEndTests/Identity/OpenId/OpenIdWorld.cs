using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>A server with a person, two tenants and the clients that the protocol tests use; it also plays the browser, which keeps no cookie by itself.</summary>
public sealed partial class OpenIdWorld : IAsyncLifetime
{
    public const string WebRedirect = "https://app.example/callback";
    public const string NativeRedirect = "http://127.0.0.1/callback";

    public static readonly string[] AdaHolds = ["memory:read", "memory:write", "session:start"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Owner { get; private set; } = null!;

    public HttpClient RivalOwner { get; private set; } = null!;

    /// <summary>Follows nothing, keeps nothing.</summary>
    public HttpClient Plain { get; private set; } = null!;

    /// <summary>The secret of <c>demo.web</c>.</summary>
    public string Secret { get; private set; } = "";

    /// <summary>The secret of <c>rival.web</c>.</summary>
    public string RivalSecret { get; private set; } = "";

    public string Issuer => Soma.Url.GetLeftPart(UriPartial.Authority);

    public async ValueTask InitializeAsync()
    {
        Soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_MAX_IN_FLIGHT"] = "64" });
        Plain = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Soma.Url };
        Owner = await Soma.ClientAsync();
        await OkAsync(await Owner.PutAsJsonAsync("/v1/users/ada", new { display_name = "Ada", capabilities = AdaHolds }, Stop));
        await OkAsync(await Owner.PutAsJsonAsync("/v1/users/reporter", new { display_name = "Reporter", kind = "service", capabilities = new[] { "billing:read", "memory:read" } }, Stop));
        Secret = (await OkAsync(await Owner.PutAsJsonAsync("/v1/auth/clients/web", Web("reporter"), Stop))).GetProperty("client_secret").GetString()!;
        await OkAsync(await Owner.PutAsJsonAsync("/v1/auth/clients/native", new
        {
            name = "Native app", grants = new[] { "authorization_code", "refresh_token" }, scopes = new[] { "memory:read", "memory:write" }, redirect_uris = new[] { NativeRedirect, "com.example.app:/callback" },
        }, Stop));
        var made = await OkAsync(await Owner.PostAsJsonAsync("/v1/tenants", new { id = "rival", display_name = "Rival" }, Stop));
        RivalOwner = Client(await SpendLinkAsync(made.GetProperty("sign_in_link").GetString()!));
        RivalSecret = (await OkAsync(await RivalOwner.PutAsJsonAsync("/v1/auth/clients/web", Web(null), Stop))).GetProperty("client_secret").GetString()!;
    }

    private static object Web(string? principal) => new
    {
        name = "Web app", confidential = true, principal, scopes = new[] { "memory:read", "billing:read" }, redirect_uris = new[] { WebRedirect }, logout_uris = new[] { "https://app.example/bye" },
        grants = principal is null ? new[] { "authorization_code", "refresh_token" } : ["authorization_code", "refresh_token", "client_credentials"],
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var client in new[] { Owner, RivalOwner, Plain }) client?.Dispose();
        if (Soma is not null) await Soma.DisposeAsync();
    }

    public HttpClient Client(string credential)
    {
        var client = new HttpClient { BaseAddress = Soma.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        return client;
    }

    /// <summary>A browser session of a person of the demo tenant: the cookie holds an access token.</summary>
    public async Task<string> SessionAsync(string principal = "ada") => "soma_session=" +
        (await OkAsync(await Owner.PostAsJsonAsync("/v1/tokens/issue", new { principal, lifetime_seconds = 3600 }, Stop))).GetProperty("token").GetString();

    public async Task<HttpResponseMessage> GetAsync(string address, string? cookie, string? site = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        return await Plain.SendAsync(request, Stop);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, string? cookie, string? site, params (string Name, string Value)[] fields)
    {
        using var content = new FormUrlEncodedContent(fields.Select(field => new KeyValuePair<string, string>(field.Name, field.Value)));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        return await Plain.SendAsync(request, Stop);
    }

    public static Dictionary<string, string> Request(string client, string redirect, string scope, string verifier) => new()
    {
        ["response_type"] = "code", ["client_id"] = client, ["redirect_uri"] = redirect, ["scope"] = scope, ["state"] = "st-1", ["nonce"] = "no-1",
        ["code_challenge"] = Challenge(verifier), ["code_challenge_method"] = "S256",
    };

    public static string Verifier() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static string Challenge(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public Task<HttpResponseMessage> AuthorizeAsync(IReadOnlyDictionary<string, string> request, string? cookie, string? site = null) =>
        GetAsync("/v1/auth/authorize?" + string.Join('&', request.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}")), cookie, site);

    /// <summary>Presses a button of the consent page.</summary>
    public async Task<IReadOnlyDictionary<string, string>> DecideAsync(HttpResponseMessage page, string cookie, string decision = "allow")
    {
        var ticket = await TicketAsync(page);
        using var answer = await PostAsync("/v1/auth/consent", cookie, "same-origin", ("ticket", ticket), ("decision", decision));
        return Query(answer);
    }

    public static async Task<string> TicketAsync(HttpResponseMessage page)
    {
        var html = await page.Content.ReadAsStringAsync(Stop);
        Assert.True(page.StatusCode == HttpStatusCode.OK, $"{(int)page.StatusCode}: {html}");
        return Ticket().Match(html).Groups[1].Value;
    }

    /// <summary>What a redirect tells the client.</summary>
    public static IReadOnlyDictionary<string, string> Query(HttpResponseMessage redirect)
    {
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
        var address = redirect.Headers.Location!.OriginalString;
        return address[(address.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
    }

    /// <summary>A code that ada allowed, and its verifier.</summary>
    public async Task<(string Code, string Verifier)> CodeAsync(string client = "demo.native", string redirect = NativeRedirect, string scope = "openid profile offline_access memory:read")
    {
        var verifier = Verifier();
        var cookie = await SessionAsync();
        using var page = await AuthorizeAsync(Request(client, redirect, scope, verifier), cookie);
        var answer = await DecideAsync(page, cookie);
        Assert.Equal(("st-1", Issuer), (answer["state"], answer["iss"]));
        return (answer["code"], verifier);
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> TokenAsync(params (string Name, string Value)[] fields)
    {
        using var response = await PostAsync("/v1/auth/token", null, null, fields);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement);
    }

    public Task<(HttpStatusCode Status, JsonElement Body)> ExchangeAsync(string code, string verifier, string client = "demo.native", string redirect = NativeRedirect, params (string, string)[] more) =>
        TokenAsync([("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("code_verifier", verifier), ("redirect_uri", redirect), .. more]);

    public async Task<JsonElement> TokensAsync(string scope = "openid profile offline_access memory:read")
    {
        var (code, verifier) = await CodeAsync(scope: scope);
        var (status, body) = await ExchangeAsync(code, verifier);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body;
    }

    public Task<(HttpStatusCode Status, JsonElement Body)> RefreshAsync(string token, string client = "demo.native") =>
        TokenAsync(("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token));

    /// <summary>Whether a token opens a door.</summary>
    public async Task<HttpStatusCode> UseAsync(string token, string path = "/v1/auth/userinfo")
    {
        using var client = Client(token);
        using var response = await client.GetAsync(path, Stop);
        return response.StatusCode;
    }

    public static async Task<JsonElement> OkAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<string> SpendLinkAsync(string link)
    {
        using var done = await PostAsync("/v1/auth/signin", null, "same-origin", ("code", link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..]));
        var cookie = done.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith("soma_session=", StringComparison.Ordinal));
        return cookie["soma_session=".Length..cookie.IndexOf(';', StringComparison.Ordinal)];
    }

    [GeneratedRegex("name=\"ticket\" value=\"([^\"]+)\"")]
    private static partial Regex Ticket();
}
