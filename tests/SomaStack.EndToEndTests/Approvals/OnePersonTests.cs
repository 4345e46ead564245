using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.EndToEndTests.Identity;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>The owner tries to be his own second person over the built server's HTTP, in every way that his rights allow.</summary>
public sealed class OnePersonTests
{
    private const string Password = "correct horse battery";
    private static readonly string[] Rights = ["approval:decide", "policy:write"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_credential_that_the_owner_makes_for_another_approves_what_he_asks_and_the_hosts_link_gives_the_account_away()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        async Task<JsonElement> MakeAsync(HttpMethod method, string path, object body)
        {
            var (status, json) = await browser.SendAsync(method, path, token, body);
            Assert.True(status is 200 or 201, $"{path} {status}: {json}");
            return json;
        }
        async Task RefusedAsync(string code, string path, object body)
        {
            var (status, json) = await browser.SendAsync(HttpMethod.Post, path, token, body);
            Assert.Equal((403, code), (status, json.GetProperty("code").GetString()));
        }
        foreach (var (id, kind) in new[] { ("puppet", "user"), ("second", "user"), ("robot", "service") })
            await MakeAsync(HttpMethod.Put, "/v1/users/" + id, new { display_name = id, kind, capabilities = Rights });
        var document = (await owner.GetFromJsonAsync<JsonElement>("/v1/policies", Stop)).GetProperty("document").GetRawText();
        using var asked = await SecondPerson.PutPolicyAsync(owner, document, "\"1\"", null);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var approval = (await ApprovalHttpTests.JsonAsync(asked)).GetProperty("approval").GetProperty("id").GetString()!;
        async Task DecidesAsync(string credential, HttpStatusCode status, string? code)
        {
            using var client = new HttpClient { BaseAddress = soma.Url };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
            var digest = (await owner.GetFromJsonAsync<JsonElement>("/v1/approvals/" + approval, Stop)).GetProperty("approval").GetProperty("digest").GetString();
            await ApprovalHttpTests.StatusAsync(status, code, SecondPerson.DecideAsync(client, approval, digest: digest));
        }

        // A token, a key, a service's secret.
        await RefusedAsync("own_sign_in", "/v1/tokens/issue", new { principal = "puppet", capabilities = Rights });
        var issued = await MakeAsync(HttpMethod.Post, "/v1/tokens/issue", new { principal = "puppet" });
        Assert.Equal(["policy:write"], issued.GetProperty("capabilities").EnumerateArray().Select(static one => one.GetString()));
        await DecidesAsync(issued.GetProperty("token").GetString()!, HttpStatusCode.Forbidden, "capability_missing");
        await RefusedAsync("own_sign_in", "/v1/api-keys", new { name = "k", principal = "puppet", scopes = Rights });
        var secret = await MakeAsync(HttpMethod.Post, "/v1/service-accounts/robot/secrets", new { });
        var robot = await GrantedAsync(soma, secret, null);
        Assert.Equal("policy:write", robot.GetProperty("scope").GetString());
        Assert.Equal("demo/robot", new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(robot.GetProperty("access_token").GetString()).GetClaim("client_id").Value);
        await DecidesAsync(robot.GetProperty("access_token").GetString()!, HttpStatusCode.Forbidden, "capability_missing");
        Assert.Equal("invalid_scope", (await GrantedAsync(soma, secret, "approval:decide")).GetProperty("error").GetString());

        // What a service asks for is not approved by whoever has its secret, or its client's.
        await MakeAsync(HttpMethod.Put, "/v1/users/robot2", new { display_name = "robot2", kind = "service", capabilities = Rights });
        var registered = await MakeAsync(HttpMethod.Put, "/v1/auth/clients/robots", new { name = "Robots", confidential = true, principal = "robot2", grants = new[] { "client_credentials" }, scopes = new[] { "policy:write" } });
        foreach (var (service, id, password) in new[]
        {
            (robot, "", ""), (default, "demo.robots", registered.GetProperty("client_secret").GetString()!),
        })
        {
            var granted = id.Length == 0 ? service : await GrantedAsync(soma, id, password, null);
            using var client = new HttpClient { BaseAddress = soma.Url };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", granted.GetProperty("access_token").GetString());
            using var wanted = await SecondPerson.PutPolicyAsync(client, document, "\"1\"", null);
            Assert.Equal(HttpStatusCode.Accepted, wanted.StatusCode);
            await ApprovalHttpTests.StatusAsync(HttpStatusCode.Forbidden, "approval_one_hand", SecondPerson.DecideAsync(owner, (await ApprovalHttpTests.JsonAsync(wanted)).GetProperty("approval").GetProperty("id").GetString()!));
        }

        // A reset link and an invitation, used by whoever made them. These sign in as people do, and are known.
        var reset = await MakeAsync(HttpMethod.Post, "/v1/users/second/reset-link", new { });
        await DecidesAsync(await SetPasswordAsync(soma, Value(reset.GetProperty("link")), "second@demo"), HttpStatusCode.Forbidden, "approval_one_hand");
        var invited = await MakeAsync(HttpMethod.Post, "/v1/invitations", new { principal = "guest", display_name = "Guest", capabilities = Rights });
        using (var guest = new Browser(soma.Url))
        {
            var (_, page) = await guest.GetAsync("/v1/auth/signin?invitation=" + Value(invited.GetProperty("link")));
            Assert.Equal(200, (await guest.SubmitAsync(page, false, ("login", "guest@demo"), ("password", Password))).Status);
            await DecidesAsync(await SignInAsync(guest, "guest@demo"), HttpStatusCode.Forbidden, "approval_one_hand");
        }

        // The host gives the account away: then it is somebody else's, and the way of before is closed.
        var (exit, link, error) = await SomaProcess.RunAsync(null, "token", "--data", soma.Data, "--url", soma.Url.ToString(), "--principal", "second", "--link");
        Assert.True(exit == 0, error);
        await DecidesAsync(await SetPasswordAsync(soma, link.Trim()[(link.IndexOf("code=", StringComparison.Ordinal) + 5)..], "second@demo"), HttpStatusCode.OK, null);
        using var written = await SecondPerson.PutPolicyAsync(owner, document, "\"1\"", approval);
        Assert.Equal(HttpStatusCode.OK, written.StatusCode);
        Assert.Equal(2, (await SomaProcess.RunAsync(null, "token", "--data", soma.Data, "--link")).ExitCode);
    }

    private static Task<JsonElement> GrantedAsync(SomaProcess soma, JsonElement secret, string? scope) =>
        GrantedAsync(soma, secret.GetProperty("client_id").GetString()!, secret.GetProperty("client_secret").GetString()!, scope);

    private static async Task<JsonElement> GrantedAsync(SomaProcess soma, string id, string secret, string? scope)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = id, ["client_secret"] = secret };
        if (scope is not null) form["scope"] = scope;
        using var client = new HttpClient { BaseAddress = soma.Url };
        using var content = new FormUrlEncodedContent(form);
        using var answer = await client.PostAsync("/v1/auth/token", content, Stop);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    /// <summary>Follows a link that sets a password, then signs in with it.</summary>
    private static async Task<string> SetPasswordAsync(SomaProcess soma, string code, string login)
    {
        using var browser = new Browser(soma.Url);
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

    private static string Value(JsonElement link) => link.GetString()![(link.GetString()!.IndexOf('=', StringComparison.Ordinal) + 1)..];
}
