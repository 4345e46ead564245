using System.Buffers;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>What is asked of a shelf.</summary>
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
}

/// <summary>A found memory; every addend of the score is a signal.</summary>
internal sealed record Found(string Id, double Score, double Lexical, double Semantic, double Neighbours, double Recency, double Importance, long EventTime);

/// <summary>
/// The search. score = (w_l·lex + w_s·sem + n·(the same of both neighbours)) / (w_l + w_s)(1 + 2n) + recency + importance, cut to 0..1, where
/// lex is BM25 over the most that the question's terms could reach in this shelf and sem the cosine above that of unrelated sentences.
/// </summary>
internal sealed partial class Shelf
{
    /// <summary>Best first; ties by newer event time, then by id.</summary>
    public IReadOnlyList<Found> Search(Question question, Ranking ranking)
    {
        _lock.EnterReadLock();
        var count = _entries.Count;
        var lexical = ArrayPool<float>.Shared.Rent(count + 1);
        var semantic = ArrayPool<float>.Shared.Rent(count + 1);
        try
        {
            lexical.AsSpan(0, count).Clear();
            semantic.AsSpan(0, count).Clear();
            ScoreWords(question.Terms, ranking, lexical);
            if (question.Vector is not null) ScoreMeaning(question.Vector, (float)ranking.Unrelated, semantic);
            return Select(question, ranking, lexical, semantic);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(lexical);
            ArrayPool<float>.Shared.Return(semantic);
            _lock.ExitReadLock();
        }
    }

    /// <summary>BM25 with the idf of Lucene, ln(1 + (N − n + ½)/(n + ½)), divided by what every term at full saturation would give.</summary>
    private void ScoreWords(IReadOnlyList<string> terms, Ranking ranking, float[] scores)
    {
        if (_slots.Count == 0) return;
        var mean = Math.Max((double)_totalLength / _slots.Count, 1);
        var most = 0.0;
        foreach (var term in terms) most += Idf(_terms.GetValueOrDefault(term)?.Live ?? 0) * (ranking.K1 + 1);
        foreach (var term in terms)
        {
            if (!_terms.TryGetValue(term, out var postings)) continue;
            var gain = Idf(postings.Live) * (ranking.K1 + 1) / most;
            var slots = postings.Slots;
            var counts = postings.Counts;
            for (var i = 0; i < slots.Length; i++)
            {
                if (_entries[slots[i]] is not { } entry) continue;
                var norm = ranking.K1 * (1 - ranking.B + ranking.B * entry.Terms.Length / mean);
                scores[slots[i]] += (float)(gain * counts[i] / (counts[i] + norm));
            }
        }
    }

    private double Idf(int holders) => Math.Log(1 + (_slots.Count - holders + 0.5) / (holders + 0.5));

    private void ScoreMeaning(float[] vector, float unrelated, float[] scores)
    {
        var query = Quantised.Query(vector, out var scale);
        for (var slot = 0; slot < _entries.Count; slot++)
            if (_entries[slot]?.Vector is { } stored && Quantised.Values(stored) is { } values && values.Length == query.Length)
                scores[slot] = Math.Max(0, (Quantised.Dot(query, values) * scale * Quantised.Scale(stored) - unrelated) / (1 - unrelated));
    }

    private List<Found> Select(Question question, Ranking ranking, float[] lexical, float[] semantic)
    {
        var best = new PriorityQueue<Found, Found>(Worst);
        var full = (ranking.Lexical + (question.Vector is null ? 0 : ranking.Semantic)) * (1 + 2 * ranking.Neighbour);
        for (var slot = 0; slot < _entries.Count; slot++)
        {
            if (_entries[slot] is not { } entry || !Passes(entry, question)) continue;
            var (before, after) = (_before[slot], _after[slot]);
            var relevant = Relevant(slot) || before >= 0 && Relevant(before) || after >= 0 && Relevant(after);
            if (!relevant) continue;
            var near = question.Conversation is null || entry.Group == Entries.ConversationGroup(question.Conversation) ? ranking.Neighbour : 0;
            var neighbours = near * (Own(before) + Own(after)) / full;
            var recency = ranking.Recency * Math.Pow(2, -Math.Max(0, question.Now - entry.EventTime) / ranking.RecencyHalfLife.TotalMicroseconds);
            var importance = ranking.Importance * (entry.Importance - 0.5);
            var score = Math.Clamp((ranking.Lexical * lexical[slot] + ranking.Semantic * semantic[slot]) / full + neighbours + recency + importance, 0, 1);
            // Most candidates end here, before anything is made for them; equals are left to the queue.
            if (score < question.MinScore || best.Count == question.Limit && score < best.Peek().Score) continue;
            var found = new Found(
                entry.Id, score, ranking.Lexical * lexical[slot] / full, ranking.Semantic * semantic[slot] / full, neighbours, recency, importance, entry.EventTime);
            best.Enqueue(found, found);
            if (best.Count > question.Limit) best.Dequeue();
        }
        var result = new List<Found>(best.Count);
        while (best.TryDequeue(out var found, out _)) result.Add(found);
        result.Reverse();
        return result;

        double Own(int slot) => slot < 0 ? 0 : ranking.Lexical * lexical[slot] + ranking.Semantic * semantic[slot];
        bool Relevant(int slot) => lexical[slot] > 0 || semantic[slot] >= ranking.MinMeaning;
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

    /// <summary>The worst first: lower score, then older, then the greater id.</summary>
    private static readonly Comparer<Found> Worst = Comparer<Found>.Create(static (a, b) =>
        a.Score != b.Score ? a.Score.CompareTo(b.Score)
        : a.EventTime != b.EventTime ? a.EventTime.CompareTo(b.EventTime)
        : string.CompareOrdinal(b.Id, a.Id));
}
