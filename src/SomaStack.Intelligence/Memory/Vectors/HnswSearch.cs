using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SomaStack.Intelligence.Memory;

/// <summary>The search: down the levels to the nearest place, then a walk that keeps the best <c>width</c>.</summary>
internal sealed partial class Hnsw
{
    /// <summary>How many keys are shown to a filter to learn whether it lets anything pass.</summary>
    private const int FilterSample = 128;

    /// <summary>A walk that had to compare this share of all is given up: comparing every one in order is no slower then.</summary>
    private const int WalkShare = 4;

    private const int StopEvery = 4096;

    private readonly HnswScratch?[] _spare = new HnswScratch?[Math.Max(4, 2 * Environment.ProcessorCount)];

    /// <summary>The nearest vectors, best first, equals by the smaller key. Writes at most <c>matches.Length</c> and returns how many.</summary>
    /// <param name="width">Candidates that are kept (ef), at least as many as matches; more finds more and takes longer.</param>
    /// <param name="filter">Which keys may be found. It is asked inside the search, so it does not cost matches.</param>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>.</exception>
    public int Search(ReadOnlySpan<float> query, int width, Span<VectorMatch> matches, Func<int, bool>? filter = null, CancellationToken cancellationToken = default)
    {
        VectorProblems.Check(query, Dimensions);
        if (matches.IsEmpty || Count == 0) return 0;
        var scratch = Borrow();
        try
        {
            scratch.Scale = Quantised.Query(query, scratch.Query);
            if (!Walks(filter) || !WalkGraph(scratch, Math.Max(width, matches.Length), filter, cancellationToken))
                CompareAll(scratch, matches.Length, filter, cancellationToken);
            var count = Math.Min(matches.Length, scratch.PoolCount);
            for (var i = 0; i < count; i++) matches[i] = new VectorMatch(HnswScratch.Key(scratch.Pool[i]), HnswScratch.Cosine(scratch.Pool[i]));
            return count;
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>The cosine of the question to each key, or NaN for a key without a vector.</summary>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>.</exception>
    public void Cosines(ReadOnlySpan<float> query, ReadOnlySpan<int> keys, Span<float> cosines)
    {
        VectorProblems.Check(query, Dimensions);
        var scratch = Borrow();
        scratch.Scale = Quantised.Query(query, scratch.Query);
        for (var i = 0; i < keys.Length; i++)
            cosines[i] = NodeOf(keys[i]) is var node and not None ? _slab.Cosine(ref scratch.Query[0], scratch.Scale, node) : float.NaN;
        Return(scratch);
    }

    private bool Walks(Func<int, bool>? filter)
    {
        if (_entry == None || _linked < _options.ExactBelow) return false;
        if (filter is null) return true;
        var step = Math.Max(1, _end / FilterSample);
        for (var node = 0; node < _end; node += step)
            if (_nodes[node].Key is var key and not None && filter(key)) return true;
        return false;
    }

    /// <summary>Leaves the best of everything in the pool, as keys; false when the walk was given up.</summary>
    private bool WalkGraph(HnswScratch scratch, int width, Func<int, bool>? filter, CancellationToken cancellationToken)
    {
        var from = Descend(scratch, _nodes[_entry].Level, 0);
        if (filter is null && _dead == 0) Walk(scratch, from, 0, width);
        else if (!WalkFiltered(scratch, from, 0, width, filter, _linked / WalkShare, cancellationToken)) return false;
        var pool = scratch.Pool.AsSpan(0, scratch.PoolCount);
        var sorted = true;
        for (var i = 0; i < pool.Length; i++)
        {
            pool[i] = HnswScratch.Result(HnswScratch.Cosine(pool[i]), _nodes[HnswScratch.Place(pool[i])].Key);
            sorted &= i == 0 || pool[i] < pool[i - 1];
        }
        if (!sorted)
        {
            pool.Sort();
            pool.Reverse();
        }
        foreach (var node in CollectionsMarshal.AsSpan(_waiting)) Compare(scratch, node, filter);
        return true;
    }

    private void CompareAll(HnswScratch scratch, int count, Func<int, bool>? filter, CancellationToken cancellationToken)
    {
        scratch.Begin(0, count);
        for (var node = 0; node < _end; node++)
        {
            if (node % StopEvery == 0) cancellationToken.ThrowIfCancellationRequested();
            if (_nodes[node].Key != None) Compare(scratch, node, filter);
        }
    }

    private void Compare(HnswScratch scratch, int node, Func<int, bool>? filter)
    {
        var key = _nodes[node].Key;
        if (filter is not null && !filter(key)) return;
        var item = HnswScratch.Result(_slab.Cosine(ref scratch.Query[0], scratch.Scale, node), key);
        if (item > scratch.Worst) scratch.Offer(item);
    }

    /// <summary>From the entry to the nearest node of the level above <paramref name="level"/>.</summary>
    private int Descend(HnswScratch scratch, int top, int level)
    {
        var at = _entry;
        var best = _slab.Cosine(ref scratch.Query[0], scratch.Scale, at);
        for (; top > level; top--)
        {
            for (var moved = true; moved;)
            {
                moved = false;
                foreach (var next in Neighbours(at, top))
                {
                    var cosine = _slab.Cosine(ref scratch.Query[0], scratch.Scale, next);
                    if (cosine <= best) continue;
                    (best, at, moved) = (cosine, next, true);
                }
            }
        }
        return at;
    }

    /// <summary>Algorithm 2 of the paper with one sorted list for candidates and results: right as long as everything may be found.</summary>
    private void Walk(HnswScratch scratch, int from, int level, int width)
    {
        scratch.Begin(_end, width);
        scratch.Seen[from] = scratch.Epoch;
        ref var query = ref scratch.Query[0];
        var scale = scratch.Scale;
        scratch.Offer(HnswScratch.Item(_slab.Cosine(ref query, scale, from), from));
        for (var at = 0; at < scratch.PoolCount;)
        {
            var item = scratch.Pool[at];
            if ((item & 1) != 0)
            {
                at++;
                continue;
            }
            scratch.Pool[at] = item | 1;
            var next = at + 1;
            foreach (var node in Fresh(scratch, HnswScratch.Place(item), level))
            {
                var found = HnswScratch.Item(_slab.Cosine(ref query, scale, node), node);
                if (found > scratch.Worst) next = Math.Min(next, scratch.Offer(found));
            }
            at = next;
        }
    }

    /// <summary>The same when some may not be found: they are walked over, and only the others are kept. False beyond <paramref name="budget"/> comparisons.</summary>
    private bool WalkFiltered(HnswScratch scratch, int from, int level, int width, Func<int, bool>? filter, int budget, CancellationToken cancellationToken)
    {
        scratch.Begin(_end, width);
        scratch.Seen[from] = scratch.Epoch;
        ref var query = ref scratch.Query[0];
        var start = HnswScratch.Item(_slab.Cosine(ref query, scratch.Scale, from), from);
        scratch.Push(start);
        if (Passes(from, filter)) scratch.Offer(start);
        while (scratch.HeapCount > 0)
        {
            var item = scratch.Pop();
            if (item < scratch.Worst) break;
            foreach (var node in Fresh(scratch, HnswScratch.Place(item), level))
            {
                scratch.Compared++;
                var found = HnswScratch.Item(_slab.Cosine(ref query, scratch.Scale, node), node);
                if (found <= scratch.Worst) continue;
                scratch.Push(found);
                if (Passes(node, filter)) scratch.Offer(found);
            }
            if (scratch.Compared > budget) return false;
            cancellationToken.ThrowIfCancellationRequested();
        }
        return true;
    }

    private bool Passes(int node, Func<int, bool>? filter) => _nodes[node].Key is var key and not None && (filter is null || filter(key));

    /// <summary>The neighbours that this search has not seen yet; they are seen now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<int> Fresh(HnswScratch scratch, int node, int level)
    {
        var fresh = scratch.Fresh;
        var seen = scratch.Seen;
        var epoch = scratch.Epoch;
        var count = 0;
        foreach (var next in Neighbours(node, level))
        {
            if (seen[next] == epoch) continue;
            seen[next] = epoch;
            fresh[count++] = next;
        }
        return fresh.AsSpan(0, count);
    }

    private HnswScratch Borrow()
    {
        HnswScratch? scratch = null;
        for (var i = 0; i < _spare.Length && scratch is null; i++) scratch = Interlocked.Exchange(ref _spare[i], null);
        scratch ??= new HnswScratch();
        scratch.Room(_slab.Stride);
        return scratch;
    }

    private void Return(HnswScratch scratch)
    {
        for (var i = 0; i < _spare.Length; i++)
            if (Interlocked.CompareExchange(ref _spare[i], scratch, null) is null) return;
    }
}
