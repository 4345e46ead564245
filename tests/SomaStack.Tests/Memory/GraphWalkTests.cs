using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class GraphWalkTests
{
    private const int Nodes = 7;

    private static readonly Gen<GraphEdge[]> Edges = Gen.Select(Gen.Int[0, Nodes - 1], Gen.Int[0, Nodes - 1], Gen.Int[1, 4]).Array[0, 16]
        .Select(items => items.Select((item, i) => new GraphEdge($"e{i:D2}", "n" + item.Item1, "n" + item.Item2, "related", item.Item3 / 4.0)).ToArray());

    [Fact]
    public void Every_memory_is_reached_in_the_fewest_hops_and_of_those_over_the_strongest_links() => Gen.Select(Edges, Gen.Int[0, 2]).Sample((edges, sense) =>
    {
        var (outward, inward) = (sense != 1, sense != 0);
        var walk = new GraphWalk("n0");
        for (var hop = 0; hop < Nodes && walk.Frontier.Count > 0; hop++) walk.Advance(edges, outward, inward, _ => true);
        foreach (var (id, expected) in BruteForce(edges, outward, inward))
        {
            Assert.True(walk.All.TryGetValue(id, out var reached), id);
            // Quarters multiply exactly.
            Assert.Equal(expected, (reached.Hops, reached.Weight));
            Assert.Equal(reached.Hops, reached.Via.Count);
        }
        Assert.Equal(BruteForce(edges, outward, inward).Count, walk.All.Count);
    });

    [Fact]
    public void The_order_of_the_links_changes_nothing() => Gen.Select(Edges, Gen.Int).Sample((edges, seed) =>
    {
        var shuffled = edges.ToArray();
        new Random(seed).Shuffle(shuffled);
        Assert.Equal(Trace(edges), Trace(shuffled));
    });

    [Fact]
    public void What_is_closed_is_not_walked_over()
    {
        GraphEdge[] edges = [new("1", "n0", "n1", "related", 1), new("2", "n1", "n2", "related", 1)];
        var walk = new GraphWalk("n0");
        for (var hop = 0; hop < 3; hop++) walk.Advance(edges, true, false, id => id != "n1");
        Assert.Equal(["n0"], walk.All.Keys);
    }

    private static string Trace(GraphEdge[] edges)
    {
        var walk = new GraphWalk("n0");
        while (walk.Frontier.Count > 0) walk.Advance(edges, true, true, _ => true);
        return string.Join('|', walk.All.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + ":" + string.Join(',', pair.Value.Via.Select(edge => edge.Id))));
    }

    /// <summary>All simple ways, by depth first.</summary>
    private static Dictionary<string, (int Hops, double Weight)> BruteForce(GraphEdge[] edges, bool outward, bool inward)
    {
        var best = new Dictionary<string, (int Hops, double Weight)> { ["n0"] = (0, 1) };
        Visit("n0", ["n0"], 1);
        return best;

        void Visit(string node, HashSet<string> path, double weight)
        {
            foreach (var edge in edges)
            {
                if (outward && edge.From == node) Go(edge.To, edge.Weight);
                if (inward && edge.To == node) Go(edge.From, edge.Weight);
            }

            void Go(string to, double by)
            {
                if (!path.Add(to)) return;
                var found = (Hops: path.Count - 1, Weight: weight * by);
                if (!best.TryGetValue(to, out var known) || found.Hops < known.Hops || found.Hops == known.Hops && found.Weight > known.Weight) best[to] = found;
                Visit(to, path, weight * by);
                path.Remove(to);
            }
        }
    }
}
