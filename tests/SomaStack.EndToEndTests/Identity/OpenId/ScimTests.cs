using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Identity.OpenId;

/// <summary>SCIM 2.0 as an identity provider speaks it, against the built program, with an API key.</summary>
public sealed class ScimTests(ScimTests.Server server) : IClassFixture<ScimTests.Server>
{
    private const string UserSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
    private const string GroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    private const string Extension = "urn:somastack:params:scim:schemas:1.0:Group";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_lives_from_creation_to_deletion()
    {
        using var made = await SendAsync(HttpMethod.Post, "/Users", $$"""
            {"schemas":["{{UserSchema}}"],"userName":"Grace@Corp.Example","externalId":"g-1","name":{"givenName":"Grace","familyName":"H"},"emails":[{"value":"grace@corp.example","type":"work","primary":true}],"active":true,"favourite":"ignored"}
            """);
        var user = await JsonAsync(made, HttpStatusCode.Created);
        Assert.Equal("application/scim+json", made.Content.Headers.ContentType!.MediaType);
        Assert.Equal(made.Headers.Location!.OriginalString, user.GetProperty("meta").GetProperty("location").GetString());
        Assert.Equal(("grace@corp.example", "Grace@Corp.Example", "Grace H"), (user.GetProperty("id").GetString(), user.GetProperty("userName").GetString(), user.GetProperty("displayName").GetString()));
        Assert.Equal(("W/\"1\"", "W/\"1\""), (made.Headers.ETag!.ToString(), user.GetProperty("meta").GetProperty("version").GetString()));
        Assert.False(user.TryGetProperty("favourite", out _));

        await ErrorAsync(await SendAsync(HttpMethod.Post, "/Users", """{"userName":"GRACE@corp.example"}"""), 409, "uniqueness");
        using (var same = await SendAsync(HttpMethod.Get, "/Users/grace@corp.example", null, ("If-None-Match", "W/\"1\""))) Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        await ErrorAsync(await SendAsync(HttpMethod.Patch, "/Users/grace@corp.example", Patch("replace", "displayName", "\"G\""), ("If-Match", "W/\"9\"")), 412, null);
        var changed = await JsonAsync(await SendAsync(HttpMethod.Patch, "/Users/grace@corp.example", """
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
              {"op":"Replace","path":"emails[type eq \"work\"].value","value":"g@corp.example"},
              {"op":"add","path":"emails[type eq \"home\"].value","value":"g@home.example"},
              {"op":"replace","value":{"displayName":"Admiral","name.givenName":"Gracie"}},
              {"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Rear Admiral"},
              {"op":"remove","path":"externalId"}]}
            """, ("If-Match", "W/\"1\"")), HttpStatusCode.OK);
        Assert.Equal(["g@corp.example", "g@home.example"], changed.GetProperty("emails").EnumerateArray().Select(mail => mail.GetProperty("value").GetString()));
        Assert.Equal(("Admiral", "Gracie", "Rear Admiral"), (changed.GetProperty("displayName").GetString(), changed.GetProperty("name").GetProperty("givenName").GetString(), changed.GetProperty("title").GetString()));
        Assert.False(changed.TryGetProperty("externalId", out _));

        // Deactivated as some providers send it, and the person's tokens end with it.
        var token = await TokenAsync("grace@corp.example");
        Assert.Equal(HttpStatusCode.OK, await UseAsync(token));
        var off = await JsonAsync(await SendAsync(HttpMethod.Patch, "/Users/grace@corp.example", Patch("Replace", "active", "\"False\"")), HttpStatusCode.OK);
        Assert.False(off.GetProperty("active").GetBoolean());
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(token));
        // They have ended and do not only rest.
        await JsonAsync(await SendAsync(HttpMethod.Patch, "/Users/grace@corp.example", Patch("replace", "active", "true")), HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(token));
        using (var gone = await SendAsync(HttpMethod.Delete, "/Users/grace@corp.example")) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        await ErrorAsync(await SendAsync(HttpMethod.Get, "/Users/grace@corp.example"), 404, null);
        Assert.Equal(0, (await JsonAsync(await SendAsync(HttpMethod.Get, "/Users?filter=" + Uri.EscapeDataString("userName eq \"grace@corp.example\"")), HttpStatusCode.OK)).GetProperty("totalResults").GetInt32());
        // The principal stays, so that what it did keeps its name; it comes back with nothing of what it could do.
        Assert.False((await JsonAsync(await server.Owner.GetAsync("/v1/users/grace@corp.example", Stop), HttpStatusCode.OK)).GetProperty("active").GetBoolean());
        await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", """{"userName":"grace@corp.example"}"""), HttpStatusCode.Created);
        Assert.Empty((await JsonAsync(await server.Owner.GetAsync("/v1/users/grace@corp.example", Stop), HttpStatusCode.OK)).GetProperty("capabilities").EnumerateArray());
    }

    [Fact]
    public async Task Whoever_gives_an_account_another_name_at_the_outside_issuer_has_it_in_his_hand()
    {
        await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", """{"userName":"hedy","externalId":"h-1"}"""), HttpStatusCode.Created);
        await JsonAsync(await SendAsync(HttpMethod.Put, "/Users/hedy", """{"userName":"hedy","displayName":"Hedy","externalId":"h-1"}"""), HttpStatusCode.OK);
        Assert.Empty(await server.GiversAsync("hedy"));
        await JsonAsync(await SendAsync(HttpMethod.Patch, "/Users/hedy", Patch("replace", "externalId", "\"h-2\"")), HttpStatusCode.OK);
        Assert.Equal(["provisioner"], await server.GiversAsync("hedy"));

        // One who comes back under his old name is himself, and under another perhaps somebody else.
        foreach (var (name, again) in new[] { ("heinz", "z-1"), ("hanna", "z-2") })
        {
            await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", $$"""{"userName":"{{name}}","externalId":"z-1"}"""), HttpStatusCode.Created);
            using (var gone = await SendAsync(HttpMethod.Delete, "/Users/" + name)) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
            await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", $$"""{"userName":"{{name}}","externalId":"{{again}}"}"""), HttpStatusCode.Created);
        }
        Assert.Empty(await server.GiversAsync("heinz"));
        Assert.Equal(["provisioner"], await server.GiversAsync("hanna"));
    }

    [Fact]
    public async Task A_group_gives_its_members_rights_and_takes_only_those_back()
    {
        await JsonAsync(await server.Owner.PutAsJsonAsync("/v1/users/linus", new { display_name = "Linus", capabilities = new[] { "memory:read" } }, Stop), HttpStatusCode.Created);
        await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", """{"userName":"lin"}"""), HttpStatusCode.Created);
        var group = await JsonAsync(await SendAsync(HttpMethod.Post, "/Groups", $$"""
            {"schemas":["{{GroupSchema}}","{{Extension}}"],"displayName":"Writers","{{Extension}}":{"capabilities":["memory:write","memory:read"]},"members":[{"value":"linus"}]}
            """), HttpStatusCode.Created);
        var id = group.GetProperty("id").GetString()!;
        Assert.Equal(["memory:read", "memory:write"], await RightsAsync("linus"));
        await JsonAsync(await SendAsync(HttpMethod.Patch, $"/Groups/{id}", Patch("add", "members", """[{"value":"lin"}]""")), HttpStatusCode.OK);
        Assert.Equal(["memory:read", "memory:write"], await RightsAsync("lin"));
        Assert.Equal("Writers", (await JsonAsync(await SendAsync(HttpMethod.Get, "/Users/lin"), HttpStatusCode.OK)).GetProperty("groups")[0].GetProperty("display").GetString());
        // A provider that replaces the group without knowing the extension leaves the rights as they are.
        await JsonAsync(await SendAsync(HttpMethod.Put, $"/Groups/{id}", """{"displayName":"Writers","members":[{"value":"linus"},{"value":"lin"}]}"""), HttpStatusCode.OK);
        Assert.Equal(["memory:read", "memory:write"], await RightsAsync("lin"));
        await JsonAsync(await SendAsync(HttpMethod.Patch, $"/Groups/{id}", Patch("remove", "members[value eq \\\"lin\\\"]", null)), HttpStatusCode.OK);
        Assert.Empty(await RightsAsync("lin"));
        await JsonAsync(await SendAsync(HttpMethod.Patch, $"/Groups/{id}", Patch("replace", Extension + ":capabilities", """["session:start"]""")), HttpStatusCode.OK);
        Assert.Equal(["memory:read", "session:start"], await RightsAsync("linus"));
        using (var gone = await SendAsync(HttpMethod.Delete, $"/Groups/{id}")) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal(["memory:read"], await RightsAsync("linus"));
        await ErrorAsync(await SendAsync(HttpMethod.Get, $"/Groups/{id}"), 404, null);
    }

    [Fact]
    public async Task Nobody_gives_through_a_group_what_his_key_does_not_hold_nor_changes_his_betters_or_himself()
    {
        // The key holds tenant:admin and what writers have, but not billing:read.
        await ErrorAsync(await SendAsync(HttpMethod.Post, "/Groups", $$$"""{"displayName":"Payers","{{{Extension}}}":{"capabilities":["billing:read"]}}"""), 403, null);
        await ErrorAsync(await SendAsync(HttpMethod.Post, "/Groups", $$$"""{"displayName":"Gods","{{{Extension}}}":{"capabilities":["root:all"]}}"""), 400, "invalidValue");
        await ErrorAsync(await SendAsync(HttpMethod.Patch, "/Users/owner", Patch("replace", "active", "false")), 403, null);
        await JsonAsync(await server.Owner.PutAsJsonAsync("/v1/users/boss", new { display_name = "Boss", capabilities = new[] { "billing:read" } }, Stop), HttpStatusCode.Created);
        await ErrorAsync(await SendAsync(HttpMethod.Delete, "/Users/boss"), 403, null);
        await ErrorAsync(await SendAsync(HttpMethod.Patch, "/Users/boss", Patch("replace", "displayName", "\"Fool\"")), 403, null);
        await ErrorAsync(await SendAsync(HttpMethod.Post, "/Groups", """{"displayName":"Strange","members":[{"value":"nobody"}]}"""), 400, "invalidValue");
        using var none = await SendAsync(HttpMethod.Get, "/Users", null, ("Authorization", "Bearer wrong"));
        await ErrorAsync(none, 401, null);
    }

    [Fact]
    public async Task Another_tenants_key_finds_and_changes_nobody_here_and_a_filter_is_never_sql()
    {
        await JsonAsync(await SendAsync(HttpMethod.Post, "/Users", """{"userName":"isolde","externalId":"i-1"}"""), HttpStatusCode.Created);
        var group = (await JsonAsync(await SendAsync(HttpMethod.Post, "/Groups", """{"displayName":"Isolated","members":[{"value":"isolde"}]}"""), HttpStatusCode.Created)).GetProperty("id").GetString();
        var made = await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tenants", new { id = "elsewhere", display_name = "Elsewhere" }, Stop), HttpStatusCode.Created);
        Assert.NotEqual(default, made);
        using var there = await server.Soma.ClientAsync("--tenant", "elsewhere");
        var bearer = ("Authorization", "Bearer " + there.DefaultRequestHeaders.Authorization!.Parameter);
        foreach (var path in new[] { "/Users/isolde", "/Groups/" + group })
        {
            await ErrorAsync(await SendAsync(HttpMethod.Get, path, null, bearer), 404, null);
            await ErrorAsync(await SendAsync(HttpMethod.Patch, path, Patch("replace", "displayName", "\"Taken\""), bearer), 404, null);
            await ErrorAsync(await SendAsync(HttpMethod.Delete, path, null, bearer), 404, null);
        }
        await ErrorAsync(await SendAsync(HttpMethod.Post, "/Groups", """{"displayName":"Theirs","members":[{"value":"isolde"}]}""", bearer), 400, "invalidValue");
        foreach (var path in new[] { "/Users?filter=userName eq \"isolde\"", "/Users?filter=externalId eq \"i-1\"", "/Users", "/Groups" })
        {
            var list = await JsonAsync(await SendAsync(HttpMethod.Get, path.Replace(" ", "%20", StringComparison.Ordinal), null, bearer), HttpStatusCode.OK);
            Assert.DoesNotContain("isol", list.GetRawText(), StringComparison.OrdinalIgnoreCase);
        }
        foreach (var value in new[] { "isolde' OR '1'='1", "isolde'; DELETE FROM principals; --", "%", "isold_", "x' UNION SELECT secret FROM api_keys --" })
        {
            var found = await JsonAsync(await SendAsync(HttpMethod.Get, "/Users?filter=" + Uri.EscapeDataString($"userName eq \"{value}\"")), HttpStatusCode.OK);
            Assert.Equal((value, 0), (value, found.GetProperty("totalResults").GetInt32()));
        }
        Assert.Equal("isolde", (await JsonAsync(await SendAsync(HttpMethod.Get, "/Users/isolde"), HttpStatusCode.OK)).GetProperty("displayName").GetString());
    }

    [Theory]
    [InlineData("userName eq \"filter-a\"", "filter-a")]
    [InlineData("USERNAME EQ \"FILTER-A\"", "filter-a")]
    [InlineData("userName sw \"filter-\"", "filter-a,filter-b,filter-c")]
    [InlineData("userName sw \"filter-\" and active eq false", "filter-c")]
    [InlineData("userName sw \"filter-\" and not (active eq false)", "filter-a,filter-b")]
    [InlineData("userName sw \"filter-\" and (title eq \"Boss\" or title eq \"clerk\")", "filter-a,filter-b")]
    [InlineData("userName sw \"filter-\" and emails[type eq \"work\" and value co \"@corp\"]", "filter-a")]
    [InlineData("userName sw \"filter-\" and emails.value co \"home\"", "filter-b")]
    [InlineData("userName sw \"filter-\" and title pr", "filter-a,filter-b")]
    [InlineData("userName sw \"filter-\" and name.familyName ne \"Alpha\"", "filter-b,filter-c")]
    [InlineData("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"filter-b\"", "filter-b")]
    [InlineData("userName sw \"filter-\" and meta.created gt \"2020-01-01T00:00:00Z\"", "filter-a,filter-b,filter-c")]
    [InlineData("userName sw \"filter-\" and externalId eq \"X\"", "")]
    [InlineData("userName sw \"filter-\" and externalId eq \"x\"", "filter-a")]
    public async Task A_filter_finds_what_it_says(string filter, string expected)
    {
        await server.FilterUsersAsync(this);
        var list = await JsonAsync(await SendAsync(HttpMethod.Get, "/Users?filter=" + Uri.EscapeDataString(filter)), HttpStatusCode.OK);
        Assert.Equal(expected, string.Join(',', list.GetProperty("Resources").EnumerateArray().Select(user => user.GetProperty("id").GetString())));
    }

    [Theory]
    [InlineData("userName")]
    [InlineData("userName eq")]
    [InlineData("userName eq bare")]
    [InlineData("userName like \"x\"")]
    [InlineData("(userName pr")]
    [InlineData("userName pr)")]
    [InlineData("not userName pr")]
    [InlineData("active co true")]
    [InlineData("active gt true")]
    [InlineData("userName eq \"unclosed")]
    [InlineData("userName eq \"\\q\"")]
    [InlineData("emails[type eq \"work\"")]
    [InlineData("a.b.c eq 1")]
    [InlineData("userName pr and")]
    public async Task A_filter_that_makes_no_sense_is_refused(string filter) =>
        await ErrorAsync(await SendAsync(HttpMethod.Get, "/Users?filter=" + Uri.EscapeDataString(filter)), 400, "invalidFilter");

    [Theory]
    [InlineData("""{"Operations":[]}""", "invalidSyntax")]
    [InlineData("""{"Operations":[{"op":"move","path":"title"}]}""", "invalidSyntax")]
    [InlineData("""{"Operations":[{"op":"remove"}]}""", "noTarget")]
    [InlineData("""{"Operations":[{"op":"replace","path":"id","value":"x"}]}""", "mutability")]
    [InlineData("""{"Operations":[{"op":"replace","path":"meta.version","value":"x"}]}""", "mutability")]
    [InlineData("""{"Operations":[{"op":"replace","path":"groups","value":[]}]}""", "mutability")]
    [InlineData("""{"Operations":[{"op":"replace","path":"shoeSize","value":46}]}""", "invalidPath")]
    [InlineData("""{"Operations":[{"op":"replace","path":"emails[","value":"x"}]}""", "invalidPath")]
    [InlineData("""{"Operations":[{"op":"replace","path":"emails[type eq \"fax\"].value","value":"x"}]}""", "noTarget")]
    [InlineData("""{"Operations":[{"op":"replace","path":"userName","value":7}]}""", "invalidValue")]
    [InlineData("""{"Operations":[{"op":"replace","path":"active","value":"perhaps"}]}""", "invalidValue")]
    [InlineData("""{"Operations":[{"op":"add","value":"x"}]}""", "invalidValue")]
    [InlineData("""{"Operations":[{"op":"replace","path":"userName","value":"x","PATH":"title"}]}""", "invalidSyntax")]
    [InlineData("""[1]""", "invalidSyntax")]
    [InlineData("""{"Operations":""", "invalidSyntax")]
    public async Task A_patch_that_makes_no_sense_changes_nothing(string body, string type)
    {
        await server.FilterUsersAsync(this);
        var before = await (await SendAsync(HttpMethod.Get, "/Users/filter-a")).Content.ReadAsStringAsync(Stop);
        await ErrorAsync(await SendAsync(HttpMethod.Patch, "/Users/filter-a", body), 400, type);
        Assert.Equal(before, await (await SendAsync(HttpMethod.Get, "/Users/filter-a")).Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Lists_come_in_pages_and_leave_out_what_is_not_wanted()
    {
        await server.FilterUsersAsync(this);
        var filter = "filter=" + Uri.EscapeDataString("userName sw \"filter-\"");
        var page = await JsonAsync(await SendAsync(HttpMethod.Get, $"/Users?{filter}&startIndex=2&count=1&attributes=userName"), HttpStatusCode.OK);
        Assert.Equal((3, 2, 1), (page.GetProperty("totalResults").GetInt32(), page.GetProperty("startIndex").GetInt32(), page.GetProperty("itemsPerPage").GetInt32()));
        Assert.Equal(["id", "schemas", "userName"], page.GetProperty("Resources")[0].EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(0, (await JsonAsync(await SendAsync(HttpMethod.Get, $"/Users?{filter}&startIndex=9999999999"), HttpStatusCode.OK)).GetProperty("itemsPerPage").GetInt32());
        Assert.Equal(3, (await JsonAsync(await SendAsync(HttpMethod.Get, $"/Users?{filter}&startIndex=-5&count=0"), HttpStatusCode.OK)).GetProperty("totalResults").GetInt32());
        await ErrorAsync(await SendAsync(HttpMethod.Get, "/Users?count=many"), 400, "invalidValue");
    }

    [Fact]
    public async Task What_the_service_says_of_itself_is_there_and_true()
    {
        var config = await JsonAsync(await SendAsync(HttpMethod.Get, "/ServiceProviderConfig"), HttpStatusCode.OK);
        Assert.Equal((true, true, false, true), (config.GetProperty("patch").GetProperty("supported").GetBoolean(), config.GetProperty("filter").GetProperty("supported").GetBoolean(),
            config.GetProperty("bulk").GetProperty("supported").GetBoolean(), config.GetProperty("etag").GetProperty("supported").GetBoolean()));
        var schemas = await JsonAsync(await SendAsync(HttpMethod.Get, "/Schemas"), HttpStatusCode.OK);
        Assert.Equal([GroupSchema, UserSchema, Extension], schemas.GetProperty("Resources").EnumerateArray().Select(schema => schema.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
        await JsonAsync(await SendAsync(HttpMethod.Get, "/Schemas/" + UserSchema), HttpStatusCode.OK);
        foreach (var type in (await JsonAsync(await SendAsync(HttpMethod.Get, "/ResourceTypes"), HttpStatusCode.OK)).GetProperty("Resources").EnumerateArray())
            await JsonAsync(await SendAsync(HttpMethod.Get, type.GetProperty("endpoint").GetString()!), HttpStatusCode.OK);
        await ErrorAsync(await SendAsync(HttpMethod.Get, "/Schemas/nothing"), 404, null);
    }

    internal Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, "/scim/v2" + path);
        if (body is not null) request.Content = new StringContent(body, new MediaTypeHeaderValue("application/scim+json"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + server.Key);
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return server.Anybody.SendAsync(request, Stop);
    }

    private static string Patch(string verb, string path, string? value) =>
        $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"{{verb}}","path":"{{path}}"{{(value is null ? "" : ",\"value\":" + value)}}}]}""";

    private async Task<string[]> RightsAsync(string id) =>
        [.. (await JsonAsync(await server.Owner.GetAsync("/v1/users/" + id, Stop), HttpStatusCode.OK)).GetProperty("capabilities").EnumerateArray().Select(name => name.GetString()!)];

    private async Task<string> TokenAsync(string principal) =>
        (await JsonAsync(await server.Owner.PostAsJsonAsync("/v1/tokens/issue", new { principal }, Stop), HttpStatusCode.OK)).GetProperty("token").GetString()!;

    private async Task<HttpStatusCode> UseAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tenants/current");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await server.Anybody.SendAsync(request, Stop);
        return response.StatusCode;
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task ErrorAsync(HttpResponseMessage response, int status, string? type)
    {
        var error = await JsonAsync(response, (HttpStatusCode)status);
        Assert.Equal("application/scim+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("urn:ietf:params:scim:api:messages:2.0:Error", error.GetProperty("schemas")[0].GetString());
        Assert.Equal(status.ToString(System.Globalization.CultureInfo.InvariantCulture), error.GetProperty("status").GetString());
        Assert.Equal(type, error.TryGetProperty("scimType", out var told) ? told.GetString() : null);
        response.Dispose();
    }

    public sealed class Server : IAsyncLifetime
    {
        private readonly SemaphoreSlim _once = new(1);
        private bool _made;

        public SomaProcess Soma { get; private set; } = null!;

        public HttpClient Owner { get; private set; } = null!;

        public HttpClient Anybody { get; private set; } = null!;

        /// <summary>An API key of a service that may administer, and hold, no more than a few things.</summary>
        public string Key { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Soma = await SomaProcess.StartAsync();
            Owner = await Soma.ClientAsync();
            Anybody = new HttpClient { BaseAddress = Soma.Url };
            string[] held = ["tenant:admin", "memory:read", "memory:write", "session:start"];
            await JsonAsync(await Owner.PutAsJsonAsync("/v1/users/provisioner", new { display_name = "Provisioner", kind = "service", capabilities = held }, Stop), HttpStatusCode.Created);
            Key = (await JsonAsync(await Owner.PostAsJsonAsync("/v1/api-keys", new { name = "scim", scopes = held, principal = "provisioner" }, Stop), HttpStatusCode.Created)).GetProperty("key").GetString()!;
        }

        /// <summary>Who has had a way into the account in his hand.</summary>
        internal async Task<List<string>> GiversAsync(string principal)
        {
            await using var db = Db.Open("sqlite:" + Path.Combine(Soma.Data, "soma.db"));
            return await db.QueryAsync("demo", static reader => reader.GetString(0), $"SELECT giver FROM hands WHERE tenant = {"demo"} AND principal = {principal}", Stop);
        }

        internal async Task FilterUsersAsync(ScimTests tests)
        {
            await _once.WaitAsync(Stop);
            try
            {
                if (_made) return;
                foreach (var body in new[]
                         {
                             """{"userName":"filter-a","externalId":"x","title":"Boss","name":{"familyName":"Alpha"},"emails":[{"type":"work","value":"a@corp.example"}]}""",
                             """{"userName":"filter-b","title":"Clerk","name":{"familyName":"Beta"},"emails":[{"type":"home","value":"b@home.example"},{"type":"work","value":"b@other.example"}]}""",
                             """{"userName":"filter-c","active":false}""",
                         })
                    await JsonAsync(await tests.SendAsync(HttpMethod.Post, "/Users", body), HttpStatusCode.Created);
                _made = true;
            }
            finally
            {
                _once.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            Owner?.Dispose();
            Anybody?.Dispose();
            _once.Dispose();
            if (Soma is not null) await Soma.DisposeAsync();
        }
    }
}
