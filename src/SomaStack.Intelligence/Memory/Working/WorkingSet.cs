using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Something a session has in mind.</summary>
/// <param name="Vector">As <see cref="Quantised.Encode"/> makes it; null when there is none of the current model.</param>
/// <param name="Novelty">0 to 1: how unlike everything else it was when it was admitted.</param>
/// <param name="Uses">Recalls that returned it.</param>
/// <param name="LastTurn">The session's turn in which it was admitted, said again or used.</param>
/// <param name="MemoryId">The long-term memory that says the same, when there is one.</param>
/// <param name="Promotion">Why it was made a long-term memory, when it was.</param>
internal sealed record WorkingItem(
    string Id, string Text, int Tokens, DocumentTerms Terms, byte[]? Vector, string? VectorModel, bool Pinned = false, double Novelty = 1, int Uses = 0,
    long LastTurn = 0, string? MemoryId = null, string? Promotion = null, DateTimeOffset AdmittedAt = default, DateTimeOffset LastUsedAt = default)
{
    public string Folded { get; } = Likeness.Fold(Text);
}

/// <param name="Set">The state afterwards.</param>
/// <param name="Item">The item as it is now: the new one, or the old one that says the same.</param>
/// <param name="Created">False when the id was there or the item was merged.</param>
internal sealed record Admission(WorkingSet Set, WorkingItem Item, bool Created, bool Merged, IReadOnlyList<string> Evicted);

/// <summary>
/// The rules of working memory, pure: what is admitted, merged, evicted and promoted. A turn is one admission or one recall.
/// <c>salience = 0.4·novelty + 0.4·2^(−turns since last use / 8) + 0.2·min(uses, 3)/3</c>; the least salient item that is not pinned
/// goes first, then the one used longer ago, then the smaller id. The weights are set by reasoning, not by measurement.
/// </summary>
/// <param name="Items">In the order of their ids.</param>
/// <param name="Capacity">Tokens, <see cref="CapacityMin"/> to <see cref="CapacityMax"/>.</param>
internal sealed record WorkingSet(IReadOnlyList<WorkingItem> Items, int Capacity, long Turn)
{
    public const int CapacityDefault = 4096;
    public const int CapacityMin = 256;
    public const int CapacityMax = 32_768;

    /// <summary>A session of tiny items still stays small enough for an exact scan.</summary>
    public const int ItemsMax = 512;

    /// <summary>An item that so many recalls used is made a memory.</summary>
    public const int UsesToPromote = 3;

    private const double NoveltyWeight = 0.4;
    private const double RecencyWeight = 0.4;
    private const double UseWeight = 0.2;
    private const double HalfLifeTurns = 8;

    public static readonly WorkingSet Empty = new([], CapacityDefault, 0);

    public int Tokens => Sum(Items);

    public int Pinned => Sum(Items.Where(static item => item.Pinned));

    public WorkingItem? Find(string id) => Items.FirstOrDefault(item => item.Id == id);

    public static double Salience(WorkingItem item, long turn) => Math.Round(
        NoveltyWeight * item.Novelty + RecencyWeight * Math.Pow(2, -Math.Max(0, turn - item.LastTurn) / HalfLifeTurns) + UseWeight * Math.Min(item.Uses, UsesToPromote) / UsesToPromote, 6);

    /// <summary>Takes an item in. What says the same is one item: the newer words stand, use and novelty stay.</summary>
    /// <exception cref="Problem">409 <c>working_memory_full</c> when what is pinned leaves no room.</exception>
    public Admission Admit(WorkingItem incoming, DateTimeOffset now)
    {
        if (Find(incoming.Id) is { } known) return new Admission(this, known, false, false, []);
        var turn = Turn + 1;
        var same = Same(incoming);
        var item = same is null
            ? incoming with { Novelty = Math.Round(NoveltyOf(incoming), 6), LastTurn = turn, AdmittedAt = now, LastUsedAt = now }
            : incoming with
            {
                Id = same.Id, Pinned = same.Pinned || incoming.Pinned, Novelty = same.Novelty, Uses = same.Uses, LastTurn = turn, AdmittedAt = same.AdmittedAt, LastUsedAt = now,
                // Other words than those that were promoted are not in that memory.
                MemoryId = incoming.MemoryId ?? (incoming.Folded == same.Folded ? same.MemoryId : null),
                Promotion = incoming.Folded == same.Folded ? same.Promotion : null,
            };
        var items = Items.Where(other => other.Id != item.Id).Append(item).ToList();
        var evicted = MakeRoom(items, Capacity, turn, item.Id);
        return new Admission(Ordered(items) with { Turn = turn }, item, same is null, same is not null, evicted);
    }

