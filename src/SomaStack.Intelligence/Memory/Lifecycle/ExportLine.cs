using System.Text.Json;
using System.Text.Json.Serialization;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// One line of an export: a <c>memory</c>, an earlier <c>version</c> of the memory <c>id</c>, or a <c>link</c>. What a kind of line has no use for is left out.
/// </summary>
/// <param name="Type">memory, version or link.</param>
/// <param name="Held">For the reader; an import holds nothing.</param>
/// <param name="Weight">Of a link, whose type is <c>relation</c>.</param>
internal sealed record ExportLine(
    string Type, string Id, string? Namespace = null, string? Universe = null, string? Key = null, string? Kind = null, string? Text = null, string? Source = null, long? Line = null,
    string? Conversation = null, IReadOnlyList<string>? Tags = null, JsonElement? Metadata = null, string? Author = null, DateTimeOffset? EventTime = null, DateTimeOffset? RecordedAt = null,
    double? Importance = null, double? Trust = null, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null, string? SupersededBy = null, DateTimeOffset? SupersededFrom = null,
    DateTimeOffset? SupersededAt = null, DateTimeOffset? ExpiresAt = null, string? DuplicateOf = null, bool? Held = null, long? Version = null, string? Change = null,
    string? From = null, string? To = null, string? Relation = null, double? Weight = null)
{
    public const string Memory = "memory";
    public const string Earlier = "version";
    public const string Link = "link";

    private const long VersionMax = 1_000_000_000;
    private const int IdMax = 512;

    public static ExportLine Of(MemoryRow row) => new(
        Memory, row.Id, row.Namespace, row.Universe, row.Key, row.Kind, row.Text, row.Source, row.Line, row.Conversation, row.Tags, Json(row.Metadata), row.Author, row.EventTime, row.RecordedAt,
        row.Importance, row.Trust, row.ValidFrom, row.ValidTo, row.SupersededBy, row.SupersededFrom, row.SupersededAt, row.ExpiresAt, row.DuplicateOf, row.Held, row.Version, row.Change);

    public static ExportLine Of(string id, VersionRow row) => new(
        Earlier, id, Text: row.Text, Tags: row.Tags, Metadata: Json(row.Metadata), Author: row.Author, RecordedAt: row.RecordedAt, Importance: row.Importance, Trust: row.Trust,
        ValidFrom: row.ValidFrom, ValidTo: row.ValidTo, SupersededBy: row.SupersededBy, ExpiresAt: row.ExpiresAt, Version: row.Version, Change: row.Change);

    public static ExportLine Of(LinkRow row) => new(
        Link, row.Id, Universe: row.Universe, RecordedAt: row.RecordedAt, Author: row.Author, ValidFrom: row.ValidFrom, ValidTo: row.ValidTo, From: row.From, To: row.To, Relation: row.Type, Weight: row.Weight);

    /// <exception cref="Problem">422 when a field is missing or out of range, 403 for a namespace of somebody else.</exception>
    public MemoryDraft ToDraft(RequestContext context)
    {
        if (Text is null) throw Problem.Invalid("text", "is required");
        if (Metadata is { ValueKind: not JsonValueKind.Object }) throw Problem.Invalid("metadata", "must be an object");
        if (Line is > int.MaxValue) throw Problem.Invalid("line", "is too large");
        Check.That(Version is null or (>= 1 and <= VersionMax), "version", $"must be between 1 and {VersionMax}")
            .And(SupersededBy is null or { Length: > 0 and <= IdMax }, "superseded_by", $"must have 1 to {IdMax} characters").And(DuplicateOf is null or { Length: > 0 and <= IdMax }, "duplicate_of", $"must have 1 to {IdMax} characters")
            .And(Author is null or { Length: <= IdMax }, "author", $"must have at most {IdMax} characters").OrThrow();
        var draft = new MemoryDraft(
            Text, Kind ?? "episode", Id, Source, (int?)Line, Conversation, Tags, Importance ?? 0.5, Trust ?? 0.5, EventTime ?? RecordedAt, RememberRequest.NamespaceOf(context, Namespace),
            Metadata?.GetRawText(), Key, Universe ?? MemoryDraft.Real, ValidFrom, ValidTo, ExpiresAt);
        MemoryLimits.Check(draft);
        return draft;
    }

    /// <exception cref="Problem">422 when a field is missing or out of range.</exception>
    public VersionRow ToVersion()
    {
        Check.That(Version is >= 1 and <= VersionMax, "version", $"must be between 1 and {VersionMax}").And(Text is { Length: <= MemoryLimits.TextMax }, "text", "is required and must not be too long")
            .And(Tags is null || Tags.All(static tag => tag is not null), "tags", "must not hold null").And(RecordedAt is not null, "recorded_at", "is required")
            .And(Change is null or { Length: <= 32 }, "change", "must have at most 32 characters").OrThrow();
        return new VersionRow(Version!.Value, Change ?? "imported", Text!, Tags ?? [], Metadata?.GetRawText(), Math.Clamp(Importance ?? 0.5, 0, 1), Math.Clamp(Trust ?? 0.5, 0, 1),
            ValidFrom, ValidTo, SupersededBy, ExpiresAt, Author ?? "", RecordedAt!.Value);
    }

    private static JsonElement? Json(string? metadata) => metadata is null ? null : JsonElement.Parse(metadata);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExportLine))]
internal sealed partial class ExportJson : JsonSerializerContext;
