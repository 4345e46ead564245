namespace SomaStack.Intelligence.Memory;

/// <summary>One directed, weighted link; the weight is above 0 and at most 1.</summary>
internal sealed record GraphEdge(string Id, string From, string To, string Type, double Weight);

/// <summary>How a memory was reached: in how many hops, with which product of weights, over which links.</summary>
internal sealed record Reached(string Id, int Hops, double Weight, IReadOnlyList<GraphEdge> Via);

/// <summary>
/// Breadth first from one memory, layer by layer. A memory is reached in the fewest hops; of the ways with so few, over the greatest product
/// of weights; of equals, over the links whose ids come first. Since every way to a layer goes through the layer before it, the best
/// way to each memory of that layer is all that has to be kept. Pure: whoever calls it reads the links.
/// </summary>
internal sealed class GraphWalk
{
    private readonly Dictionary<string, Reached> _reached;
    private Dictionary<string, Reached> _frontier;
    private int _hops;

    public GraphWalk(string start)
    {
        var origin = new Reached(start, 0, 1, []);
        _reached = new Dictionary<string, Reached>(StringComparer.Ordinal) { [start] = origin };
        _frontier = new Dictionary<string, Reached>(StringComparer.Ordinal) { [start] = origin };
    }

    /// <summary>The memories whose links are wanted next; empty when there is nothing more to find.</summary>
    public IReadOnlyCollection<string> Frontier => _frontier.Keys;

    public IReadOnlyDictionary<string, Reached> All => _reached;

    /// <summary>Takes the links of the frontier. Links that do not touch it, or lead back, change nothing.</summary>
    /// <param name="isOpen">Which memories may be walked over; the others are as if they were not there.</param>
    public void Advance(IReadOnlyList<GraphEdge> links, bool outward, bool inward, Func<string, bool> isOpen)
    {
        _hops++;
        var next = new Dictionary<string, Reached>(StringComparer.Ordinal);
        foreach (var link in links)
        {
            if (outward && _frontier.TryGetValue(link.From, out var from)) Step(next, from, link, link.To, isOpen);
            if (inward && _frontier.TryGetValue(link.To, out var to)) Step(next, to, link, link.From, isOpen);
        }
        foreach (var (id, reached) in next) _reached.Add(id, reached);
        _frontier = next;
    }

    private void Step(Dictionary<string, Reached> next, Reached from, GraphEdge link, string to, Func<string, bool> isOpen)
    {
        if (_reached.ContainsKey(to) || !isOpen(to)) return;
        var weight = from.Weight * link.Weight;
        if (next.TryGetValue(to, out var known) && !(weight > known.Weight || weight == known.Weight && ComesFirst(from.Via, link, known.Via))) return;
        next[to] = new Reached(to, _hops, weight, [.. from.Via, link]);
    }

    private static bool ComesFirst(IReadOnlyList<GraphEdge> via, GraphEdge last, IReadOnlyList<GraphEdge> known)
    {
        for (var i = 0; i < via.Count; i++)
            if (string.CompareOrdinal(via[i].Id, known[i].Id) is not 0 and var order) return order < 0;
        return string.CompareOrdinal(last.Id, known[^1].Id) < 0;
    }
}
