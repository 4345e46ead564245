using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class GatewayProblems
{
    public static readonly ProblemCode TenantFull = new("memory_buffer_full", ProblemKind.Busy, "The tenant's share of the memory buffer is full", "Wait for the seconds in Retry-After, then send the same again; look at /v1/outbox/dead-letters.");
    public static readonly ProblemCode AllFull = new("memory_buffer_exhausted", ProblemKind.Unavailable, "The memory buffer is full", "Wait for the seconds in Retry-After, then send the same again.");
    public static readonly ProblemCode IdReused = new("outbox_id_reused", ProblemKind.Invalid, "The id came first with other content", "Use a new id for new content.");
    public static readonly ProblemCode Unreachable = new("brain_unreachable", ProblemKind.Unavailable, "The memory service does not answer", "Wait for the seconds in Retry-After, then try again; /readyz?verbose shows when it is back.");
    public static readonly ProblemCode LetterUnknown = new("outbox_letter_unknown", ProblemKind.NotFound, "There is no such dead letter", "See GET /v1/outbox/dead-letters.");

    public static readonly IReadOnlyList<ProblemCode> All = [TenantFull, AllFull, IdReused, Unreachable, LetterUnknown];

    /// <summary>The reconciler looks at least this often.</summary>
    public static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);

    public static Problem TenantIsFull(BufferBound bound) => new(TenantFull, $"At most {bound.Items} items and {bound.Bytes} bytes of a tenant may wait.") { RetryAfter = TryAgain };

    public static Problem AllIsFull() => new(AllFull, "Too many writes of all tenants wait for the memory service.") { RetryAfter = TryAgain };

    public static Problem IsReused(string clientId) => IdReused.Because($"The id '{clientId}' was accepted with other content before.");
}

internal readonly record struct BufferBound(long Items, long Bytes);
