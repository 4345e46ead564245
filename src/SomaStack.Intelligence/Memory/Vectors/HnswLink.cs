using System.Runtime.InteropServices;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Building. Vectors are linked in batches: all of a batch look for their neighbours in the graph as it was before (side by side), then the
/// links back are added, one node at a time each. So no lock is needed and the number of threads changes nothing
/// (the scheme of ParlayANN, Manohar et al. 2024, arXiv 2305.04359).
/// </summary>
internal sealed partial class Hnsw
{
    /// <summary>A batch is at most this share of the graph: members of a batch do not see each other.</summary>
    private const int BatchShare = 64;

    private const int BatchMost = 1024;
    private const int BatchBits = 10;
    private const int PlaceBits = 31;

    /// <summary>Links up to <paramref name="most"/> waiting vectors, oldest first, and returns how many still wait.</summary>
    /// <exception cref="OperationCanceledException">Between batches; what was linked stays.</exception>
    public int Link(int most, int threads = 1, CancellationToken cancellationToken = default)
    {
        while (most > 0 && _waiting.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var batch = CollectionsMarshal.AsSpan(_waiting)[..BatchSize(most)].ToArray();
            LinkBatch(batch, new ParallelOptions { MaxDegreeOfParallelism = threads });
            _waiting.RemoveRange(0, batch.Length);
            most -= batch.Length;
        }
        return _waiting.Count;
    }

    /// <summary>A node that rises above the entry is a batch of its own: it becomes the entry of the next.</summary>
    private int BatchSize(int most)
    {
        if (_entry == None) return 1;
        var size = Math.Min(Math.Min(most, _waiting.Count), Math.Clamp(_linked / BatchShare, 1, BatchMost));
        for (var i = 0; i < size; i++)
            if (_nodes[_waiting[i]].Level > _nodes[_entry].Level) return Math.Max(1, i);
        return size;
    }

    private void LinkBatch(int[] batch, ParallelOptions threads)
    {
        foreach (var node in batch)
        {
            _far[node] = _nodes[node].Level == 0 ? null : new int[_nodes[node].Level * _farStride];
            _farBytes += 4L * _nodes[node].Level * _farStride;
        }
        if (_entry != None)
        {
            Each(batch.Length, threads, i => Choose(batch[i]));
            Answer(batch, threads);
        }
        foreach (var node in batch)
        {
            _nodes[node].State = State.Linked;
            if (_entry == None || _nodes[node].Level > _nodes[_entry].Level) _entry = node;
        }
        _linked += batch.Length;
    }

    private static void Each(int count, ParallelOptions threads, Action<int> work)
    {
        if (threads.MaxDegreeOfParallelism != 1 && count > 1) Parallel.For(0, count, threads, work);
        else for (var i = 0; i < count; i++) work(i);
    }

    /// <summary>Algorithm 1 of the paper without the links back.</summary>
    private void Choose(int node)
    {
        var scratch = Borrow();
        scratch.Scale = _slab.Widen(node, scratch.Query);
        var (own, top) = (_nodes[node].Level, _nodes[_entry].Level);
        var at = Descend(scratch, top, own);
        for (var level = Math.Min(own, (int)top); level >= 0; level--)
        {
            if (_dead == 0) Walk(scratch, at, level, _options.BuildWidth);
            else WalkFiltered(scratch, at, level, _options.BuildWidth, null, int.MaxValue, default);
            var block = Block(node, level);
            block[0] = 0;
            if (scratch.PoolCount == 0) continue;
            at = HnswScratch.Place(scratch.Pool[0]);
            block[0] = Select(scratch, _options.Links, block[1..]);
        }
        Return(scratch);
    }

    /// <summary>The links back of a batch, gathered by the node that they start from.</summary>
    private void Answer(int[] batch, ParallelOptions threads)
    {
        var links = new List<ulong>(batch.Length * _options.Links);
        for (var i = 0; i < batch.Length; i++)
            for (var level = 0; level <= Math.Min(_nodes[batch[i]].Level, _nodes[_entry].Level); level++)
                foreach (var to in Neighbours(batch[i], level))
                    links.Add((ulong)level << (PlaceBits + BatchBits) | (ulong)(uint)to << BatchBits | (uint)i);
        links.Sort();
        var groups = new List<(int Start, int End)>();
        for (int start = 0, end = 0; start < links.Count; start = end)
        {
            while (end < links.Count && links[end] >> BatchBits == links[start] >> BatchBits) end++;
            groups.Add((start, end));
        }
        Each(groups.Count, threads, group =>
        {
            var (start, end) = groups[group];
            var place = (int)(links[start] >> BatchBits & int.MaxValue);
            Span<int> from = stackalloc int[end - start];
            for (var i = start; i < end; i++) from[i - start] = batch[(int)(links[i] & (1 << BatchBits) - 1)];
            Join(place, (int)(links[start] >> (PlaceBits + BatchBits)), from);
        });
    }

    /// <summary>Adds links from a node; when they do not fit, the most diverse of old and new stay.</summary>
    private void Join(int node, int level, ReadOnlySpan<int> others)
    {
        var block = Block(node, level);
        var most = Most(level);
        if (block[0] + others.Length <= most)
        {
            others.CopyTo(block[(1 + block[0])..]);
            block[0] += others.Length;
            return;
        }
        var scratch = Borrow();
        scratch.Scale = _slab.Widen(node, scratch.Query);
        scratch.Begin(0, block[0] + others.Length);
        foreach (var old in block.Slice(1, block[0]))
            if (_nodes[old].State == State.Linked) scratch.Offer(Item(scratch, old));
        foreach (var other in others) scratch.Offer(Item(scratch, other));
        block[0] = Select(scratch, most, block[1..]);
        Return(scratch);
    }

    private ulong Item(HnswScratch scratch, int node) => HnswScratch.Item(_slab.Cosine(ref scratch.Query[0], scratch.Scale, node), node);

    /// <summary>
    /// Algorithm 4 of the paper: of the pool, best first, those that are nearer to the base than to any that was chosen. Equals count as
    /// nearer to the chosen, so that many copies of one vector do not become an island. The nearest of the others fill what is left.
    /// </summary>
    private int Select(HnswScratch scratch, int most, Span<int> chosen)
    {
        var count = 0;
        var passed = 0;
        var others = scratch.Rest(scratch.PoolCount);
        for (var i = 0; i < scratch.PoolCount && count < most; i++)
        {
            var (place, cosine) = (HnswScratch.Place(scratch.Pool[i]), HnswScratch.Cosine(scratch.Pool[i]));
            var diverse = true;
            if (count > 0)
            {
                var scale = _slab.Widen(place, scratch.Other);
                for (var c = 0; c < count && diverse; c++) diverse = _slab.Cosine(ref scratch.Other[0], scale, chosen[c]) < cosine;
            }
            if (diverse) chosen[count++] = place;
            else others[passed++] = (ulong)place;
        }
        for (var i = 0; i < passed && count < most; i++) chosen[count++] = (int)others[i];
        return count;
    }
}
