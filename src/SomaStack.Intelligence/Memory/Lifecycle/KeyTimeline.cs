namespace SomaStack.Intelligence.Memory;

/// <summary>
/// What a write does to the memories of its key. They stand one after the other in time; one that begins later than all others is open.
/// A write that begins before one of them is history: it ends where that one begins.
/// </summary>
internal static class KeyTimeline
{
    /// <param name="Start">Since when it holds: its valid_from, else its event time; microseconds.</param>
    /// <param name="End">From when on a later one holds; null while it is open.</param>
    internal sealed record Place(string Id, long Start, string ContentHash, string? SupersededBy, long? End);

    /// <param name="Same">The memory that says this already; then nothing is written.</param>
    /// <param name="Closes">What ends where the new one begins.</param>
    /// <param name="ClosedBy">The memory that ends the new one, with its start, when the new one is history.</param>
    internal sealed record Decision(string? Same, IReadOnlyList<string> Closes, string? ClosedBy = null, long? ClosedFrom = null);

    public static Decision Decide(IReadOnlyList<Place> places, long start, string contentHash)
    {
        Place? before = null, next = null;
        foreach (var place in places)
        {
            if (place.ContentHash == contentHash && (place.Start == start || place.SupersededBy is null && place.Start <= start)) return new Decision(place.Id, []);
            if (place.Start > start)
            {
                if (next is null || Earlier(place, next)) next = place;
            }
            else if (before is null || Earlier(before, place)) before = place;
        }
        var closes = new List<string>();
        foreach (var place in places)
            if (next is null && place.SupersededBy is null || place == before && (place.End is null || place.End > start)) closes.Add(place.Id);
        return new Decision(null, closes, next?.Id, next?.Start);
    }

    /// <summary>Of two that begin together the open one is the later one.</summary>
    private static bool Earlier(Place a, Place b) =>
        a.Start != b.Start ? a.Start < b.Start
        : (a.SupersededBy is null) != (b.SupersededBy is null) ? b.SupersededBy is null
        : string.CompareOrdinal(a.Id, b.Id) < 0;
}
