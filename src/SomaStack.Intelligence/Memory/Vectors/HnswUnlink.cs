namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Removing. The node stays as a step that others may walk over, its neighbours get a replacement for it at once, and when many such
/// steps have gathered one pass takes them out of every list.
/// </summary>
internal sealed partial class Hnsw
{
    private const int DeadLeast = 256;

    /// <summary>One fifth of the graph may be dead steps before they are swept: they cost a walk about as much of its time.</summary>
    private const int DeadShare = 5;

    private void Unlink(int node)
    {
        _nodes[node].State = State.Dead;
        _linked--;
        _dead++;
        for (var level = 0; level <= _nodes[node].Level; level++)
            foreach (var other in Neighbours(node, level))
                if (_nodes[other].State == State.Linked) Replace(other, node, level);
        if (node == _entry) FindEntry();
        if (_linked == 0 || _dead >= DeadLeast && _dead > _linked / DeadShare) Sweep();
    }

    /// <summary>In the list of <paramref name="node"/>, puts the nearest living neighbour of the dead one in its place.</summary>
    private void Replace(int node, int dead, int level)
    {
        var block = Block(node, level);
        var at = block.Slice(1, block[0]).IndexOf(dead);
        if (at < 0) return;
        var scratch = Borrow();
        scratch.Scale = _slab.Widen(node, scratch.Query);
        ulong best = 0;
        foreach (var other in Neighbours(dead, level))
        {
            if (other == node || _nodes[other].State != State.Linked || block.Slice(1, block[0]).Contains(other)) continue;
            best = Math.Max(best, Item(scratch, other));
        }
        Return(scratch);
        if (best == 0)
        {
            block[1 + at] = block[block[0]];
            block[0]--;
            return;
        }
        var found = HnswScratch.Place(best);
        block[1 + at] = found;
        var back = Block(found, level);
        if (back[0] < Most(level) && !back.Slice(1, back[0]).Contains(node)) back[1 + back[0]++] = node;
    }

    /// <summary>The highest living node, the first of equals.</summary>
    private void FindEntry()
    {
        _entry = None;
        for (var node = 0; node < _end; node++)
            if (_nodes[node].State == State.Linked && (_entry == None || _nodes[node].Level > _nodes[_entry].Level)) _entry = node;
    }

    private void Sweep()
    {
        for (var node = 0; node < _end; node++)
        {
            if (_nodes[node].State != State.Linked) continue;
            for (var level = 0; level <= _nodes[node].Level; level++)
                for (var block = Block(node, level); FirstDead(block) is var dead and not None;) Replace(node, dead, level);
        }
        for (var node = _end - 1; node >= 0; node--)
            if (_nodes[node].State == State.Dead) Release(node);
        _dead = 0;
    }

    private int FirstDead(ReadOnlySpan<int> block)
    {
        foreach (var node in block.Slice(1, block[0]))
            if (_nodes[node].State == State.Dead) return node;
        return None;
    }
}
