using System.Text.Json;

namespace SomaStack.EndToEndTests.Tools;

/// <summary>Every command of <c>soma tool</c> against a real server: none is there that nobody ever ran.</summary>
public sealed class ToolCliTests(ToolWorld world) : IClassFixture<ToolWorld>
{
    [Fact]
    public async Task A_publisher_signs_an_operator_pins_and_a_second_person_lets_it_in()
    {
        var folder = Directory.CreateTempSubdirectory("soma-tool-cli");
        try
        {
            var (file, signedFile, key) = (Path.Combine(folder.FullName, "m.json"), Path.Combine(folder.FullName, "s.json"), Path.Combine(folder.FullName, "key.pem"));
            await File.WriteAllTextAsync(file, ToolWorld.Manifest("clitool", world.Store.Origin, "", ("get", "/api/v3/pet/findByStatus")).ToJsonString(), TestContext.Current.CancellationToken);
            var (exit, signed, said) = await SomaProcess.RunAsync(null, "tool", "sign", file, "--key", key);
            Assert.True(exit == 0, said);
            await File.WriteAllTextAsync(signedFile, signed, TestContext.Current.CancellationToken);
            var publicKey = said[(said.LastIndexOf(' ') + 1)..].Trim();

            Assert.False((await JsonAsync("tool", "verify", signedFile)).GetProperty("valid").GetBoolean());
            var pinned = await JsonAsync("tool", "pin", publicKey, "--name", "CLI Ltd");
            Assert.Contains("CLI Ltd", await ShownAsync(0, "tool", "publishers"), StringComparison.Ordinal);
            Assert.True((await JsonAsync("tool", "verify", signedFile)).GetProperty("valid").GetBoolean());
            var asked = await RunAsync(5, "tool", "register", signedFile, "--json");
            var approval = JsonDocument.Parse(asked.Output).RootElement.GetProperty("approval").GetProperty("id").GetString()!;
            await world.Bob.ApproveAsync(approval);
            Assert.Equal("signed", (await JsonAsync("tool", "register", signedFile, "--approval", approval)).GetProperty("adapter").GetProperty("source").GetString());
            Assert.Contains("clitool", await ShownAsync(0, "tool", "list"), StringComparison.Ordinal);
            Assert.Contains("clitool", await ShownAsync(0, "tool", "show", "clitool"), StringComparison.Ordinal);
            Assert.Contains("active", await ShownAsync(0, "tool", "versions", "clitool"), StringComparison.Ordinal);
            Assert.Equal("completed", (await JsonAsync("tool", "call", "clitool.get")).GetProperty("status").GetString());
            Assert.Contains("completed", await ShownAsync(0, "tool", "calls", "clitool"), StringComparison.Ordinal);
            await ShownAsync(0, "tool", "disable", "clitool", "--reason", "For a moment.");
            Assert.Contains("For a moment.", (await RunAsync(1, "tool", "call", "clitool.get")).Error, StringComparison.Ordinal);
            await ShownAsync(0, "tool", "enable", "clitool");
            await ShownAsync(0, "tool", "revoke", "clitool", "--reason", "Over.");
            await ShownAsync(0, "tool", "unpin", pinned.GetProperty("key_id").GetString()!);
            Assert.False((await JsonAsync("tool", "verify", signedFile)).GetProperty("valid").GetBoolean());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_document_is_imported_and_the_ancestors_record_verifies()
    {
        var folder = Directory.CreateTempSubdirectory("soma-tool-cli");
        try
        {
            var file = Path.Combine(folder.FullName, "api.yaml");
            await File.WriteAllTextAsync(file, "openapi: 3.1.0\ninfo: {title: Tiny, version: '1'}\nservers: [{url: https://a.example}]\npaths: {/a: {get: {operationId: a}}}", TestContext.Current.CancellationToken);
            Assert.Equal("tiny", (await JsonAsync("tool", "import", file, "--id", "tiny")).GetProperty("manifest").GetProperty("id").GetString());
            var legacy = Path.Combine(folder.FullName, "legacy.json");
            await File.WriteAllTextAsync(legacy, """
                {"id":"plane","version":"1.0.0","manifest":{"actions":[{"name":"create_project","params":["name","workspace_id"]},{"name":"add_member","params":["project_id","user"]}],"permissions":["projects:write","memberships:write"]},
                 "manifest_digest":"741533774573a98f2f58a6da1ae8fee2cb65703157e0bd852113e3a34e260e47","signature":"sha256:c18ee4329e4a4ffaba92cf6d9446e45b346e735ec5ae43f8afba3a2cbb2002ce"}
                """, TestContext.Current.CancellationToken);
            var verified = await JsonAsync("tool", "verify", legacy);
            Assert.Equal((true, "hmac-sha256"), (verified.GetProperty("valid").GetBoolean(), verified.GetProperty("form").GetString()));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse((await RunAsync(0, [.. arguments, "--json"])).Output).RootElement;

    private async Task<string> ShownAsync(int exit, params string[] arguments) => (await RunAsync(exit, arguments)).Output;

    private async Task<(string Output, string Error)> RunAsync(int exit, params string[] arguments)
    {
        var (code, output, error) = await SomaProcess.RunAsync(
            new Dictionary<string, string> { ["SOMA_TOKEN"] = world.Owner.DefaultRequestHeaders.Authorization!.Parameter! }, [.. arguments, "--url", world.Soma.Url.ToString()]);
        Assert.True(code == exit, $"soma {string.Join(' ', arguments)} exited with {code}: {error}{output}");
        return (output, error);
    }
}
