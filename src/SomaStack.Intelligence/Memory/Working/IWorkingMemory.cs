using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory.Contracts;

/// <summary>What a session of one principal has in mind: small, searched for real, kept across restarts.</summary>
public interface IWorkingMemory
{
    /// <summary>
    /// Admits in the caller's transaction, oldest first. What does not fit beside what is pinned is left out, so that nothing else of the
    /// transaction depends on it.
    /// </summary>
    Task AdmitAsync(DbWork work, RequestContext context, string sessionId, IReadOnlyList<WorkingDraft> items);

    /// <summary>
    /// Searches the session's items by words and meaning and records their use; an item that three searches found is made a memory in the
    /// principal's own namespace, if it may write. Empty without a session or when nothing is relevant.
    /// </summary>
    /// <param name="queryVector">The embedding of <paramref name="queryText"/> when the caller has it; it is made here otherwise.</param>
    /// <param name="limit">1 to 100.</param>
    Task<IReadOnlyList<RecalledMemory>> SearchAsync(RequestContext context, string? sessionId, string queryText, float[]? queryVector, int limit, CancellationToken cancellationToken);
}

/// <param name="MemoryId">The long-term memory that holds the same words, when there is one.</param>
/// <param name="Tokens">As the caller's tokenizer counts; estimated when not given.</param>
public sealed record WorkingDraft(PreparedMemory Content, string? MemoryId = null, bool Pinned = false, int? Tokens = null);
