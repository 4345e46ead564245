using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>What is asked of a shelf. Times are unix microseconds.</summary>
/// <param name="Terms">From <see cref="Analyser.Query"/>.</param>
/// <param name="Vector">The question's embedding, or null: then only words count.</param>
/// <param name="Conversation">Neighbours count only within this group when it is given.</param>
internal sealed record Question(
    IReadOnlyList<string> Terms, float[]? Vector, int Limit, IReadOnlyList<string>? Tags, string? Kind, double? MinScore, string? Conversation, long Now)
{
    public string Universe { get; init; } = MemoryDraft.Real;

    public long From { get; init; } = long.MinValue;

    public long To { get; init; } = long.MaxValue;

    public long? AsOf { get; init; }

    public long? KnownAt { get; init; }

    public bool Superseded { get; init; }

    /// <summary>It wants a time for an answer.</summary>
    public bool AsksWhen { get; init; }

    /// <summary>The time that its words name, e.g. "in May 2023"; a preference, not a filter.</summary>
    public (long From, long To)? Named { get; init; }

    /// <summary>Whether it leaves out more than what no longer holds.</summary>
    public bool Filters => Tags is { Count: > 0 } || Kind is not null || From != long.MinValue || To != long.MaxValue || KnownAt is not null || Universe != MemoryDraft.Real;
}

/// <summary>A found memory. Every addend of <see cref="Score"/> is a signal by its name; they sum to it (before the cut to 0..1).</summary>
internal readonly record struct Found(string Id, double Score, Signals Signals, long EventTime, string? DuplicateOf);

/// <param name="Lexical">By the memory's own words, <paramref name="Semantic"/> by its own embedding.</param>
/// <param name="Neighbours">By the words and embeddings of the two before and the two after it.</param>
/// <param name="Context">By the words of its whole conversation or document.</param>
/// <param name="Speaker">The question names who says it.</param>
/// <param name="Time">It was said in, or soon after, the time that the question names, or names a time when the question asks when.</param>
/// <param name="Form">Its length, less a part when it is a question itself.</param>
internal readonly record struct Signals(
    double Lexical, double Semantic, double Neighbours, double Context, double Speaker, double Time, double Form, double Recency, double Importance)
{
    public double Sum => Lexical + Semantic + Neighbours + Context + Speaker + Time + Form + Recency + Importance;
}

