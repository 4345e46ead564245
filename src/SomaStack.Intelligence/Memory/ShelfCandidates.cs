using System.Buffers;

namespace SomaStack.Intelligence.Memory;

/// <summary>Which entries are scored with all signals: on a small shelf all, on a large one the best by words, the nearest by meaning, and their neighbours.</summary>
internal sealed partial class Shelf
{
    private static IEnumerable<int> Candidates(ShelfRun run) => Enumerable.Range(0, run.SlotCount);
}
