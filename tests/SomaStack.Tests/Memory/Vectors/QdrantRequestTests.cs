using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory.Vectors;

/// <summary>
/// What the adapter sends, seen by an HTTP server on loopback that answers with the shapes of Qdrant's REST reference. It is not Qdrant: whether Qdrant
/// accepts them, the contract suite shows when <c>SOMA_TEST_QDRANT</c> names one.
/// </summary>
public sealed class QdrantRequestTests : IAsyncLifetime
{
    private static readonly VectorSpace Space = new("acme", "conversation/ada");

    private readonly List<(string Line, string? Key, JsonNode? Body)> _seen = [];
    private readonly Dictionary<string, (int Status, string Body)> _answers = new(StringComparer.Ordinal);
    private WebApplication _server = null!;
    private QdrantVectorIndex _index = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync(Stop);
        var address = new Uri(_server.Urls.First() + "/");
        _index = new QdrantVectorIndex(address, "secret", "use-lite-en-1", 4, QdrantVectorIndex.Client(address));
        Answer("GET ", 200, """{"result":{"status":"green","config":{"params":{"vectors":{"size":4,"distance":"Cosine"}}}},"status":"ok","time":0.1}""");
        Answer("PUT /points?wait=true", 200, """{"result":{"operation_id":1,"status":"completed"},"status":"ok","time":0.1}""");
        Answer("POST /points/delete?wait=true", 200, """{"result":{"operation_id":2,"status":"completed"},"status":"ok","time":0.1}""");
    }

    public async ValueTask DisposeAsync()
    {
        _index.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_put_carries_unit_vectors_and_who_they_belong_to()
    {
        await _index.PutAsync(Space, [new VectorItem("m1", new float[] { 3, 0, 4, 0 })], Stop);
        await _index.PutAsync(Space, [new VectorItem("m1", new float[] { 0, 0, 0, 1 })], Stop);
        var puts = _seen.Where(call => call.Line == "PUT /points?wait=true").ToList();
        Assert.Equal(2, puts.Count);
        Assert.All(_seen, call => Assert.Equal("secret", call.Key));
        var point = puts[0].Body!["points"]!.AsArray().Single()!;
        Assert.Equal([0.6f, 0f, 0.8f, 0f], point["vector"]!.AsArray().Select(value => (float)value!));
        Assert.Equal("""{"tenant":"acme","namespace":"conversation/ada","id":"m1"}""", point["payload"]!.ToJsonString());
        Assert.Equal(QdrantVectorIndex.PointId(Space, "m1").ToString(), (string?)point["id"]);
        Assert.Equal((string?)point["id"], (string?)puts[1].Body!["points"]![0]!["id"]);
        Assert.Single(_seen, call => call.Line == "GET ");
    }

    [Fact]
    public async Task Every_search_count_and_removal_is_held_to_tenant_and_namespace()
    {
        Answer("POST /points/query", 200, """{"result":{"points":[{"id":"00000000-0000-8000-8000-000000000002","version":1,"score":0.5,"payload":{"id":"m2"}},{"id":"00000000-0000-8000-8000-000000000001","version":1,"score":0.5,"payload":{"id":"m1"}}]},"status":"ok","time":0.1}""");
        Answer("POST /points/count", 200, """{"result":{"count":2},"status":"ok","time":0.1}""");
        var hits = await _index.SearchAsync(Space, new VectorQuestion(new float[] { 0, 2, 0, 0 }, 2, 64), Stop);
        Assert.Equal([new VectorHit("m1", 0.5), new VectorHit("m2", 0.5)], hits);
        Assert.Equal(2, await _index.CountAsync(Space, Stop));
        await _index.RemoveAsync(Space, ["m1"], Stop);
        const string both = """{"key":"tenant","match":{"value":"acme"}},{"key":"namespace","match":{"value":"conversation/ada"}}""";
        Assert.Equal("""{"query":[0,1,0,0],"filter":{"must":[""" + both + """]},"limit":2,"params":{"hnsw_ef":64},"with_payload":["id"]}""", Body("POST /points/query"));
        Assert.Equal("""{"filter":{"must":[""" + both + """]},"exact":true}""", Body("POST /points/count"));
        Assert.Equal("""{"filter":{"must":[""" + both + ",{\"has_id\":[\"" + QdrantVectorIndex.PointId(Space, "m1") + "\"]}]}}", Body("POST /points/delete?wait=true"));
    }

    [Fact]
    public async Task A_filter_of_ours_asks_in_wider_circles_until_nothing_is_left()
    {
        static string Points(int count) => """{"result":{"points":[""" + string.Join(',', Enumerable.Range(0, count).Select(i => $$$"""{"score":{{{1 - i / 100.0:0.00}}},"payload":{"id":"m{{{i}}}"}}""")) + "]}}";
        Answer("POST /points/query 1", 200, Points(1));
        Answer("POST /points/query 4", 200, Points(4));
        Answer("POST /points/query 16", 200, Points(9));
        Assert.Equal("m3", Assert.Single(await _index.SearchAsync(Space, new VectorQuestion(new float[] { 1, 0, 0, 0 }, 1, 10, static id => id == "m3"), Stop)).Id);
        Assert.Empty(await _index.SearchAsync(Space, new VectorQuestion(new float[] { 1, 0, 0, 0 }, 1, 10, static _ => false), Stop));
        Assert.Equal([1, 4, 1, 4, 16], _seen.Where(call => call.Line == "POST /points/query").Select(call => (int)call.Body!["limit"]!));
    }

    [Fact]
    public async Task A_missing_collection_is_made_with_its_indexes()
    {
        Answer("GET ", 404, """{"status":{"error":"Not found"},"time":0.1}""");
        Answer("PUT ", 200, """{"result":true,"status":"ok","time":0.1}""");
        Answer("PUT /index?wait=true", 200, """{"result":{"operation_id":0,"status":"completed"},"status":"ok","time":0.1}""");
        await Assert.ThrowsAsync<Problem>(() => _index.CountAsync(Space, Stop));
        Assert.Equal(["GET ", "PUT ", "PUT /index?wait=true", "PUT /index?wait=true", "GET "], _seen.Select(call => call.Line));
        Assert.Equal("""{"vectors":{"size":4,"distance":"Cosine"}}""", Body("PUT "));
        Assert.Equal("""{"field_name":"tenant","field_schema":"keyword"}""", Body("PUT /index?wait=true"));
    }

    [Theory]
    [InlineData(200, """{"result":{"config":{"params":{"vectors":{"size":768,"distance":"Cosine"}}}}}""", "vector_dimension")]
    [InlineData(401, "Must provide an API key", "vector_index_failed")]
    [InlineData(500, "", "vector_index_failed")]
    [InlineData(200, "<html>", "vector_index_failed")]
    [InlineData(200, """{"result":{}}""", "vector_index_failed")]
    public async Task Whatever_it_answers_the_caller_gets_a_problem(int status, string body, string code)
    {
        Answer("GET ", status, body);
        var problem = await Assert.ThrowsAsync<Problem>(() => _index.CountAsync(Space, Stop));
        Assert.Equal(code, problem.Code.Code);
        Assert.DoesNotContain("secret", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_unreachable()
    {
        await _server.StopAsync(Stop);
        Assert.Equal("vector_index_unreachable", (await Assert.ThrowsAsync<Problem>(() => _index.CountAsync(Space, Stop))).Code.Code);
    }

    [Fact]
    public void The_same_id_elsewhere_is_another_point()
    {
        var points = new[] { Space, new VectorSpace("acme2", Space.Namespace), new VectorSpace("acme", "conversation"), new VectorSpace("acme|16", Space.Namespace) }
            .SelectMany(space => new[] { "m1", "m2", "/ada|m1" }.Select(id => QdrantVectorIndex.PointId(space, id))).ToList();
        Assert.Equal(points.Count, points.Distinct().Count());
        Assert.All(points, point => Assert.Equal('8', point.ToString()[14]));
    }

    private void Answer(string line, int status, string body) => _answers[line] = (status, body);

    private string Body(string line) => _seen.First(call => call.Line == line).Body!.ToJsonString();

    private async Task AnswerAsync(HttpContext http)
    {
        const string prefix = "/collections/soma-use-lite-en-1";
        Assert.StartsWith(prefix, http.Request.Path, StringComparison.Ordinal);
        var line = $"{http.Request.Method} {http.Request.Path.Value![prefix.Length..]}{http.Request.QueryString}";
        var body = http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0 ? await JsonNode.ParseAsync(http.Request.Body) : null;
        _seen.Add((line, http.Request.Headers["api-key"], body));
        var answer = _answers.TryGetValue($"{line} {body?["limit"]}", out var exact) ? exact : _answers[line];
        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(answer.Body);
    }
}