/// <summary>The search: candidates by words and by meaning, each scored with all signals of <see cref="Ranking"/>.</summary>
internal sealed partial class Shelf
{
    /// <summary>Best first; ties by newer event time, then by id. Of memories that say the same only the best is there.</summary>
    public IReadOnlyList<Found> Search(Question question, Ranking ranking)
    {
        _lock.EnterReadLock();
        using var run = new ShelfRun(_entries.Count, _groupWords.Count, question.Vector);
        try
        {
            ScoreWords(question.Terms, ranking, run);
            return Select(question, ranking, run);
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    /// <summary>
    /// BM25 with the idf of Lucene, ln(1 + (N − n + ½)/(n + ½)), divided by what every term at full saturation would give; once over
    /// memories and once over whole conversations and documents.
    /// </summary>
    private void ScoreWords(IReadOnlyList<string> terms, Ranking ranking, ShelfRun run)
    {
        if (_slots.Count == 0) return;
        var mean = Math.Max((double)_totalLength / _slots.Count, 1);
        var most = 0.0;
        foreach (var term in terms) most += Idf(_slots.Count, _terms.GetValueOrDefault(term)?.Live ?? 0) * (ranking.K1 + 1);
        var groupMean = _groups.Count == 0 ? 1 : Math.Max((double)_groupedLength / _groups.Count, 1);
        var groupMost = 0.0;
        foreach (var term in terms)
        {
            if (!_terms.TryGetValue(term, out var postings))
            {
                groupMost += Idf(_groups.Count, 0) * (ranking.K1 + 1);
                continue;
            }
            var gain = (float)(Idf(_slots.Count, postings.Live) * (ranking.K1 + 1) / most);
            var (flat, slope) = ((float)(ranking.K1 * (1 - ranking.B)), (float)(ranking.K1 * ranking.B / mean));
            var slots = postings.Slots;
            var counts = postings.Counts;
            var (lengths, groups) = (_columns.Length, _columns.Group);
            for (var i = 0; i < slots.Length; i++)
            {
                var slot = slots[i];
                var length = lengths[slot];
                if (length == 0) continue;
                run.Lexical[slot] += gain * counts[i] / (counts[i] + flat + slope * length);
                if (groups[slot] >= 0) run.Count(groups[slot], counts[i]);
            }
            groupMost += ScoreGroups(ranking, run, groupMean);
        }
        run.GroupMost = (float)Math.Max(groupMost, 1e-9);
    }

    /// <returns>What this term adds to the most that a group could reach.</returns>
    private double ScoreGroups(Ranking ranking, ShelfRun run, double mean)
    {
        var gain = Idf(_groups.Count, run.Touched.Length) * (ranking.K1 + 1);
        foreach (var group in run.Touched)
        {
            var count = run.GroupCount[group];
            run.GroupScore[group] += (float)(gain * count / (count + ranking.K1 * (1 - ranking.B + ranking.B * _groupWords[group] / mean)));
        }
        run.ForgetCounts();
        return gain;
    }

    private static double Idf(int all, int holders) => Math.Log(1 + (all - holders + 0.5) / (holders + 0.5));

    private List<Found> Select(Question question, Ranking ranking, ShelfRun run)
    {
        // One memory may be told many times; a few more than asked for are kept, so that the list is full after the repetitions are gone.
        var room = question.Limit + Math.Min(question.Limit, 32);
        var best = new PriorityQueue<Found, Found>(room + 1, Worst);
        var speaker = OnlySpeaker(question.Terms);
        var full = ranking.Full(question.Vector is not null);
        var candidates = Candidates(question, ranking, run);
        foreach (var slot in candidates)
        {
            if (_entries[slot] is not { } entry || !IsRelevant(slot, ranking, run) || !Passes(entry, question)) continue;
            var signals = Score(slot, entry, question, ranking, run, speaker, full);
            var score = Math.Clamp(signals.Sum, 0, 1);
            // Most candidates end here; equals are left to the queue.
            if (score < question.MinScore || best.Count == room && score < best.Peek().Score) continue;
            var found = new Found(entry.Id, score, signals, entry.EventTime, entry.DuplicateOf);
            best.Enqueue(found, found);
            if (best.Count > room) best.Dequeue();
        }
        return Unrepeated(best, question.Limit);
    }

    private Signals Score(int slot, Entry entry, Question question, Ranking ranking, ShelfRun run, string? speaker, double full)
    {
        var near = question.Conversation is null || entry.Group == Entries.ConversationGroup(question.Conversation) ? ranking.Neighbour : 0;
        var (before, after) = (_columns.Before[slot], _columns.After[slot]);
        var neighbours = near * (Own(before, ranking, run) + Own(after, ranking, run));
        if (near > 0) neighbours += ranking.Second * (Own(before < 0 ? -1 : _columns.Before[before], ranking, run) + Own(after < 0 ? -1 : _columns.After[after], ranking, run));
        var group = _columns.Group[slot];
        var time = question.Named is { } named && entry.EventTime >= named.From && entry.EventTime - ranking.ToldAfter.TotalMicroseconds < named.To ? ranking.NamedTime : 0;
        if (question.AsksWhen && entry.NamesTime) time += ranking.AsksWhen;
        return new Signals(
            ranking.Lexical * run.Lexical[slot] / full,
            ranking.Semantic * Meaning(slot, ranking, run) / full,
            neighbours / full,
            group < 0 ? 0 : ranking.Context * run.GroupScore[group] / run.GroupMost / full,
            speaker is not null && entry.Speaker == speaker ? ranking.Speaker / full : 0,
            time / full,
            (ranking.Length * Math.Log(1 + Math.Min(entry.Terms.Length, Ranking.LongEnough)) / Math.Log(1 + Ranking.LongEnough) - (entry.Asks ? ranking.Asks : 0)) / full,
            ranking.Recency * Math.Pow(2, -Math.Max(0, (question.AsOf ?? question.Now) - entry.EventTime) / ranking.RecencyHalfLife.TotalMicroseconds) / full,
            ranking.Importance * (entry.Importance - 0.5) / full);
    }

    private double Own(int slot, Ranking ranking, ShelfRun run) => slot < 0 ? 0 : ranking.Lexical * run.Lexical[slot] + ranking.Semantic * Meaning(slot, ranking, run);

    /// <summary>(cos − unrelated) / (1 − unrelated), at least 0; worked out when it is first needed.</summary>
    private float Meaning(int slot, Ranking ranking, ShelfRun run)
    {
        if (run.Query is not { } query || ranking.Semantic == 0) return 0;
        ref var known = ref run.Semantic[slot];
        if (known >= 0) return known;
        known = 0;
        if (_entries[slot]?.Vector is { } stored && Quantised.Values(stored) is { } values && values.Length == query.Length)
            known = Math.Max(0, (Quantised.Dot(query, values) * run.Scale * Quantised.Scale(stored) - (float)ranking.Unrelated) / (1 - (float)ranking.Unrelated));
        return known;
    }

    /// <summary>Shares a word or a meaning with the question, or stands beside what does.</summary>
    private bool IsRelevant(int slot, Ranking ranking, ShelfRun run)
    {
        return Itself(slot) || Itself(_columns.Before[slot]) || Itself(_columns.After[slot]);

        bool Itself(int at) => at >= 0 && (run.Lexical[at] > 0 || Meaning(at, ranking, run) >= ranking.MinMeaning);
    }

    /// <summary>The one speaker that the question names; null when it names none or several.</summary>
    private string? OnlySpeaker(IReadOnlyList<string> terms)
    {
        string? named = null;
        foreach (var term in terms)
        {
            if (!_speakers.ContainsKey(term)) continue;
            if (named is not null) return null;
            named = term;
        }
        return named;
    }

    private bool Passes(Entry entry, Question question)
    {
        if (question.Kind is not null && entry.Kind != question.Kind) return false;
        if (entry.EventTime < question.From || entry.EventTime >= question.To || entry.ExpiresAt <= question.Now) return false;
        if (!InUniverse(entry, question.Universe)) return false;
        if (question.Superseded ? entry.RecordedAt > (question.KnownAt ?? long.MaxValue) : !entry.Holds(question.AsOf ?? question.Now, question.KnownAt ?? long.MaxValue)) return false;
        foreach (var tag in question.Tags ?? [])
            if (!entry.Tags.Contains(tag)) return false;
        return true;
    }

    /// <summary>A universe lies over the real world: it hides what it has a memory of its own for.</summary>
    private bool InUniverse(Entry entry, string universe) =>
        entry.Universe == universe || entry.Universe == MemoryDraft.Real && !(entry.Key is not null && _overlaid.ContainsKey((universe, entry.Key)));

    private static List<Found> Unrepeated(PriorityQueue<Found, Found> best, int limit)
    {
        var all = new Found[best.Count];
        for (var i = all.Length - 1; i >= 0; i--) all[i] = best.Dequeue();
        var result = new List<Found>(Math.Min(limit, all.Length));
        var said = new HashSet<string>(StringComparer.Ordinal);
        foreach (var found in all)
            if (result.Count < limit && said.Add(found.DuplicateOf ?? found.Id)) result.Add(found);
        return result;
    }

    /// <summary>The worst first: lower score, then older, then the greater id.</summary>
    private static readonly Comparer<Found> Worst = Comparer<Found>.Create(static (a, b) =>
        a.Score != b.Score ? a.Score.CompareTo(b.Score)
        : a.EventTime != b.EventTime ? a.EventTime.CompareTo(b.EventTime)
        : string.CompareOrdinal(b.Id, a.Id));
}
