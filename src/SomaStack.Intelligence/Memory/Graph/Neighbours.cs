using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /graph/neighbors</c>: what is linked with a memory, up to three hops away.</summary>
internal static class Neighbours
{
    private const int HopsMax = 3;

    /// <param name="Weight">The product of the weights on the way.</param>
    /// <param name="Via">The links of the way, from the memory that was asked about.</param>
    internal sealed record Neighbour(string Id, string Kind, string? Text, int Hops, double Weight, IReadOnlyList<LinkView> Via);

    /// <param name="Truncated">True when more is there than was asked for, or than one walk reads.</param>
    internal sealed record Response(IReadOnlyList<Neighbour> Data, bool Truncated);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapGet(prefix + "/graph/neighbors", RunAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Find what is linked with a memory.");
    }

    private static async Task<Ok<Response>> RunAsync(
        string id, RequestContext context, Graph graph, string? type, string? direction, int? k_hop, int? limit, DateTimeOffset? as_of, string? universe, CancellationToken cancellationToken)
    {
        Check.That(k_hop is null or (>= 1 and <= HopsMax), "k_hop", $"must be between 1 and {HopsMax}").OrThrow();
        var size = Cursor.Limit(limit);
        var (walk, nodes, truncated) = await graph.WalkAsync(context, id, graph.Query(type, universe, as_of), Graph.Direction(direction, "both"), k_hop ?? 1, null, cancellationToken);
        var found = walk.All.Values.Where(reached => reached.Hops > 0)
            .OrderBy(static reached => reached.Hops).ThenByDescending(static reached => reached.Weight).ThenBy(static reached => reached.Id, StringComparer.Ordinal).ToList();
        var shown = found.Take(size).Select(reached => new Neighbour(
            reached.Id, nodes[reached.Id].Kind, nodes[reached.Id].Text, reached.Hops, Math.Round(reached.Weight, 6), [.. reached.Via.Select(LinkView.Of)])).ToList();
        return TypedResults.Ok(new Response(shown, truncated || found.Count > size));
    }
}
