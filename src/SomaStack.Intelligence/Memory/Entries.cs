using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>How drafts and rows become index entries.</summary>
internal static class Entries
{
    public static string ConversationGroup(string conversation) => "c/" + conversation;

    /// <summary>Whose neighbour a memory is: its conversation's, else, for a passage with a line, its document's.</summary>
    public static string? Group(string? conversation, string? source, long? line) =>
        conversation is not null ? ConversationGroup(conversation) : source is not null && line is not null ? "s/" + source : null;

    public static Entry Of(MemoryDraft draft, string id, DocumentTerms terms, byte[]? vector, DateTimeOffset eventTime, DateTimeOffset recordedAt, string? duplicateOf = null) => new(
        id, 1, draft.Kind, draft.Tags ?? [], Group(draft.Conversation, draft.Source, draft.Line), eventTime.ToMicros(), draft.Line ?? 0, draft.Importance, terms, vector)
    {
        Key = draft.Key, Universe = draft.Universe, ValidFrom = draft.ValidFrom?.ToMicros() ?? long.MinValue, ValidTo = draft.ValidTo?.ToMicros() ?? long.MaxValue,
        RecordedAt = recordedAt.ToMicros(), ExpiresAt = draft.ExpiresAt?.ToMicros() ?? long.MaxValue, DuplicateOf = duplicateOf,
        Speaker = Speech.Speaker(draft.Text), Asks = Speech.Asks(draft.Text), NamesTime = Speech.NamesTime(terms),
    };

    /// <param name="model">The embedder's model; a vector of another one is left out, since the two cannot be compared.</param>
    public static Change Of(MemoryRow row, string model)
    {
        if (row.DeletedAt is not null) return new Change(row.Id, null);
        var terms = Analyser.Document(row.Text);
        return new Change(row.Id, new Entry(
            row.Id, row.Version, row.Kind, row.Tags, Group(row.Conversation, row.Source, row.Line), row.EventTime.ToMicros(), row.Line ?? 0, row.Importance,
            terms, row.EmbeddingModel == model ? row.Embedding : null)
        {
            Key = row.Key, Universe = row.Universe, ValidFrom = row.ValidFrom?.ToMicros() ?? long.MinValue, ValidTo = row.ValidTo?.ToMicros() ?? long.MaxValue,
            RecordedAt = row.RecordedAt.ToMicros(), SupersededAt = row.SupersededAt?.ToMicros() ?? long.MaxValue, SupersededFrom = row.SupersededFrom?.ToMicros() ?? long.MaxValue,
            ExpiresAt = row.ExpiresAt?.ToMicros() ?? long.MaxValue, DuplicateOf = row.DuplicateOf, Pending = row.EmbeddingModel != model,
            Speaker = Speech.Speaker(row.Text), Asks = Speech.Asks(row.Text), NamesTime = Speech.NamesTime(terms),
        });
    }
}
