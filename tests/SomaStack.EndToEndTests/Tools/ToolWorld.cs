using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Tools;

/// <summary>One server, its owner, a second person and a pet store that the operator allowed.</summary>
public sealed class ToolWorld : IAsyncLifetime
{
    internal Petstore Store { get; private set; } = null!;

    internal SomaProcess Soma { get; private set; } = null!;

    internal HttpClient Owner { get; private set; } = null!;

    internal SecondPerson Bob { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Store = await Petstore.StartAsync();
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_OUTGOING_ALLOW"] = Store.Origin, ["SOMA_TOOL_RELEASE_SECRET"] = "development-secret" });
        Owner = await Soma.ClientAsync();
        Bob = await SecondPerson.AddAsync(Soma, Owner);
    }

    public async ValueTask DisposeAsync()
    {
        Bob.Client.Dispose();
        Owner.Dispose();
        await Soma.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>A manifest of the kind http with one action a path, all of them reading.</summary>
    internal static JsonObject Manifest(string id, string origin, string more, params (string Name, string Path)[] actions)
    {
        var all = string.Join(',', actions.Select(static one => $$$"""
            {"name":"{{{one.Name}}}","description":"d","input":{"type":"object","properties":{"to":{"type":"string"}}},"risk":"low","read_only":true,
             "settings":{"method":"GET","path":"{{{one.Path}}}","query":{"to":"to"}}}
            """));
        return JsonNode.Parse($$$"""
            {"id":"{{{id}}}","version":"1.0.0","kind":"http","summary":"Tried by a test.","egress":["{{{origin}}}"],"settings":{"base_url":"{{{origin}}}"},"actions":[{{{all}}}]{{{more}}} }
            """)!.AsObject();
    }

    /// <summary>Registered by the owner and let in by the other.</summary>
    internal async Task LetInAsync(JsonNode manifest)
    {
        using var done = await Bob.TwiceAsync(approval => PostAsync("/v1/adapters", new JsonObject { ["manifest"] = manifest.DeepClone() }, approval));
        Assert.True(done.StatusCode == HttpStatusCode.OK, await done.Content.ReadAsStringAsync(Stop));
    }

    internal Task<HttpResponseMessage> PostAsync(string path, JsonNode body, string? approval = null, string? key = null) => SecondPerson.PostAsync(Owner, path, body.ToJsonString(), approval, key);

    internal Task<HttpResponseMessage> ExecuteAsync(string adapter, string action, string arguments, string? approval = null, string? key = null, params string[] taints) => PostAsync(
        $"/v1/adapters/{adapter}/execute", new JsonObject { ["action"] = action, ["arguments"] = JsonNode.Parse(arguments), ["taints"] = new JsonArray([.. taints.Select(static one => (JsonNode)one)]) }, approval, key);

    /// <summary>The answer of a call that was carried out.</summary>
    internal async Task<JsonElement> CallAsync(string adapter, string action, string arguments, string? key = null)
    {
        using var answer = await ExecuteAsync(adapter, action, arguments, null, key);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Stop));
        return await JsonAsync(answer);
    }

    internal static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) => await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);

    internal static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
