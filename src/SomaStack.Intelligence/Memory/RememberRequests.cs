using System.Globalization;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// One thing to remember, in our shape (<c>text</c>) or in that of older clients (<c>payload</c> with <c>task</c>, <c>text</c> or <c>content</c>).
/// </summary>
/// <param name="EventTime">When it happened; now when it is not given.</param>
/// <param name="Metadata">A JSON object of the caller's own.</param>
/// <param name="Key">The caller's own name for what this says; a later memory of the same key supersedes it. <c>coord</c> is an older name of it.</param>
/// <param name="TtlSeconds">1 to 315 360 000 (ten years): after so long it is erased.</param>
/// <param name="Links">Up to 32, from this memory to others.</param>
internal sealed record RememberRequest(
    string? Text = null, string? Kind = null, IReadOnlyList<string>? Tags = null, JsonElement? Metadata = null, string? Source = null, int? Line = null,
    string? Conversation = null, double? Importance = null, DateTimeOffset? EventTime = null, string? Namespace = null, LegacyPayload? Payload = null,
    string? Coord = null, string? Key = null, string? Universe = null, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null, long? TtlSeconds = null,
    IReadOnlyList<RememberedLink>? Links = null)
{
    /// <summary>What users say has this trust; operators load with more, tools and the web have less.</summary>
    private const double Trust = 0.5;

    /// <exception cref="Problem">422 when there is no text or a field is not acceptable.</exception>
    public MemoryDraft ToDraft(RequestContext context, string? id, DateTimeOffset now)
    {
        if (Key is not null && Coord is not null && Key != Coord) throw Problem.Invalid("coord", "must not differ from 'key'; it is an older name of it");
        if ((Text ?? Payload?.Text ?? Payload?.Task ?? Payload?.Content) is not { } text) throw Problem.Invalid("text", "is required (or 'payload' with 'task' or 'text')");
        if (Metadata is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined) }) throw Problem.Invalid("metadata", "must be an object");
        var draft = new MemoryDraft(
            text, Kind ?? Payload?.Kind ?? "episode", id, Source, Line, Conversation, Tags, Importance ?? Payload?.BoundedImportance ?? 0.5, Trust,
            EventTime ?? Payload?.EventTime, NamespaceOf(context, Namespace), Metadata is { ValueKind: JsonValueKind.Object } metadata ? metadata.GetRawText() : null,
            Key ?? Coord, Universe ?? Payload?.Universe ?? MemoryDraft.Real, ValidFrom, ValidTo, MemoryLimits.Expiry(TtlSeconds, now));
        MemoryLimits.Check(draft);
        if (Links is not null) LinkLimits.Check(Links);
        return draft;
    }

    /// <summary><c>conversation/PRINCIPAL</c> holds what one principal said; nobody else names it over HTTP.</summary>
    public static string NamespaceOf(RequestContext context, string? name)
    {
        if (name is null) return "default";
        return MayName(context, name) ? name : throw MemoryProblems.PrivateNamespace.Because("Only its own principal reads or writes this namespace.");
    }

    public static bool MayName(RequestContext context, string name)
    {
        const string prefix = "conversation/";
        return !name.StartsWith(prefix, StringComparison.Ordinal) || name[prefix.Length..] == context.Principal.Id;
    }
}

/// <summary>The payload of older clients. Fields that it has besides these are ignored, as their server did.</summary>
/// <param name="MemoryType">episodic or semantic.</param>
/// <param name="Timestamp">Unix seconds.</param>
internal sealed record LegacyPayload(
    string? Task = null, string? Text = null, string? Content = null, double? Importance = null, string? MemoryType = null, double? Timestamp = null, string? Universe = null)
{
    public string? Kind => MemoryType switch
    {
        null or "episodic" => null,
        "semantic" => "fact",
        _ => throw Problem.Invalid("payload.memory_type", "must be episodic or semantic"),
    };

    /// <summary>Their importance counted from 1 without a bound; ours ends there.</summary>
    public double? BoundedImportance => Importance is { } value ? Math.Clamp(value, 0, 1) : null;

    public DateTimeOffset? EventTime => Timestamp switch
    {
        null => null,
        >= 0 and < 32_503_680_000 => DateTimeOffset.UnixEpoch.AddSeconds(Timestamp.Value),
        _ => throw Problem.Invalid("payload.timestamp", string.Create(CultureInfo.InvariantCulture, $"must be unix seconds before the year 3000")),
    };
}

internal sealed record RememberBatchRequest(IReadOnlyList<RememberRequest> Items, string? Namespace = null);

/// <param name="Weight">Above 0, at most 1; 1 when not given.</param>
internal sealed record RememberedLink(string Type, string Target, double? Weight = null);

/// <param name="Id">Of the memory that says it: this one, or the one that said it before.</param>
/// <param name="Created">False when a repeated request met what its first try had written, or when it was known already.</param>
/// <param name="Deduplicated">True when another memory said the same; <c>id</c> is that one.</param>
/// <param name="DuplicateOf">The first memory that says the same or nearly so; this one is kept all the same.</param>
/// <param name="Superseded">The memories of the same key that ended with this one.</param>
/// <param name="Queued">True when it waits to be written; always false here, since an answer means that it is stored.</param>
internal sealed record RememberResponse(
    bool Ok, bool Success, string Id, string Namespace, string Universe, bool Created, bool Deduplicated, string? DuplicateOf, IReadOnlyList<string> Superseded,
    bool Queued, string ExtractionStatus, IReadOnlyList<string> DegradedReasons);

internal sealed record RememberBatchResponse(bool Ok, bool Success, IReadOnlyList<RememberedItem> Results, bool Queued, IReadOnlyList<string> DegradedReasons);

internal sealed record RememberedItem(
    string Id, string Namespace, string Universe, bool Created, bool Deduplicated, string? DuplicateOf, IReadOnlyList<string> Superseded, string ExtractionStatus);
