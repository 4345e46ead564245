using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using SomaStack.EndToEndTests.Fuzz;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.EndToEndTests.Edge;

/// <summary>What holds for every route, whoever wrote it.</summary>
public sealed class EveryRouteTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_declares_who_may_call_it_and_no_two_share_an_address()
    {
        var data = Path.Combine(Path.GetTempPath(), "soma-e2e-" + Guid.CreateVersion7().ToString("N"));
        await using (var app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = data, Url = "http://127.0.0.1:0" }, Stop))
        {
            var routes = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToList();
            Assert.True(routes.Count > 50, $"Only {routes.Count} routes were seen.");
            var open = routes.Where(route => route.Metadata.GetMetadata<Access>() is null).Select(route => route.DisplayName);
            Assert.Empty(open);
            var doubled = routes.SelectMany(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"]).Select(method => $"{method} {route.RoutePattern.RawText}"))
                .GroupBy(address => address).Where(group => group.Count() > 1).Select(group => group.Key);
            Assert.Empty(doubled);
        }
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Without_a_token_every_route_but_the_public_ones_answers_401_and_an_empty_object_never_breaks_one()
    {
        await using var world = await FuzzWorld.StartAsync(Stop);
        var wrong = new List<string>();
        foreach (var operation in world.Api.Operations.Where(operation => operation.Capability is not null))
        {
            var path = operation.Path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
            var (status, body) = await world.SendAsync(new HttpMethod(operation.Method), path, null, operation.Method == "GET" ? null : "{}", Stop);
            if (status != HttpStatusCode.Unauthorized || Code(body) != "unauthenticated") wrong.Add($"{operation} without a token: {(int)status} {body}");
            if (operation.Body is null || operation.Stops) continue;
            (status, body) = await world.SendAsync(new HttpMethod(operation.Method), path, world.Victim, "{}", Stop);
            if ((int)status is >= 500 and not 501 and not 503 || ((int)status >= 400 && Code(body) is null)) wrong.Add($"{operation} with an empty object: {(int)status} {body}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Another_tenants_ids_look_as_if_they_were_not_there()
    {
        await using var world = await FuzzWorld.StartAsync(Stop);
        Assert.NotEmpty(world.NeighbourIds);
        var wrong = new List<string>();
        foreach (var operation in world.Api.Operations.Where(operation => operation is { Capability: not null, Method: "GET" or "DELETE" } && operation.Parameters.Count(parameter => parameter.In == "path") == 1))
            foreach (var id in world.NeighbourIds)
            {
                var path = operation.Path.Replace("{" + operation.Parameters.First(parameter => parameter.In == "path").Name + "}", Uri.EscapeDataString(id), StringComparison.Ordinal);
                var asked = operation.Parameters.Where(static parameter => parameter is { In: "query", IsRequired: true }).Select(static parameter => parameter.Name + "=any");
                path += "?" + string.Join('&', asked);
                var (status, body) = await world.SendAsync(new HttpMethod(operation.Method), path, world.Owner, null, Stop);
                // A socket's route wants an upgrade first, some changes want If-Match; a part that is not built says so to everybody.
                if (status is not (HttpStatusCode.NotFound or HttpStatusCode.NotImplemented or HttpStatusCode.BadRequest or HttpStatusCode.PreconditionRequired)) wrong.Add($"{operation.Method} {path}: {(int)status} {body}");
            }
        Assert.Empty(wrong);
    }

    private static string? Code(string body)
    {
        if (!body.StartsWith('{')) return null;
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement.TryGetProperty("error", out var error) ? error : document.RootElement;
        return root.TryGetProperty("code", out var code) ? code.GetString() : null;
    }
}
