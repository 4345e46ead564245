using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using SomaStack.EndToEndTests.Identity;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>The owner tries to be his own second person over the built server's HTTP, in every way that his rights allow.</summary>
public sealed class OnePersonTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private static readonly string[] Rights = ["approval:decide", "policy:write"];

    private SomaProcess _soma = null!;
    private HttpClient _owner = null!;
    private Browser _browser = null!;
    private string _document = "";
    private string _approval = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _soma = await SomaProcess.StartAsync();
        _owner = await _soma.ClientAsync();
        _browser = new Browser(_soma.Url);
        _document = (await _owner.GetFromJsonAsync<JsonElement>("/v1/policies", Stop)).GetProperty("document").GetRawText();
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        _owner.Dispose();
        await _soma.DisposeAsync();
    }

    [Fact]
    public async Task No_credential_that_the_owner_makes_for_another_approves_what_he_asks_and_the_hosts_link_gives_the_account_away()
    {
        foreach (var (id, kind) in new[] { ("puppet", "user"), ("second", "user"), ("robot", "service"), ("robot2", "service") })
            await MakeAsync(HttpMethod.Put, "/v1/users/" + id, new { display_name = id, kind, capabilities = Rights });
        _approval = await AskAsync(_owner);
        await TokensAndKeysDecideNothingAsync();
        await ServicesDecideNothingAndAreNotApprovedByWhomHasTheirSecretAsync();

        // A reset link and an invitation, used by whoever made them. These sign in as people do, and are known.
        var reset = await MakeAsync(HttpMethod.Post, "/v1/users/second/reset-link", new { });
        await DecidesAsync(await SetPasswordAsync(Value(reset.GetProperty("link")), "second@demo"), HttpStatusCode.Forbidden, "approval_one_hand");
        var invited = await MakeAsync(HttpMethod.Post, "/v1/invitations", new { principal = "guest", display_name = "Guest", capabilities = Rights });
        using (var guest = new Browser(_soma.Url))
        {
            var (_, page) = await guest.GetAsync("/v1/auth/signin?invitation=" + Value(invited.GetProperty("link")));
            Assert.Equal(200, (await guest.SubmitAsync(page, false, ("login", "guest@demo"), ("password", Password))).Status);
            await DecidesAsync(await SignInAsync(guest, "guest@demo"), HttpStatusCode.Forbidden, "approval_one_hand");
        }

        // The host gives the account away: then it is somebody else's, and the way of before is closed.
        var (exit, link, error) = await SomaProcess.RunAsync(null, "token", "--data", _soma.Data, "--url", _soma.Url.ToString(), "--principal", "second", "--link");
        Assert.True(exit == 0, error);
        await DecidesAsync(await SetPasswordAsync(link.Trim()[(link.IndexOf("code=", StringComparison.Ordinal) + 5)..], "second@demo"), HttpStatusCode.OK, null);
        using var written = await SecondPerson.PutPolicyAsync(_owner, _document, "\"1\"", _approval);
        Assert.Equal(HttpStatusCode.OK, written.StatusCode);
        Assert.Equal(2, (await SomaProcess.RunAsync(null, "token", "--data", _soma.Data, "--link")).ExitCode);
    }

    private async Task TokensAndKeysDecideNothingAsync()
    {
        await RefusedAsync("own_sign_in", "/v1/tokens/issue", new { principal = "puppet", capabilities = Rights });
        var issued = await MakeAsync(HttpMethod.Post, "/v1/tokens/issue", new { principal = "puppet" });
        Assert.Equal(["policy:write"], issued.GetProperty("capabilities").EnumerateArray().Select(static one => one.GetString()));
        await DecidesAsync(issued.GetProperty("token").GetString()!, HttpStatusCode.Forbidden, "capability_missing");
        await RefusedAsync("own_sign_in", "/v1/api-keys", new { name = "k", principal = "puppet", scopes = Rights });
    }

    private async Task ServicesDecideNothingAndAreNotApprovedByWhomHasTheirSecretAsync()
    {
        var made = await MakeAsync(HttpMethod.Post, "/v1/service-accounts/robot/secrets", new { });
        var (id, secret) = (made.GetProperty("client_id").GetString()!, made.GetProperty("client_secret").GetString()!);
        var robot = await GrantedAsync(id, secret, null);
        Assert.Equal("policy:write", robot.GetProperty("scope").GetString());
        Assert.Equal("demo/robot", new JsonWebToken(robot.GetProperty("access_token").GetString()).GetClaim("client_id").Value);
        await DecidesAsync(robot.GetProperty("access_token").GetString()!, HttpStatusCode.Forbidden, "capability_missing");
        Assert.Equal("invalid_scope", (await GrantedAsync(id, secret, "approval:decide")).GetProperty("error").GetString());

        var client = await MakeAsync(HttpMethod.Put, "/v1/auth/clients/robots", new { name = "Robots", confidential = true, principal = "robot2", grants = new[] { "client_credentials" }, scopes = new[] { "policy:write" } });
        var registered = await GrantedAsync("demo.robots", client.GetProperty("client_secret").GetString()!, null);
        foreach (var token in new[] { robot, registered })
        {
            using var service = Client(token.GetProperty("access_token").GetString()!);
            var approval = await AskAsync(service);
            await ApprovalHttpTests.StatusAsync(HttpStatusCode.Forbidden, "approval_one_hand", SecondPerson.DecideAsync(_owner, approval));
        }
    }

    private async Task<string> AskAsync(HttpClient who)
    {
        using var asked = await SecondPerson.PutPolicyAsync(who, _document, "\"1\"", null);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        return (await ApprovalHttpTests.JsonAsync(asked)).GetProperty("approval").GetProperty("id").GetString()!;
    }

    private async Task DecidesAsync(string credential, HttpStatusCode status, string? code)
    {
        using var client = Client(credential);
        var digest = (await _owner.GetFromJsonAsync<JsonElement>("/v1/approvals/" + _approval, Stop)).GetProperty("approval").GetProperty("digest").GetString();
        await ApprovalHttpTests.StatusAsync(status, code, SecondPerson.DecideAsync(client, _approval, digest: digest));
    }

    private async Task<JsonElement> MakeAsync(HttpMethod method, string path, object body)
    {
        var (status, json) = await _browser.SendAsync(method, path, _owner.DefaultRequestHeaders.Authorization!.Parameter, body);
        Assert.True(status is 200 or 201, $"{path} {status}: {json}");
        return json;
    }

    private async Task RefusedAsync(string code, string path, object body)
    {
        var (status, json) = await _browser.SendAsync(HttpMethod.Post, path, _owner.DefaultRequestHeaders.Authorization!.Parameter, body);
        Assert.Equal((403, code), (status, json.GetProperty("code").GetString()));
    }

    private async Task<JsonElement> GrantedAsync(string id, string secret, string? scope)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = id, ["client_secret"] = secret };
        if (scope is not null) form["scope"] = scope;
        using var client = new HttpClient { BaseAddress = _soma.Url };
        using var content = new FormUrlEncodedContent(form);
        using var answer = await client.PostAsync("/v1/auth/token", content, Stop);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    /// <summary>Follows a link that sets a password, then signs in with it.</summary>
    private async Task<string> SetPasswordAsync(string code, string login)
    {
        using var browser = new Browser(_soma.Url);
        await browser.GetAsync("/v1/auth/signin");
        var (status, page) = await browser.SubmitAsync($"<input type=\"hidden\" name=\"code\" value=\"{code}\">");
        Assert.True(status == 200, page);
        (status, page) = await browser.SubmitAsync(page, false, ("login", login), ("password", Password));
        Assert.True(status == 200, page);
        return await SignInAsync(browser, login);
    }

    private static async Task<string> SignInAsync(Browser browser, string login)
    {
        var (_, page) = await browser.GetAsync("/v1/auth/signin");
        (var status, page) = await browser.SubmitAsync(page, true, ("login", login), ("password", Password));
        Assert.True(status == 200, page);
        return browser.Cookie("soma_session")!;
    }

    private HttpClient Client(string credential) => new() { BaseAddress = _soma.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", credential) } };

    private static string Value(JsonElement link) => link.GetString()![(link.GetString()!.IndexOf('=', StringComparison.Ordinal) + 1)..];
}
