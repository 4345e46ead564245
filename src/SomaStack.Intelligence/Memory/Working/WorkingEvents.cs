namespace SomaStack.Intelligence.Memory;

/// <summary>What the journal hears of working memory: ids and counts, never text or a caller's reason.</summary>
internal static class WorkingEvents
{
    public const string Admitted = "somastack.memory.wm_admitted.v1";
    public const string Recalled = "somastack.memory.wm_recalled.v1";
    public const string Pinned = "somastack.memory.wm_pinned.v1";
    public const string Removed = "somastack.memory.wm_removed.v1";
    public const string Promoted = "somastack.memory.wm_promoted.v1";

    public static string Subject(string owner, string sessionId) => $"working-memory/{owner}/{sessionId}";
}

/// <param name="Capacity">Tokens.</param>
internal sealed record WorkingAdmitted(string SessionId, IReadOnlyList<WorkingAdmittedItem> Items, IReadOnlyList<string> Evicted, int Tokens, int Capacity);

internal sealed record WorkingAdmittedItem(string Id, int Tokens, bool Merged, bool Pinned, string? MemoryId);

/// <param name="Promoted">Items that this recall made memories, by the rule of repeated use.</param>
internal sealed record WorkingRecalled(string SessionId, IReadOnlyList<string> Used, IReadOnlyList<WorkingPromotedItem> Promoted);

internal sealed record WorkingPinned(string SessionId, string Id, bool Pinned);

/// <param name="Why">deleted or cleared.</param>
internal sealed record WorkingRemoved(string SessionId, IReadOnlyList<string> Ids, string Why);

internal sealed record WorkingPromoted(string SessionId, WorkingPromotedItem Item);

/// <param name="Rule">requested or used_in_recalls.</param>
internal sealed record WorkingPromotedItem(string Id, string MemoryId, string Rule);
