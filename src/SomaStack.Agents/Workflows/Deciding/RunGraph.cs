using System.Collections.Concurrent;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>A capsule's steps as a graph, and its expressions ready to be evaluated. Derived from the capsule alone.</summary>
internal sealed class RunGraph
{
    /// <summary>Graphs that are kept: a replay of many runs of one capsule compiles it once.</summary>
    private const int KeptMax = 256;

    public static readonly RunGraph Empty = new(new Capsule("", "", "", "", ""));

    private static readonly ConcurrentDictionary<string, RunGraph> Kept = new(StringComparer.Ordinal);

    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Lazy<CapsuleProgram> _program;
    private readonly Lazy<bool[,]> _before;

    private RunGraph(Capsule capsule)
    {
        Capsule = capsule;
        for (var i = 0; i < capsule.Steps.Count; i++) _index.TryAdd(capsule.Steps[i].Name, i);
        _bySpan = _index.GetAlternateLookup<ReadOnlySpan<char>>();
        After = [.. capsule.Steps.Select(step => step.After.Select(name => _index.GetValueOrDefault(name, -1)).ToArray())];
        _program = new(() => CapsuleProgram.Compile(capsule));
        _before = new(Reach);
    }

    public Capsule Capsule { get; }

    /// <summary>Steps that must have ended first; -1 for a name that no step has.</summary>
    public int[][] After { get; }

    /// <exception cref="Platform.Cel.CelException">The capsule was never checked.</exception>
    public CapsuleProgram Program => _program.Value;

    public static RunGraph Of(Capsule capsule)
    {
        if (capsule.Digest.Length != 64) return new RunGraph(capsule);
        if (Kept.TryGetValue(capsule.Digest, out var kept) && Same(kept.Capsule, capsule)) return kept;
        if (Kept.Count >= KeptMax) Kept.Clear();
        var graph = new RunGraph(capsule);
        Kept[capsule.Digest] = graph;
        return graph;
    }

    public bool TryFind(ReadOnlySpan<char> name, out int step) => _bySpan.TryGetValue(name, out step);

    /// <summary>Whether step <paramref name="a"/> can only begin after <paramref name="b"/> has ended.</summary>
    public bool IsAfter(int a, int b) => _before.Value[a, b];

    /// <summary>Why it cannot be run; null for a sound one. Names of steps are unique, edges lead to steps and to no cycle.</summary>
    public string? Fault()
    {
        if (Capsule.Steps.Count == 0) return "it has no steps";
        if (_index.Count != Capsule.Steps.Count) return "two steps have the same name";
        if (After.Any(static edges => edges.Contains(-1))) return "a step comes after one that does not exist";
        for (var i = 0; i < After.Length; i++)
            if (IsAfter(i, i)) return $"the step {Capsule.Steps[i].Name} waits for itself";
        return null;
    }

    private bool[,] Reach()
    {
        var count = After.Length;
        var reach = new bool[count, count];
        for (var start = 0; start < count; start++)
        {
            var left = new Stack<int>(After[start]);
            while (left.TryPop(out var at))
            {
                if (at < 0 || reach[start, at]) continue;
                reach[start, at] = true;
                foreach (var edge in After[at]) left.Push(edge);
            }
        }
        return reach;
    }

    /// <summary>A digest names one capsule; should a caller give one to two, they are kept apart.</summary>
    private static bool Same(Capsule a, Capsule b)
    {
        if (ReferenceEquals(a, b)) return true;
        if (a.Steps.Count != b.Steps.Count || !a.Inputs.SequenceEqual(b.Inputs) || a.Outputs.Count != b.Outputs.Count) return false;
        if (a.MaxParallel != b.MaxParallel || a.RequiresReview != b.RequiresReview || a.Budget != b.Budget) return false;
        foreach (var (name, output) in a.Outputs)
            if (!b.Outputs.TryGetValue(name, out var other) || other != output) return false;
        for (var i = 0; i < a.Steps.Count; i++)
        {
            CapsuleStep one = a.Steps[i], other = b.Steps[i];
            if (!one.After.SequenceEqual(other.After) || one with { After = other.After } != other) return false;
        }
        return true;
    }
}
