using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.EndToEndTests.Identity;

namespace SomaStack.EndToEndTests;

/// <summary>Every governing command of the built program against a real server, for people and as JSON: none is there that nobody ever ran.</summary>
public sealed class CliGoverningTests : IAsyncLifetime
{
    private SomaProcess _soma = null!;
    private HttpClient _owner = null!;
    private SecondPerson _second = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _soma = await SomaProcess.StartAsync();
        _owner = await _soma.ClientAsync();
        _second = await SecondPerson.AddAsync(_soma, _owner);
    }

    public async ValueTask DisposeAsync()
    {
        _second.Dispose();
        _owner.Dispose();
        await _soma.DisposeAsync();
    }

    [Fact]
    public async Task Users_tenants_and_keys()
    {
        Assert.Equal("ana", Text(await JsonAsync("user", "add", "ana", "--name", "Ana", "--role", "viewer"), "id"));
        Assert.Contains("Ana", await ShownAsync("user", "show", "ana"), StringComparison.Ordinal);
        var changed = await JsonAsync("user", "set", "ana", "--name", "Ana B", "--capability", "memory:read");
        Assert.Equal(("Ana B", "viewer", "memory:read"), (Text(changed, "display_name"), changed.GetProperty("roles")[0].GetString(), changed.GetProperty("extra")[0].GetString()));
        Assert.Contains("Ana B", await ShownAsync("user", "list"), StringComparison.Ordinal);
        Assert.Contains((await JsonAsync("user", "list")).GetProperty("data").EnumerateArray(), static user => Text(user, "id") == "ana");
        Assert.Contains("operator", await ShownAsync("user", "roles"), StringComparison.Ordinal);
        Assert.False((await JsonAsync("user", "deactivate", "ana")).GetProperty("active").GetBoolean());
        Assert.Contains("true", await ShownAsync("user", "activate", "ana"), StringComparison.Ordinal);
        Assert.Contains("/v1/auth/signin?code=", await ShownAsync("user", "reset", "ana"), StringComparison.Ordinal);
        var invited = await JsonAsync("user", "invite", "guest", "--name", "Guest", "--role", "viewer", "--email", "guest@corp.example");
        Assert.Equal("guest@corp.example", Text(invited.GetProperty("invitation"), "email"));
        using (var guest = new Browser(_soma.Url))
        {
            var (_, page) = await guest.GetAsync(new Uri(Text(invited, "link")!).PathAndQuery);
            Assert.Equal(200, (await guest.SubmitAsync(page, false, ("login", "guest@demo"), ("password", "correct horse battery"))).Status);
        }
        Assert.Equal("", await ShownAsync("user", "unlock", "guest"));
        Assert.Contains("no_person", (await RunAsync(_owner, 1, "user", "unlock", "ana")).Error, StringComparison.Ordinal);

        Assert.Equal("demo", Text(await JsonAsync("tenant", "current"), "id"));
        Assert.Contains("/v1/auth/signin?code=", await ShownAsync("tenant", "add", "acme", "--name", "Acme", "--owner", "kim"), StringComparison.Ordinal);
        Assert.Contains("Acme", await ShownAsync("tenant", "list"), StringComparison.Ordinal);

        var made = await JsonAsync("key", "create", "--name", "ci", "--scope", "memory:read", "--days", "90");
        var id = Text(made.GetProperty("api_key"), "id")!;
        Assert.StartsWith("soma_sk_", Text(made, "key"), StringComparison.Ordinal);
        Assert.Contains("own_sign_in", (await RunAsync(_owner, 4, "key", "create", "--name", "x", "--principal", "bob", "--scope", "approval:decide")).Error, StringComparison.Ordinal);
        Assert.Contains("soma_sk_", await ShownAsync("key", "rotate", id), StringComparison.Ordinal);
        Assert.NotNull(Text(await JsonAsync("key", "revoke", id), "revoked_at"));
        Assert.Contains("ci", await ShownAsync("key", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kill_switch_and_approvals()
    {
        Assert.False((await JsonAsync("kill", "status")).GetProperty("engaged").GetBoolean());
        Assert.Contains("drill", await ShownAsync("kill", "engage", "--reason", "drill"), StringComparison.Ordinal);
        var (output, error) = await RunAsync(_owner, 5, "kill", "release", "--reason", "over", "--json");
        var id = Text(JsonDocument.Parse(output).RootElement.GetProperty("approval"), "id")!;
        Assert.Contains("soma approval approve " + id, error, StringComparison.Ordinal);
        Assert.Contains(id, (await RunAsync(_second.Client, 0, "approval", "list", "--state", "pending", "--kind", "killswitch.release")).Output, StringComparison.Ordinal);
        Assert.Contains("over", (await RunAsync(_second.Client, 0, "approval", "show", id)).Output, StringComparison.Ordinal);
        Assert.Contains("approval_own", (await RunAsync(_owner, 4, "approval", "approve", id)).Error, StringComparison.Ordinal);
        Assert.Contains("rejected", (await RunAsync(_second.Client, 0, "approval", "reject", id, "--comment", "not yet", "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("approval_rejected", (await RunAsync(_owner, 4, "kill", "release", "--reason", "over", "--approval", id)).Error, StringComparison.Ordinal);

        var waiting = RunAsync(_owner, 0, "kill", "release", "--reason", "really over", "--wait");
        string? next;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((next = (await _second.Client.GetFromJsonAsync<JsonElement>("/v1/approvals?state=pending", Stop)).GetProperty("data").EnumerateArray().Select(static one => Text(one, "id")).FirstOrDefault()) is null)
            await timer.WaitForNextTickAsync(Stop);
        Assert.Contains("approved", (await RunAsync(_second.Client, 0, "approval", "approve", next)).Output, StringComparison.Ordinal);
        Assert.Contains("false", (await waiting).Output, StringComparison.Ordinal);
        Assert.Contains("false", await ShownAsync("kill", "status"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies()
    {
        var shown = await JsonAsync("policy", "show");
        Assert.Contains("thresholds", await ShownAsync("policy", "show"), StringComparison.Ordinal);
        var file = await WriteAsync("policy.json", shown.GetProperty("document").GetRawText());
        Assert.Equal("allow", Text(await JsonAsync("policy", "evaluate", await WriteAsync("action.json", """{"kind":"external.action","resource":"deploy","confidence":0.9,"risk_score":0.1}""")), "decision"));
        Assert.Contains("changed", await ShownAsync("policy", "simulate", file, "--last", "10"), StringComparison.Ordinal);
        await TwiceAsync("policy", "set", file);
        Assert.Contains("2", await ShownAsync("policy", "versions"), StringComparison.Ordinal);
        await TwiceAsync("policy", "restore", "2");
        Assert.Equal(3, (await JsonAsync("policy", "show")).GetProperty("version").GetInt64());
    }

    [Fact]
    public async Task Constitutions()
    {
        var shown = await JsonAsync("constitution", "show");
        Assert.Contains("hash", await ShownAsync("constitution", "show"), StringComparison.Ordinal);
        var document = JsonNode.Parse(shown.GetProperty("document").GetRawText())!;
        document["title"] = "Another";
        var next = new JsonObject { ["document"] = document, ["version"] = 2, ["issued_at"] = "2026-11-22T18:00:00Z", ["scope"] = "installation" };
        var computed = await JsonAsync("constitution", "checksum", await WriteAsync("next.json", next.ToJsonString()));
        Assert.True((await JsonAsync("constitution", "validate", await WriteAsync("document.json", new JsonObject { ["document"] = document.DeepClone() }.ToJsonString()))).GetProperty("valid").GetBoolean());
        using var key = Platform.Ed25519Key.Load(Path.Combine(_soma.Data, "keys", "constitution.pem"));
        var value = Convert.ToBase64String(key.Sign(Encoding.UTF8.GetBytes(Text(computed, "statement")!)));
        next["signatures"] = new JsonArray(new JsonObject { ["key_id"] = key.KeyId, ["algorithm"] = "ed25519", ["value"] = value });
        Assert.Contains("candidate", await ShownAsync("constitution", "load", await WriteAsync("signed.json", next.ToJsonString())), StringComparison.Ordinal);
        await TwiceAsync("constitution", "activate", "2", "--scope", "installation");
        Assert.Contains("active", await ShownAsync("constitution", "versions", "--scope", "installation"), StringComparison.Ordinal);
        Assert.Contains("title", await ShownAsync("constitution", "diff", "1", "2", "--scope", "installation"), StringComparison.Ordinal);
        await TwiceAsync("constitution", "rollback", "1", "--scope", "installation");
        Assert.NotEqual("Another", Text((await JsonAsync("constitution", "show")).GetProperty("document"), "title"));
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_soma.Data, name);
        await File.WriteAllTextAsync(path, text, Stop);
        return path;
    }

    /// <summary>Waits with 5, is approved, and goes on.</summary>
    private async Task TwiceAsync(params string[] arguments)
    {
        var id = Text(JsonDocument.Parse((await RunAsync(_owner, 5, [.. arguments, "--json"])).Output).RootElement.GetProperty("approval"), "id")!;
        await _second.ApproveAsync(id);
        await RunAsync(_owner, 0, [.. arguments, "--approval", id]);
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse((await RunAsync(_owner, 0, [.. arguments, "--json"])).Output).RootElement;

    private async Task<string> ShownAsync(params string[] arguments) => (await RunAsync(_owner, 0, arguments)).Output;

    private async Task<(string Output, string Error)> RunAsync(HttpClient who, int expected, params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["SOMA_TOKEN"] = who.DefaultRequestHeaders.Authorization!.Parameter! };
        var (exit, output, error) = await SomaProcess.RunAsync(environment, [.. arguments, "--url", _soma.Url.ToString()]);
        Assert.True(exit == expected, $"soma {string.Join(' ', arguments)} ended with {exit}:\n{output}\n{error}");
        return (output, error);
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