    /// <summary>A recall: what it returned was used. A recall that finds nothing is a turn as well.</summary>
    public WorkingSet Use(IReadOnlyCollection<string> ids, DateTimeOffset now) => this with
    {
        Turn = Turn + 1,
        Items = [.. Items.Select(item => ids.Contains(item.Id) ? item with { Uses = item.Uses + 1, LastTurn = Turn + 1, LastUsedAt = now } : item)],
    };

    public WorkingSet Change(WorkingItem changed) => this with { Items = [.. Items.Select(item => item.Id == changed.Id ? changed : item)] };

    public WorkingSet Without(IReadOnlyCollection<string> ids) => this with { Items = [.. Items.Where(item => !ids.Contains(item.Id))] };

    /// <exception cref="Problem">409 <c>working_memory_full</c> when what is pinned does not fit.</exception>
    public (WorkingSet Set, IReadOnlyList<string> Evicted) Resize(int capacity)
    {
        var items = Items.ToList();
        var evicted = MakeRoom(items, capacity, Turn, kept: null);
        return (Ordered(items) with { Capacity = capacity }, evicted);
    }

    /// <summary>Whether one more use makes the item a memory.</summary>
    public static bool IsDue(WorkingItem item) => item.MemoryId is null && item.Uses >= UsesToPromote;

    private WorkingSet Ordered(List<WorkingItem> items)
    {
        items.Sort(static (a, b) => string.CompareOrdinal(a.Id, b.Id));
        return this with { Items = items };
    }

    /// <summary>The same words first; else the nearest by meaning, if it is near enough and names the same figures. Ties: the smaller id.</summary>
    private WorkingItem? Same(WorkingItem incoming)
    {
        WorkingItem? best = null;
        var nearest = Likeness.SameMeaning;
        foreach (var item in Items)
        {
            if (item.Folded == incoming.Folded) return item;
            if (CosineOf(item, incoming) is not { } cosine || cosine < nearest) continue;
            if (cosine == nearest && string.CompareOrdinal(item.Id, best?.Id ?? item.Id) > 0 || !Likeness.SameFigures(item.Terms, incoming.Terms)) continue;
            (best, nearest) = (item, cosine);
        }
        return best;
    }

    /// <summary>1 − the greatest cosine to another item; by shared words where there is no vector. 1 when there is nothing else.</summary>
    private double NoveltyOf(WorkingItem incoming)
    {
        var nearest = 0.0;
        foreach (var item in Items) nearest = Math.Max(nearest, CosineOf(item, incoming) ?? Likeness.Overlap(item.Terms, incoming.Terms));
        return 1 - Math.Min(nearest, 1);
    }

    private static double? CosineOf(WorkingItem one, WorkingItem other) => one.VectorModel == other.VectorModel ? Likeness.Cosine(one.Vector, other.Vector) : null;

    private static List<string> MakeRoom(List<WorkingItem> items, int capacity, long turn, string? kept)
    {
        var tokens = Sum(items);
        var evicted = new List<string>();
        while (tokens > capacity || items.Count > ItemsMax)
        {
            var worst = items.Where(item => !item.Pinned && item.Id != kept).Order(ByWorth(turn)).FirstOrDefault()
                ?? throw WorkingProblems.Full.Because($"{tokens} tokens in {items.Count} items would stay, of which none may go; the session holds {capacity} tokens and {ItemsMax} items.");
            items.Remove(worst);
            evicted.Add(worst.Id);
            tokens -= worst.Tokens;
        }
        return evicted;
    }

    private static Comparer<WorkingItem> ByWorth(long turn) => Comparer<WorkingItem>.Create((a, b) =>
        Salience(a, turn) is var left && Salience(b, turn) is var right && left != right ? left.CompareTo(right)
        : a.LastTurn != b.LastTurn ? a.LastTurn.CompareTo(b.LastTurn)
        : string.CompareOrdinal(a.Id, b.Id));

    private static int Sum(IEnumerable<WorkingItem> items)
    {
        var sum = 0;
        foreach (var item in items) sum += item.Tokens;
        return sum;
    }
}
