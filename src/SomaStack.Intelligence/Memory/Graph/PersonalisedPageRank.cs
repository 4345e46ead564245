namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Personalised PageRank by pushing (Andersen, Chung and Lang 2006, "Local graph partitioning using PageRank vectors"): a random walk that
/// returns to the seeds with probability <see cref="Restart"/> in each step, computed only where it goes. What is not pushed yet stays a residual;
/// every value is at most that much below the exact one, and never above it.
/// </summary>
internal static class PersonalisedPageRank
{
    public const double Restart = 0.15;
    public const double Epsilon = 1e-4;
    public const int PushesMax = 10_000;

    /// <param name="Residual">The mass that was not distributed: an upper bound of the error of all values together.</param>
    internal sealed record Result(IReadOnlyDictionary<string, double> Values, double Residual);

    /// <param name="seeds">Where the walk begins and returns to; weights above 0, made to sum to 1. A node without links returns there as well.</param>
    /// <param name="neighbours">Links of a node with weights above 0; asked once for each node that is pushed.</param>
    /// <param name="epsilon">A node is pushed while its residual is above this times the number of its links.</param>
    public static Result Run(
        IReadOnlyList<(string Node, double Weight)> seeds, Func<string, IReadOnlyList<(string To, double Weight)>> neighbours,
        double restart = Restart, double epsilon = Epsilon, int pushesMax = PushesMax)
    {
        var total = 0.0;
        foreach (var (_, weight) in seeds) total += weight;
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        if (total <= 0) return new Result(values, 0);
        var residuals = new Dictionary<string, double>(StringComparer.Ordinal);
        var links = new Dictionary<string, IReadOnlyList<(string To, double Weight)>>(StringComparer.Ordinal);
        var waiting = new Queue<string>();
        var queued = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (node, weight) in seeds) Give(node, weight / total);
        for (var pushes = 0; pushes < pushesMax && waiting.TryDequeue(out var node); pushes++)
        {
            queued.Remove(node);
            if (!links.TryGetValue(node, out var outgoing)) links[node] = outgoing = neighbours(node);
            var residual = residuals[node];
            if (residual <= epsilon * Math.Max(1, outgoing.Count)) continue;
            residuals[node] = 0;
            values[node] = values.GetValueOrDefault(node) + restart * residual;
            var moved = (1 - restart) * residual;
            if (outgoing.Count == 0)
            {
                foreach (var (seed, weight) in seeds) Give(seed, moved * weight / total);
                continue;
            }
            var sum = 0.0;
            foreach (var (_, weight) in outgoing) sum += weight;
            foreach (var (to, weight) in outgoing) Give(to, moved * weight / sum);
        }
        var left = 0.0;
        foreach (var residual in residuals.Values) left += residual;
        return new Result(values, left);

        void Give(string node, double mass)
        {
            residuals[node] = residuals.GetValueOrDefault(node) + mass;
            // What is at most epsilon can never be pushed, however few links it has.
            if (residuals[node] > epsilon && queued.Add(node)) waiting.Enqueue(node);
        }
    }
}
