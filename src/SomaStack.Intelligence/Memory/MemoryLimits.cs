using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What may be remembered and asked; the same for routes and for other rooms.</summary>
internal static class MemoryLimits
{
    public const int TextMax = 32_000;
    public const int BatchMax = 256;

    private const int TagsMax = 32;
    private const int TagMax = 128;
    private const int NameMax = 512;
    private const int MetadataMax = 16_384;
    private const int NamespaceMax = 200;
    private const int UniverseMax = 64;
    private const long TtlMax = 10L * 365 * 24 * 3600;

    public static readonly IReadOnlyList<string> Kinds = ["episode", "fact", "document", "summary", "procedure"];

    /// <exception cref="Problem">422 naming the fields, 413 when the text is too long.</exception>
    public static void Check(MemoryDraft draft)
    {
        CheckLength(draft.Text, "text");
        Platform.Check.That(draft.Text.Length > 0 && !string.IsNullOrWhiteSpace(draft.Text), "text", "must not be empty")
            .And(Kinds.Contains(draft.Kind), "kind", "must be one of " + string.Join(", ", Kinds))
            .And(draft.Id is null or { Length: > 0 and <= NameMax }, "id", $"must have 1 to {NameMax} characters")
            .And(draft.Source is null or { Length: > 0 and <= NameMax }, "source", $"must have 1 to {NameMax} characters")
            .And(draft.Line is null or > 0, "line", "must be 1 or more")
            .And(draft.Conversation is null or { Length: > 0 and <= NameMax }, "conversation", $"must have 1 to {NameMax} characters")
            .And(draft.Tags is null || draft.Tags.Count <= TagsMax, "tags", $"must be at most {TagsMax}")
            .And(draft.Tags is null || draft.Tags.All(IsTag), "tags", $"must have 1 to {TagMax} characters each")
            .And(draft.Metadata is null or { Length: <= MetadataMax }, "metadata", $"must have at most {MetadataMax} characters as JSON")
            .And(draft.Importance is >= 0 and <= 1, "importance", "must be between 0 and 1")
            .And(draft.Trust is >= 0 and <= 1, "trust", "must be between 0 and 1")
            .And(IsTime(draft.EventTime), "event_time", TimeRange)
            .And(IsTime(draft.ValidFrom), "valid_from", TimeRange)
            .And(IsTime(draft.ValidTo), "valid_to", TimeRange)
            .And(draft.ValidFrom is null || draft.ValidTo is null || draft.ValidFrom < draft.ValidTo, "valid_to", "must be later than valid_from")
            .And(draft.Key is null || IsName(draft.Key, NameMax), "key", $"must have 1 to {NameMax} characters, none of them a control character")
            .And(IsName(draft.Universe, UniverseMax), "universe", $"must have 1 to {UniverseMax} characters, none of them a control character")
            .And(IsNamespace(draft.Namespace), "namespace", $"must have 1 to {NamespaceMax} characters")
            .OrThrow();
    }

    /// <exception cref="Problem">422 naming the fields, 413 when the question is too long.</exception>
    public static void Check(RecallQuery query)
    {
        CheckLength(query.Text, "query");
        Platform.Check.That(!string.IsNullOrWhiteSpace(query.Text), "query", "must not be empty")
            .And(query.Limit is >= 1 and <= 100, "limit", "must be between 1 and 100")
            .And(query.Kind is null || Kinds.Contains(query.Kind), "kind", "must be one of " + string.Join(", ", Kinds))
            .And(query.Tags is null || query.Tags.Count <= TagsMax && query.Tags.All(IsTag), "tags", $"must be at most {TagsMax} of 1 to {TagMax} characters")
            .And(query.Conversation is null or { Length: > 0 and <= NameMax }, "conversation", $"must have 1 to {NameMax} characters")
            .And(query.MinScore is null or (>= 0 and <= 1), "min_score", "must be between 0 and 1")
            .And(query.From is null || query.To is null || query.From < query.To, "to", "must be later than 'from'")
            .And(IsName(query.Universe, UniverseMax), "universe", $"must have 1 to {UniverseMax} characters, none of them a control character")
            .And(IsNamespace(query.Namespace), "namespace", $"must have 1 to {NamespaceMax} characters")
            .OrThrow();
    }

    /// <exception cref="Problem">422 when the name is none.</exception>
    public static void CheckUniverse(string universe) =>
        Platform.Check.That(IsName(universe, UniverseMax), "universe", $"must have 1 to {UniverseMax} characters, none of them a control character").OrThrow();

    /// <exception cref="Problem">422 when the seconds are out of range.</exception>
    public static DateTimeOffset? Expiry(long? ttlSeconds, DateTimeOffset now) => ttlSeconds switch
    {
        null => null,
        >= 1 and <= TtlMax => now.AddSeconds(ttlSeconds.Value),
        _ => throw Problem.Invalid("ttl_seconds", $"must be between 1 and {TtlMax}"),
    };

    private static void CheckLength(string text, string field)
    {
        if (text.Length > TextMax) throw PlatformProblems.TooLarge.Because($"'{field}' has {text.Length} characters; at most {TextMax} are taken. Cut it into passages.");
    }

    // Elements of a list may be null whatever the annotations say: JSON null reaches list items.
    private static bool IsTag(string? tag) => tag is { Length: > 0 and <= TagMax };

    private const string TimeRange = "must lie between the years 970 and 2970";

    private static bool IsTime(DateTimeOffset? time) => time is null || time > DateTimeOffset.UnixEpoch.AddYears(-1000) && time < DateTimeOffset.UnixEpoch.AddYears(1000);

    public static bool IsNamespace(string name) => IsName(name, NamespaceMax);

    private static bool IsName(string name, int max) => name is { Length: > 0 } && name.Length <= max && !name.Any(char.IsControl);
}
