using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>What the index keeps of a memory. Text stays in the database.</summary>
/// <param name="Vector">As <see cref="Quantised.Encode"/> makes it; null when there is none of the current model.</param>
internal sealed record Entry(
    string Id, long Version, string Kind, IReadOnlyList<string> Tags, string? Group, long EventTime, long Line, double Importance,
    DocumentTerms Terms, byte[]? Vector)
{
    public string? Key { get; init; }

    public string Universe { get; init; } = MemoryDraft.Real;

    /// <summary>Microseconds, like every time here; the ends of time stand for "always" and "never".</summary>
    public long ValidFrom { get; init; } = long.MinValue;

    public long ValidTo { get; init; } = long.MaxValue;

    public long RecordedAt { get; init; } = long.MinValue;

    /// <summary>When it was recorded that a later memory replaced this one, and from when on that one holds.</summary>
    public long SupersededAt { get; init; } = long.MaxValue;

    public long SupersededFrom { get; init; } = long.MaxValue;

    public long ExpiresAt { get; init; } = long.MaxValue;

    /// <summary>The first memory that says the same, for showing one of them.</summary>
    public string? DuplicateOf { get; init; }

    /// <summary>Its vector is still to be made.</summary>
    public bool Pending { get; init; }

    /// <summary>The search term of who says it, from a leading <c>Name:</c>.</summary>
    public string? Speaker { get; init; }

    /// <summary>It asks; what asks is seldom the answer.</summary>
    public bool Asks { get; init; }

    /// <summary>It names a time, so it can answer "when".</summary>
    public bool NamesTime { get; init; }

    /// <summary>It does not hold for ever: it was replaced, has an end, or is of another world than the real one.</summary>
    public bool Ends => ValidFrom != long.MinValue || ValidTo != long.MaxValue || SupersededAt != long.MaxValue || ExpiresAt != long.MaxValue || Universe != MemoryDraft.Real;

    /// <summary>Whether it held at <paramref name="at"/>, as far as was recorded by <paramref name="known"/>.</summary>
    public bool Holds(long at, long known) =>
        RecordedAt <= known && ValidFrom <= at && at < ValidTo && (SupersededAt > known || at < SupersededFrom);
}

/// <summary>A change to a shelf: an entry that is now there, or an id that is gone.</summary>
internal readonly record struct Change(string Id, Entry? Entry);
