using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Reads the links that a walk asks for, within a budget, and shows only what the caller may see.</summary>
internal sealed class Graph(MemoryStore store, TimeProvider clock)
{
    /// <summary>Memories whose links are read in one walk, and links that are read in one hop.</summary>
    private const int MemoriesMax = 2_000;
    private const int LinksMax = 4_000;
    private const int StepMax = 500;

    public static (bool Outward, bool Inward) Direction(string? direction, string fallback) => (direction ?? fallback) switch
    {
        "out" => (true, false),
        "in" => (false, true),
        "both" => (true, true),
        _ => throw Problem.Invalid("direction", "must be out, in or both"),
    };

    public LinkQuery Query(string? type, string? universe, DateTimeOffset? asOf)
    {
        if (type is not null && !LinkLimits.IsType(type)) throw Problem.Invalid("type", "must be the snake_case name of a type of links");
        return new LinkQuery(type, universe ?? Contracts.MemoryDraft.Real, (asOf ?? clock.GetUtcNow()).ToMicros());
    }

    /// <param name="until">Ends the walk as soon as this memory is reached; null walks all hops.</param>
    /// <returns>What was reached, the texts of those memories, and whether the budget ended it early.</returns>
    /// <exception cref="Problem">404 <c>memory_unknown</c> when the start cannot be seen.</exception>
    public async Task<(GraphWalk Walk, Dictionary<string, NodeRow> Nodes, bool Truncated)> WalkAsync(
        RequestContext context, string start, LinkQuery query, (bool Outward, bool Inward) direction, int hops, string? until, CancellationToken cancellationToken)
    {
        var walk = new GraphWalk(start);
        var nodes = new Dictionary<string, NodeRow>(StringComparer.Ordinal);
        await LookAsync([start]);
        if (!nodes.ContainsKey(start)) throw ReadMemory.Missing();
        var truncated = false;
        for (var hop = 0; hop < hops && walk.Frontier.Count > 0 && (until is null || !walk.All.ContainsKey(until)); hop++)
        {
            var links = new List<LinkRow>();
            foreach (var ids in walk.Frontier.Order(StringComparer.Ordinal).Chunk(StepMax))
            {
                if (direction.Outward) links.AddRange(await LinkStore.OutAsync(store.Db, context.Tenant, query, ids, LinksMax + 1, cancellationToken));
                if (direction.Inward) links.AddRange(await LinkStore.InAsync(store.Db, context.Tenant, query, ids, LinksMax + 1, cancellationToken));
                if (links.Count > LinksMax) break;
            }
            truncated |= links.Count > LinksMax;
            await LookAsync([.. links.SelectMany(static link => (string[])[link.From, link.To]).Where(id => !nodes.ContainsKey(id)).Distinct(StringComparer.Ordinal)]);
            walk.Advance([.. links.Take(LinksMax).Select(static link => new GraphEdge(link.Id, link.From, link.To, link.Type, link.Weight))], direction.Outward, direction.Inward, nodes.ContainsKey);
            if (walk.All.Count <= MemoriesMax) continue;
            truncated = true;
            break;
        }
        return (walk, nodes, truncated);

        async Task LookAsync(IReadOnlyList<string> ids)
        {
            foreach (var chunk in ids.Chunk(StepMax))
                foreach (var node in await LinkStore.NodesAsync(store.Db, context.Tenant, chunk, clock.NowMicros(), cancellationToken))
                    if (RememberRequest.MayName(context, node.Namespace)) nodes[node.Id] = node;
        }
    }
}

/// <param name="From">The ids of the memories that it joins.</param>
internal sealed record LinkView(string Id, string Type, string From, string To, double Weight)
{
    public static LinkView Of(GraphEdge edge) => new(edge.Id, edge.Type, edge.From, edge.To, edge.Weight);
}
