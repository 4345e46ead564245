using CsCheck;
using SomaStack.Intelligence.Memory;

namespace SomaStack.Tests.Memory;

public sealed class PersonalisedPageRankTests
{
    private const int Nodes = 12;

    private static readonly Gen<double[][]> Weights = Gen.Frequency((3, Gen.Const(0.0)), (1, Gen.Double[0.05, 1])).Array[Nodes].Array[Nodes];

    [Fact]
    public void Pushing_comes_to_what_power_iteration_finds_and_never_above_it() => Gen.Select(Weights, Gen.Int[0, Nodes - 1], Gen.Int[0, Nodes - 1]).Sample((weights, a, b) =>
    {
        (string, double)[] seeds = [("n" + a, 1), ("n" + b, 3)];
        var exact = PowerIteration(weights, seeds);
        foreach (var epsilon in (double[])[1e-2, 1e-4, 1e-9])
        {
            var result = PersonalisedPageRank.Run(seeds, node => Links(weights, node), epsilon: epsilon, pushesMax: 1_000_000);
            var error = 0.0;
            for (var node = 0; node < Nodes; node++)
            {
                var value = result.Values.GetValueOrDefault("n" + node);
                Assert.True(value <= exact[node] + 1e-9, $"n{node}: {value} above {exact[node]}");
                error += exact[node] - value;
            }
            // What is missing is exactly what was not pushed.
            Assert.Equal(result.Residual, error, 6);
            if (epsilon == 1e-9) Assert.True(error < 1e-6, error.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }, iter: 200);

    [Fact]
    public void The_budget_ends_it_and_the_residual_says_what_is_missing()
    {
        var asked = 0;
        var result = PersonalisedPageRank.Run([("0", 1)], node =>
        {
            asked++;
            return [((int.Parse(node, System.Globalization.CultureInfo.InvariantCulture) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), 1)];
        }, epsilon: 0, pushesMax: 10);
        Assert.Equal(10, asked);
        Assert.Equal(Math.Pow(0.85, 10), result.Residual, 9);
        Assert.Equal(1, result.Residual + result.Values.Values.Sum(), 9);
    }

    [Fact]
    public void Without_seeds_there_is_nothing() => Assert.Empty(PersonalisedPageRank.Run([], _ => []).Values);

    private static List<(string, double)> Links(double[][] weights, string node)
    {
        var row = weights[int.Parse(node[1..], System.Globalization.CultureInfo.InvariantCulture)];
        return [.. row.Select((weight, i) => ("n" + i, weight)).Where(link => link.weight > 0)];
    }

    private static double[] PowerIteration(double[][] weights, (string Node, double Weight)[] seeds)
    {
        var start = new double[Nodes];
        foreach (var (node, weight) in seeds) start[int.Parse(node[1..], System.Globalization.CultureInfo.InvariantCulture)] += weight / seeds.Sum(seed => seed.Weight);
        var present = start;
        for (var round = 0; round < 400; round++)
        {
            var next = start.Select(value => PersonalisedPageRank.Restart * value).ToArray();
            for (var from = 0; from < Nodes; from++)
            {
                var sum = weights[from].Sum();
                for (var to = 0; to < Nodes; to++) next[to] += (1 - PersonalisedPageRank.Restart) * present[from] * (sum > 0 ? weights[from][to] / sum : start[to]);
            }
            present = next;
        }
        return present;
    }
}
