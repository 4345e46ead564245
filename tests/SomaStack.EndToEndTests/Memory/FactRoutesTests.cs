using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Memory;

/// <summary>Facts over HTTP against the built server.</summary>
public sealed class FactRoutesTests(MemoryRoutesTests.Server server) : IClassFixture<MemoryRoutesTests.Server>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("/v1")]
    public async Task What_is_remembered_states_facts_that_can_be_asked_for_by_subject_and_time(string prefix)
    {
        var space = "n" + Guid.CreateVersion7().ToString("N");
        var first = await RememberAsync(new { text = "Caroline: I live in Oslo.", event_time = "2020-05-01T00:00:00Z", @namespace = space });
        var second = await RememberAsync(new { text = "Caroline moved to Paris.", event_time = "2023-05-01T00:00:00Z", @namespace = space });
        var own = await GetAsync($"{prefix}/memory/{first}/facts");
        var fact = Assert.Single(own.GetProperty("data").EnumerateArray());
        Assert.Equal(("Caroline", "lives_in", "Oslo", first), (Text(fact, "subject"), Text(fact, "predicate"), Text(fact, "object"), Text(fact, "memory_id")));
        Assert.Equal("deterministic", Text(own, "extraction_status"));
        Assert.StartsWith("2023-05-01", Text(fact, "valid_to"), StringComparison.Ordinal);
        var now = Assert.Single((await GetAsync($"{prefix}/facts?subject=Caroline&as_of=2024-01-01T00:00:00Z&namespace={space}")).GetProperty("data").EnumerateArray());
        Assert.Equal(("Paris", second), (Text(now, "object"), Text(now, "memory_id")));
        Assert.Equal(Text(now, "id"), Text(fact, "superseded_by"));
        Assert.Equal(2, (await GetAsync($"{prefix}/facts?predicate=lives_in&namespace={space}")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Another_principals_conversation_and_unknown_memories_tell_nothing()
    {
        using var unknown = await server.Client.GetAsync("/v1/memory/nothing-here/facts", Stop);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var foreign = await server.Client.GetAsync("/v1/facts?namespace=conversation/somebody-else", Stop);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var cursor = await server.Client.GetAsync("/v1/facts?cursor=zz", Stop);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, cursor.StatusCode);
    }

    private async Task<string> RememberAsync(object body)
    {
        using var response = await server.Client.PostAsJsonAsync("/v1/remember", body, Stop);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return Text(await response.Content.ReadFromJsonAsync<JsonElement>(Stop), "id")!;
    }

    private Task<JsonElement> GetAsync(string address) => server.Client.GetFromJsonAsync<JsonElement>(address, Stop);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
