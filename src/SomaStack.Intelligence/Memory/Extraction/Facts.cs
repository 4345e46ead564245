using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a memory was found to state. It holds no text.</summary>
/// <param name="Extractor">The rules or the model that read it.</param>
internal sealed record FactsExtracted(string MemoryId, string Namespace, string Extractor, int Count, IReadOnlyList<string> FactIds);

/// <summary>Writes what a memory states beside it, in its own transaction.</summary>
internal static class Facts
{
    public const string ExtractedEvent = "somastack.memory.facts_extracted.v1";

    /// <summary>A text that states more is a document; its first ones are kept.</summary>
    public const int PerMemoryMax = 64;

    /// <summary>Models number theirs from here.</summary>
    public const int ModelOrdinal = 1000;

    /// <summary>Documents and summaries speak for others: who "I" is there is not known.</summary>
    public static bool IsRead(string kind) => kind is "episode" or "fact";

    /// <returns>How many facts were written.</returns>
    public static async Task<int> WriteAsync(DbWork work, RequestContext context, Journal journal, MemoryRow memory)
    {
        if (!IsRead(memory.Kind)) return 0;
        var stated = Extractor.Run(memory.Text, memory.EventTime, null).Relations;
        if (stated.Count == 0) return 0;
        var rows = new List<FactRow>(Math.Min(stated.Count, PerMemoryMax));
        for (var i = 0; i < stated.Count && i < PerMemoryMax; i++) rows.Add(Row(memory, stated[i], i, Extractor.Version));
        await AddAsync(work, context, journal, memory, rows, Extractor.Version);
        return rows.Count;
    }

    /// <summary>After its text was changed a memory states what the new text says.</summary>
    public static async Task RewriteAsync(DbWork work, RequestContext context, Journal journal, MemoryRow before, MemoryRow after)
    {
        if (before.Text == after.Text) return;
        await FactStore.DropAsync(work, after.Id);
        await WriteAsync(work, context, journal, after);
    }

    public static async Task AddAsync(DbWork work, RequestContext context, Journal journal, MemoryRow memory, IReadOnlyList<FactRow> rows, string extractor)
    {
        foreach (var row in rows) await FactStore.AddAsync(work, row);
        var extracted = new FactsExtracted(memory.Id, memory.Namespace, extractor, rows.Count, [.. rows.Select(static row => row.Id)]);
        await journal.AppendAsync(work, context, ExtractedEvent, extracted, FactsJson.Default.FactsExtracted);
        work.OnCommit(() => FactsMetrics.Written.Add(rows.Count));
    }

    public static FactRow Row(MemoryRow memory, RelationMention fact, int ordinal, string extractor) => new(
        Ids.Derive($"fact\n{memory.Id}\n{memory.Version}\n{ordinal}"), memory.Namespace, memory.Universe, memory.Id, ordinal, fact.Subject, SubjectKey(fact.Subject, memory.Author), fact.Predicate, fact.Object,
        Entities.Normalise(fact.Object), fact.Functional, (fact.ValidFrom ?? memory.ValidFrom ?? memory.EventTime).ToMicros(),
        (fact.ValidTo ?? memory.ValidTo)?.ToMicros(), (memory.ChangedAt ?? memory.RecordedAt).ToMicros(),
        fact.Confidence, extractor);

    /// <summary>The author of one memory is not that of another: "author" is compared together with who wrote it.</summary>
    public static string SubjectKey(string subject, string principal) =>
        subject == Relations.Author || subject.StartsWith(Relations.Author + "'s ", StringComparison.Ordinal) ? $"{Relations.Author}/{principal}{subject[Relations.Author.Length..]}" : Entities.Normalise(subject);
}
