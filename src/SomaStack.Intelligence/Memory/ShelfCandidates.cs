using System.Buffers;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Which entries are scored with all signals: on a small shelf all of them, on a large one the best by words, the nearest by meaning,
/// and the two before and after each. Filters hold inside both searches, so they cost no results.
/// </summary>
internal sealed partial class Shelf
{
    private const int ByWords = 400;
    private const int ByMeaning = 200;

    /// <summary>Width of the walk through the graph: recall@10 of .95 and more on clustered vectors (<c>soma bench vectors</c>).</summary>
    private const int WalkWidth = 200;

    /// <summary>Steps between nothing and the best score by words, for finding the lowest one that is kept.</summary>
    private const int Steps = 1024;

    private List<int> Candidates(Question question, Ranking ranking, ShelfRun run)
    {
        var slots = new List<int>();
        if (run.SlotCount <= ranking.ScoredWhole)
        {
            for (var slot = 0; slot < run.SlotCount; slot++) slots.Add(slot);
            return slots;
        }
        var seen = ArrayPool<bool>.Shared.Rent(run.SlotCount);
        seen.AsSpan(0, run.SlotCount).Clear();
        AddByWords(question, run, seen, slots);
        AddByMeaning(question, run, seen, slots);
        ArrayPool<bool>.Shared.Return(seen);
        return slots;
    }

    private void AddByWords(Question question, ShelfRun run, bool[] seen, List<int> slots)
    {
        var lexical = run.Lexical;
        var most = System.Numerics.Tensors.TensorPrimitives.Max<float>(lexical);
        if (most <= 0) return;
        Span<int> held = stackalloc int[Steps + 1];
        held.Clear();
        var filtered = question.Filters || _ending > 0;
        for (var slot = 0; slot < lexical.Length; slot++)
        {
            if (lexical[slot] <= 0) continue;
            if (filtered && (_entries[slot] is not { } entry || !Passes(entry, question))) continue;
            held[(int)(lexical[slot] / most * Steps)]++;
        }
        var (step, kept) = (Steps, 0);
        while (step > 0 && kept + held[step] <= ByWords) kept += held[step--];
        var least = step / (float)Steps * most;
        // Of those on the last step as many as there is room for, in the order of their slots.
        var room = ByWords - kept;
        for (var slot = 0; slot < lexical.Length; slot++)
        {
            if (lexical[slot] < least || lexical[slot] <= 0) continue;
            if ((int)(lexical[slot] / most * Steps) == step && room-- <= 0) continue;
            if (filtered && (_entries[slot] is not { } entry || !Passes(entry, question))) continue;
            AddWithNeighbours(slot, seen, slots);
        }
    }

    private void AddByMeaning(Question question, ShelfRun run, bool[] seen, List<int> slots)
    {
        if (run.Vector is not { } vector || _vectors is not { } vectors || vectors.Dimensions != vector.Length) return;
        Span<VectorMatch> matches = stackalloc VectorMatch[ByMeaning];
        var count = vectors.Search(vector, WalkWidth, matches, question.Filters || _ending > 0 ? slot => _entries[slot] is { } entry && Passes(entry, question) : null);
        for (var i = 0; i < count; i++) AddWithNeighbours(matches[i].Key, seen, slots);
    }

    private void AddWithNeighbours(int slot, bool[] seen, List<int> slots)
    {
        Add(slot);
        var (before, after) = (_columns.Before[slot], _columns.After[slot]);
        if (before >= 0)
        {
            Add(before);
            if (_columns.Before[before] is >= 0 and var second) Add(second);
        }
        if (after >= 0)
        {
            Add(after);
            if (_columns.After[after] is >= 0 and var second) Add(second);
        }

        void Add(int at)
        {
            if (seen[at]) return;
            seen[at] = true;
            slots.Add(at);
        }
    }
}
