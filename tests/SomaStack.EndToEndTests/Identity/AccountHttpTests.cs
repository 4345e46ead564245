using System.Text;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Identity;

/// <summary>People as they come in, at the built program, with nothing but HTTP.</summary>
public sealed class AccountHttpTests
{
    private const string Password = "a long walk by the river";
    private const string NextPassword = "a longer walk by the sea";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_identity_does_leaves_no_secret_in_answers_log_or_database()
    {
        // Ours, and what the framework says of routes, connections and handlers, at the finest level.
        await using var soma = await SomaProcess.StartAsync(environment: new[] { "Default", "Microsoft.AspNetCore.Routing", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Server.Kestrel" }
            .ToDictionary(static category => "Logging__LogLevel__" + category, static _ => "Trace"));
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        browser.Secrets.Add(token);

        await AdministerAsync(browser, token);
        var session = await ComeInAsync(browser, token);
        await TakeFactorAsync(browser, session);
        await RefusedAsync(browser, token);
        foreach (var path in (string[])["/v1/users", "/v1/users/ada", "/v1/api-keys", "/v1/invitations", "/v1/service-accounts", "/v1/service-accounts/robot/secrets", "/v1/roles", "/v1/tenants",
            "/v1/auth/me", "/v1/audit/events", "/.well-known/jwks.json", "/metrics"])
            await browser.SendAsync(HttpMethod.Get, path, token);

        Assert.True(browser.Secrets.Count > 20, $"Only {browser.Secrets.Count} secrets were seen.");
        var emitted = string.Join('\n', browser.Emitted);
        var log = string.Join('\n', soma.Log);
        Assert.Contains("dbug: Microsoft.AspNetCore.Routing", log, StringComparison.Ordinal);
        var rows = new StringBuilder();
        foreach (var file in Directory.GetFiles(soma.Data, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/keys/", StringComparison.Ordinal)))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            rows.Append(await reader.ReadToEndAsync(Stop));
        }
        Assert.Contains("somastack.identity.mfa_changed.v1", rows.ToString(), StringComparison.Ordinal);
        foreach (var secret in browser.Secrets)
        {
            var shown = secret[..4] + "…";
            Assert.False(emitted.Contains(secret, StringComparison.Ordinal), $"An answer shows '{shown}': " + browser.Emitted.FirstOrDefault(one => one.Contains(secret, StringComparison.Ordinal))?.Split('\n')[0]);
            Assert.False(log.Contains(secret, StringComparison.Ordinal), $"The log shows '{shown}'.");
            Assert.False(rows.ToString().Contains(secret, StringComparison.Ordinal), $"The database shows '{shown}'.");
        }
    }

    /// <summary>An administrator's day: users, roles, keys, a service and its secret, an invitation, a tenant.</summary>
    private static async Task AdministerAsync(Browser browser, string token)
    {
        await OkAsync(201, browser.SendAsync(HttpMethod.Put, "/v1/roles/night", token, new { description = "Nights", capabilities = new[] { "memory:read" } }));
        await OkAsync(201, browser.SendAsync(HttpMethod.Put, "/v1/users/ada", token, new { display_name = "Ada", capabilities = Array.Empty<string>(), roles = new[] { "member", "night" } }));
        var key = await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/api-keys", token, new { name = "k", scopes = new[] { "memory:read" } }, shows: true));
        browser.Secrets.Add(key.GetProperty("key").GetString()!);
        var rotated = await OkAsync(201, browser.SendAsync(HttpMethod.Post, $"/v1/api-keys/{key.GetProperty("api_key").GetProperty("id").GetString()}/rotate", token, new { overlap_seconds = 0 }, shows: true));
        browser.Secrets.Add(rotated.GetProperty("key").GetString()!);
        await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/status", browser.Secrets[^2]));
        await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/status", browser.Secrets[^1]));
        await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/service-accounts", token, new { id = "robot", display_name = "Robot", roles = new[] { "viewer" } }));
        var secret = await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/service-accounts/robot/secrets", token, new { }, shows: true));
        browser.Secrets.Add(secret.GetProperty("client_secret").GetString()!);
        var tenant = await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/tenants", token, new { id = "acme", display_name = "Acme" }, shows: true));
        browser.Secrets.Add(Value(tenant.GetProperty("sign_in_link").GetString()!));
        var invited = await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/invitations", token, new { principal = "bob", display_name = "Bob", roles = new[] { "viewer" } }, shows: true));
        var link = invited.GetProperty("link").GetString()!;
        browser.Secrets.AddRange([Value(link), "bob has a long password"]);
        // The form carries the invitation back, so its page shows it to whoever opened it.
        using var bob = new Browser(new Uri(link[..link.IndexOf("/v1", StringComparison.Ordinal)]));
        var (_, page) = await bob.GetAsync(link);
        Assert.Equal(422, (await bob.SubmitAsync(page, false, ("login", "bob@acme"), ("password", "short"))).Status);
        Assert.Equal(200, (await bob.SubmitAsync(page, false, ("login", "bob@acme"), ("password", "bob has a long password"))).Status);
        Assert.Equal(404, (await bob.SubmitAsync(page, false, ("login", "bob@acme"), ("password", "bob has a long password"))).Status);
        (_, page) = await bob.GetAsync("/v1/auth/signin");
        Assert.Equal(200, (await bob.SubmitAsync(page, true, ("login", "BOB@acme"), ("password", "bob has a long password"))).Status);
        browser.Secrets.AddRange(bob.Secrets);
    }

    /// <summary>A reset link, a first password, wrong passwords, the right one, where it leads, out and in again.</summary>
    private static async Task<string> ComeInAsync(Browser browser, string token)
    {
        browser.Secrets.AddRange([Password, NextPassword, "a wrong but long password"]);
        var reset = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/users/ada/reset-link", token, shows: true));
        var link = reset.GetProperty("link").GetString()!;
        browser.Secrets.Add(Value(link));
        var (_, page) = await browser.GetAsync("/v1/auth/signin");
        Assert.Contains("name=\"password\"", page, StringComparison.Ordinal);
        (_, page) = await browser.SubmitAsync($"<input type=\"hidden\" name=\"code\" value=\"{Value(link)}\">");
        Assert.Contains("ada@demo", page, StringComparison.Ordinal);
        Assert.Null(browser.Cookie("soma_session"));
        var (status, again) = await browser.SubmitAsync(page, false, ("login", "ada@demo"), ("password", "password1234"));
        Assert.Equal(422, status);
        (status, page) = await browser.SubmitAsync(again, false, ("login", "ada@demo"), ("password", Password));
        Assert.Equal(200, status);

        (_, page) = await browser.GetAsync("/v1/auth/signin?return_to=%2Fv1%2Fauth%2Fme");
        var (wrong, wrongPage) = await browser.SubmitAsync(page, false, ("login", "ada@demo"), ("password", "a wrong but long password"));
        var (stranger, strangerPage) = await browser.SubmitAsync(page, false, ("login", "nobody@demo"), ("password", "a wrong but long password"));
        Assert.Equal((401, 401), (wrong, stranger));
        Assert.Equal(wrongPage, strangerPage);
        (status, page) = await browser.SubmitAsync(page, true, ("login", "ada@demo"), ("password", Password));
        Assert.Equal(200, status);
        Assert.Contains("content=\"0;url=/v1/auth/me\"", page, StringComparison.Ordinal);
        (status, var me) = await browser.SendAsync(HttpMethod.Get, "/v1/auth/me", null);
        Assert.Equal((200, "ada", "ada@demo"), (status, me.GetProperty("principal").GetString(), me.GetProperty("login").GetString()));
        // A cookie acts for nobody: only a token that scripts never see in a cookie may change things.
        await OkAsync(401, browser.SendAsync(HttpMethod.Delete, "/v1/auth/mfa", null));
        var session = browser.Cookie("soma_session")!;
        var changed = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/password", session, new { current_password = Password, new_password = NextPassword }, shows: true));
        await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/auth/me", session));
        browser.Secrets.Add(changed.GetProperty("token").GetString()!);
        return browser.Secrets[^1];
    }

    /// <summary>A second factor, sign-in with it, a fresh one for what is dangerous, a recovery code, and an end to it.</summary>
    private static async Task TakeFactorAsync(Browser browser, string session)
    {
        var begun = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/mfa/enroll", session, new { password = NextPassword }, shows: true));
        var secret = begun.GetProperty("secret").GetString()!;
        browser.Secrets.Add(secret);
        Assert.StartsWith("otpauth://totp/SomaStack:ada%40demo?secret=" + secret, begun.GetProperty("otpauth_uri").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("<svg", begun.GetProperty("qr_svg").GetString(), StringComparison.Ordinal);
        var confirmed = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/mfa/confirm", session, new { code = Browser.Code(secret) }, shows: true));
        var codes = confirmed.GetProperty("recovery_codes").EnumerateArray().Select(static code => code.GetString()!).ToList();
        browser.Secrets.AddRange(codes);
        await ProblemAsync("step_up_required", browser.SendAsync(HttpMethod.Delete, "/v1/auth/mfa", session));

        var (_, page) = await browser.GetAsync("/v1/auth/signin");
        (var status, page) = await browser.SubmitAsync(page, false, ("login", "ada@demo"), ("password", NextPassword));
        Assert.Contains("one-time-code", page, StringComparison.Ordinal);
        Assert.Equal(401, (await browser.SubmitAsync(page, false, ("otp", "000000"))).Status);
        (status, page) = await browser.SubmitAsync(page, true, ("otp", codes[0]));
        Assert.Equal(200, status);
        var proven = browser.Cookie("soma_session")!;
        await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/mfa/recovery-codes", proven, shows: true));
        var stepped = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/step-up", session, new { code = Browser.Code(secret, 1) }, shows: true));
        browser.Secrets.Add(stepped.GetProperty("token").GetString()!);
        await ProblemAsync("code_wrong", browser.SendAsync(HttpMethod.Post, "/v1/auth/step-up", session, new { code = codes[0] }));
        await OkAsync(204, browser.SendAsync(HttpMethod.Delete, "/v1/auth/mfa", browser.Secrets[^1]));
        await ProblemAsync("form_refused", browser.SendAsync(HttpMethod.Post, "/v1/auth/signout", null, headers: ("Sec-Fetch-Site", "cross-site")));
        await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/auth/signout", null));
        await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/auth/me", proven));
    }

    /// <summary>Every kind of credential, refused.</summary>
    private static async Task RefusedAsync(Browser browser, string token)
    {
        foreach (var bad in (string[])[token[..^6] + "AAAAAA", browser.Secrets.Find(static one => one.StartsWith("soma_sk_", StringComparison.Ordinal))![..^1] + "x", "not a token at all"])
            await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/status", bad));
        await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/tokens/verify", token, new { token = token + "x" }));
        await OkAsync(422, browser.SendAsync(HttpMethod.Post, "/v1/tokens/verify", token, new { token = new string('a', 9000) }));
        var (_, page) = await browser.GetAsync("/v1/auth/signin");
        await browser.SubmitAsync(page.Replace("name=\"form\" value=\"", "name=\"form\" value=\"x", StringComparison.Ordinal), false, ("login", "ada@demo"), ("password", NextPassword));
        await browser.SubmitAsync("", false, ("ticket", "AAAA"), ("form", "x"));
        await browser.SubmitAsync("", false, ("code", "no such code"));
    }

    [Fact]
    public async Task Guessing_is_slowed_down_however_the_guesser_says_where_he_is()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var (_, page) = await browser.GetAsync("/v1/auth/signin");
        var statuses = new List<int>();
        for (var i = 0; i < 6; i++) statuses.Add((await browser.SubmitAsync(page, false, ("login", "owner@demo"), ("password", "guess number " + i))).Status);
        Assert.Equal([401, 401, 401, 401, 401, 429], statuses);
        var (status, delayed) = await browser.SubmitAsync(page, false, ("login", "owner@demo"), ("password", "guess"));
        Assert.Equal(429, status);
        Assert.Contains("too many failed tries", delayed, StringComparison.Ordinal);

        // Secrets of clients are counted apart: the wrong ones wait, and the right one is no guess.
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        await OkAsync(201, browser.SendAsync(HttpMethod.Put, "/v1/users/robot", token, new { display_name = "Robot", kind = "service", capabilities = new[] { "memory:read" } }));
        var made = await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/service-accounts/robot/secrets", token, new { }, shows: true));
        async Task<int> AskAsync(string secret)
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = "demo/robot", ["client_secret"] = secret });
            using var answer = await owner.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/auth/token") { Content = form }, Stop);
            return (int)answer.StatusCode;
        }
        owner.DefaultRequestHeaders.Authorization = null;
        for (var i = 0; i < 20; i++) Assert.Equal(401, await AskAsync("soma_cs_wrong" + i));
        Assert.Equal(429, await AskAsync("soma_cs_wrong"));
        Assert.Equal(200, await AskAsync(made.GetProperty("client_secret").GetString()!));
    }

    [Fact]
    public async Task A_reset_link_of_one_tenant_is_void_for_whoever_has_joined_another_and_he_chooses_where_to_go()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        using var admin = new Browser(soma.Url);
        using var ada = new Browser(soma.Url);
        var made = await OkAsync(201, admin.SendAsync(HttpMethod.Post, "/v1/tenants", token, new { id = "acme", display_name = "Acme" }));
        await admin.SubmitAsync($"<input type=\"hidden\" name=\"code\" value=\"{Value(made.GetProperty("sign_in_link").GetString()!)}\">");
        var session = admin.Cookie("soma_session")!;
        async Task JoinAsync(string inviter, string principal)
        {
            var invited = await OkAsync(201, admin.SendAsync(HttpMethod.Post, "/v1/invitations", inviter, new { principal, display_name = "Ada", roles = new[] { "viewer" } }));
            var (_, page) = await ada.GetAsync(new Uri(invited.GetProperty("link").GetString()!).PathAndQuery);
            Assert.Equal(200, (await ada.SubmitAsync(page, false, ("login", "ada@example.org"), ("password", Password))).Status);
        }
        await JoinAsync(session, "ada");
        var reset = await OkAsync(200, admin.SendAsync(HttpMethod.Post, "/v1/users/ada/reset-link", session));
        await JoinAsync(token, "a.lovelace");
        var (status, refused) = await admin.SubmitAsync($"<input type=\"hidden\" name=\"code\" value=\"{Value(reset.GetProperty("link").GetString()!)}\">");
        Assert.Equal(403, status);
        Assert.Contains("person_shared", refused, StringComparison.Ordinal);
        await ProblemAsync("person_shared", admin.SendAsync(HttpMethod.Post, "/v1/users/ada/reset-link", session));

        var (_, form) = await ada.GetAsync("/v1/auth/signin?return_to=//evil.example/");
        (_, form) = await ada.SubmitAsync(form, false, ("login", "ada@example.org"), ("password", Password));
        Assert.Contains("Where to?", form, StringComparison.Ordinal);
        Assert.Equal("Where to?", System.Text.RegularExpressions.Regex.Match((await ada.SubmitAsync(form, false, ("tenant", "neighbour"))).Html, "Where to[?]").Value);
        (_, form) = await ada.SubmitAsync(form, true, ("tenant", "demo"));
        Assert.Contains("<strong>a.lovelace</strong> of tenant <strong>demo</strong>", form, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", form, StringComparison.Ordinal);
        var me = await OkAsync(200, ada.SendAsync(HttpMethod.Get, "/v1/auth/me", null));
        Assert.Equal(["acme", "demo"], me.GetProperty("tenants").EnumerateArray().Select(static one => one.GetProperty("tenant").GetString()!));
    }

    [Fact]
    public async Task Headers_that_claim_a_tenant_a_mode_or_an_address_change_nothing()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync("--capability", "memory:read");
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        (string, string)[] smuggled =
        [
            ("X-Tenant-ID", "acme"), ("X-Tenant", "acme"), ("X-User-ID", "root"), ("X-Capabilities", "platform:admin"), ("X-Deployment-Mode", "production"), ("X-Region", "mars"),
            ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=127.0.0.1;host=evil.example"), ("X-Original-URL", "/v1/users"),
            ("X-HTTP-Method-Override", "DELETE"), ("X-MFA-At", "2099-01-01T00:00:00Z"),
        ];
        var plain = await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/status", token));
        var claimed = await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/status", token, headers: smuggled));
        foreach (var name in (string[])["tenant", "principal", "mode", "region"]) Assert.Equal(plain.GetProperty(name).GetString(), claimed.GetProperty(name).GetString());
        Assert.Equal("demo", claimed.GetProperty("tenant").GetString());
        await ProblemAsync("capability_missing", browser.SendAsync(HttpMethod.Get, "/v1/users", token, headers: smuggled));
        await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/status", null, headers: smuggled));
        // Two credentials, or one that does not fit, are none.
        await OkAsync(401, browser.SendAsync(HttpMethod.Get, "/v1/status", null, headers: [("Authorization", "Basic b3duZXI6b3duZXI="), ("x-api-key", token)]));
        var metadata = await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/.well-known/openid-configuration", null, headers: smuggled));
        Assert.DoesNotContain("evil.example", metadata.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_only_look_like_a_name_are_refused()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        foreach (var name in (string[])["\u043ewner", "\uff4fwner", "owner\u200b", "Owner", "ow\u0307ner"])
        {
            var user = new { display_name = "x", capabilities = Array.Empty<string>() };
            await ProblemAsync("invalid_request", browser.SendAsync(HttpMethod.Put, "/v1/users/" + Uri.EscapeDataString(name), token, user));
            await ProblemAsync("invalid_request", browser.SendAsync(HttpMethod.Post, "/v1/tenants", token, new { id = name, display_name = "x" }));
            await ProblemAsync("invalid_request", browser.SendAsync(HttpMethod.Post, "/v1/tenants", token, new { id = "plain", display_name = "x", owner = name }));
            await ProblemAsync("invalid_request", browser.SendAsync(HttpMethod.Post, "/v1/invitations", token, new { principal = name, display_name = "x" }));
            await ProblemAsync("invalid_request", browser.SendAsync(HttpMethod.Put, "/v1/roles/" + Uri.EscapeDataString(name), token, new { description = "x", capabilities = Array.Empty<string>() }));
        }
    }

    [Fact]
    public async Task A_training_stops_sessions_and_memories_of_everybody_but_its_holder()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        await OkAsync(201, browser.SendAsync(HttpMethod.Put, "/v1/users/ada", token, new { display_name = "Ada", capabilities = Array.Empty<string>(), roles = new[] { "member" } }));
        var ada = (await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/tokens/issue", token, new { principal = "ada" }))).GetProperty("token").GetString()!;
        await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/remember", ada, new { text = "Before.", kind = "fact" }));
        var started = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/training/start", token, new { reason = "tuning", tenant_id = "demo", minutes = 5 }));
        Assert.Equal(["session:start", "memory:write", "capsule:install"], started.GetProperty("blocks").EnumerateArray().Select(static one => one.GetString()!));
        await ProblemAsync("training_locked", browser.SendAsync(HttpMethod.Post, "/v1/remember", ada, new { text = "During.", kind = "fact" }), 423);
        await ProblemAsync("training_locked", browser.SendAsync(HttpMethod.Post, "/v1/sessions/start", ada, new { prompt = "hello" }), 423);
        await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/remember", token, new { text = "The holder may.", kind = "fact" }));
        await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/training/demo", ada));
        await ProblemAsync("training_running", browser.SendAsync(HttpMethod.Post, "/v1/training/start", token, new { reason = "again" }));
        await ProblemAsync("capability_missing", browser.SendAsync(HttpMethod.Post, "/v1/training/stop", ada, new { reason = "please" }));
        await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/training/stop", token, new { }));
        await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/remember", ada, new { text = "After.", kind = "fact" }));
    }

    [Fact]
    public async Task A_token_of_an_earlier_constitution_starts_no_session()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var browser = new Browser(soma.Url);
        var token = owner.DefaultRequestHeaders.Authorization!.Parameter!;
        Assert.True((await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/tokens/verify", token, new { token }))).GetProperty("constitution_current").GetBoolean());
        var before = await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/constitution", token));
        var document = System.Text.Json.Nodes.JsonNode.Parse(before.GetProperty("document").GetRawText())!.AsObject();
        document["title"] = "Another";
        var issued = "2026-11-22T18:00:00Z";
        var computed = await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/constitution/checksum", token, new { document, version = 2, issued_at = issued }));
        using var key = Platform.Ed25519Key.Load(Path.Combine(soma.Data, "keys", "constitution.pem"));
        var value = Convert.ToBase64String(key.Sign(Encoding.UTF8.GetBytes(computed.GetProperty("statement").GetString()!)));
        await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/constitution/load", token, new { document, version = 2, issued_at = issued, signatures = new[] { new { key_id = key.KeyId, algorithm = "ed25519", value } } }));
        using var second = await SecondPerson.AddAsync(soma, owner);
        await second.ApprovedAsync(owner, "/v1/constitution/activate", new { version = 2 });
        Assert.False((await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/tokens/verify", token, new { token }))).GetProperty("constitution_current").GetBoolean());
        await ProblemAsync("constitution_mismatch", browser.SendAsync(HttpMethod.Post, "/v1/sessions/start", token, new { prompt = "hello" }));
        var now = (await OkAsync(200, browser.SendAsync(HttpMethod.Get, "/v1/constitution", token))).GetProperty("hash").GetString();
        await ProblemAsync("constitution_mismatch", browser.SendAsync(HttpMethod.Post, "/v1/sessions/start", token, new { prompt = "hello", constitution_hash = now }));
        var fresh = (await OkAsync(200, browser.SendAsync(HttpMethod.Post, "/v1/tokens/issue", token, new { }))).GetProperty("token").GetString()!;
        await OkAsync(201, browser.SendAsync(HttpMethod.Post, "/v1/sessions/start", fresh, new { prompt = "hello" }));
    }

    private static string Value(string link) => link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];

    private static async Task<JsonElement> OkAsync(int expected, Task<(int Status, JsonElement Json)> sent)
    {
        var (status, json) = await sent;
        Assert.True(status == expected, $"{status} in place of {expected}: {(json.ValueKind == JsonValueKind.Undefined ? "" : json.GetRawText())}");
        return json;
    }

    private static async Task ProblemAsync(string code, Task<(int Status, JsonElement Json)> sent, int? status = null)
    {
        var (got, json) = await sent;
        Assert.True(json.ValueKind == JsonValueKind.Object && json.TryGetProperty("code", out var said) && said.GetString() == code, $"{got} in place of {code}: {(json.ValueKind == JsonValueKind.Undefined ? "" : json.GetRawText())}");
        if (status is { } wanted) Assert.Equal(wanted, got);
    }
}
