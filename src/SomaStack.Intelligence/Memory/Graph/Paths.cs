using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /graph/path</c>: how one memory leads to another, over the fewest links and of those over the strongest.</summary>
internal static class Paths
{
    private const int LengthMax = 10;

    /// <param name="Path">The ids of the memories, both ends included; empty when there is no way.</param>
    /// <param name="Truncated">True when the search ended at its budget: a way may exist that was not seen.</param>
    internal sealed record Response(bool Found, IReadOnlyList<string> Path, IReadOnlyList<LinkView> Links, bool Truncated);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapGet(prefix + "/graph/path", RunAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Find how one memory leads to another.");
    }

    private static async Task<Ok<Response>> RunAsync(
        string from, string to, RequestContext context, Graph graph, MemoryStore store, TimeProvider clock, string? type, string? direction, int? max_length, DateTimeOffset? as_of,
        string? universe, CancellationToken cancellationToken)
    {
        Check.That(max_length is null or (>= 1 and <= LengthMax), "max_length", $"must be between 1 and {LengthMax}").OrThrow();
        await ReadMemory.OwnAsync(to, context, store, clock, cancellationToken);
        var sense = Graph.Direction(direction, "out");
        var (walk, _, truncated) = await graph.WalkAsync(context, from, graph.Query(type, universe, as_of), sense, max_length ?? LengthMax, to, cancellationToken);
        if (!walk.All.TryGetValue(to, out var reached)) return TypedResults.Ok(new Response(false, [], [], truncated));
        var path = new List<string> { from };
        // Walked against its direction, a link leads from its end to its beginning.
        foreach (var link in reached.Via) path.Add(link.From == path[^1] && (sense.Outward || link.To != path[^1]) ? link.To : link.From);
        return TypedResults.Ok(new Response(true, path, [.. reached.Via.Select(LinkView.Of)], false));
    }
}
