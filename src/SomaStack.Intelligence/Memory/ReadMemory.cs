using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory</c>, <c>GET /memory/{id}</c> and <c>DELETE /memory/{id}</c>.</summary>
internal static class ReadMemory
{
    /// <param name="EmbeddingModel">Null when the text has no embedding.</param>
    internal sealed record MemoryView(
        string Id, string Namespace, string Kind, string Text, string? Source, long? Line, string? Conversation, IReadOnlyList<string> Tags, JsonElement? Metadata,
        string Author, DateTimeOffset EventTime, DateTimeOffset RecordedAt, double Importance, double Trust, string ContentHash, string? EmbeddingModel, long Version)
    {
        public string? Key { get; init; }

        public required string Universe { get; init; }

        public DateTimeOffset? ValidFrom { get; init; }

        public DateTimeOffset? ValidTo { get; init; }

        /// <summary>The memory of the same key that took its place, and from when on.</summary>
        public string? SupersededBy { get; init; }

        public DateTimeOffset? SupersededFrom { get; init; }

        public DateTimeOffset? ExpiresAt { get; init; }

        /// <summary>The first memory that says the same or nearly so.</summary>
        public string? DuplicateOf { get; init; }

        /// <summary>Under legal hold: it cannot be erased.</summary>
        public bool Held { get; init; }
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapGet(prefix + "/memory", ListAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("List memories, newest first.");
            routes.MapGet(prefix + "/memory/{id}", GetAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Read one memory.");
            routes.MapDelete(prefix + "/memory/{id}", DeleteAsync).Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Erase one memory for good.");
        }
    }

    private static async Task<Ok<Page<MemoryView>>> ListAsync(
        RequestContext context, MemoryStore store, TimeProvider clock, string? @namespace, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await store.ListAsync(context.Tenant, RememberRequest.NamespaceOf(context, @namespace), After(cursor), clock.NowMicros(), size + 1, cancellationToken);
        var page = Cursor.Page(rows, size, static row => string.Create(CultureInfo.InvariantCulture, $"{row.RecordedAt.ToMicros()} {row.Id}"));
        return TypedResults.Ok(new Page<MemoryView>([.. page.Data.Select(View)], page.NextCursor));
    }

    private static async Task<Ok<MemoryView>> GetAsync(string id, RequestContext context, MemoryStore store, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        var row = await OwnAsync(id, context, store, clock, cancellationToken);
        http.Response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(View(row));
    }

    private static async Task<NoContent> DeleteAsync(string id, RequestContext context, MemoryStore store, Memories memories, TimeProvider clock, CancellationToken cancellationToken)
    {
        await OwnAsync(id, context, store, clock, cancellationToken);
        if (!await memories.ForgetAsync(context, id, cancellationToken)) throw Missing();
        return TypedResults.NoContent();
    }

    /// <summary>What the caller may see: another principal's conversation, or what has expired, looks like nothing at all.</summary>
    /// <exception cref="Problem">404 <c>memory_unknown</c>.</exception>
    public static async Task<MemoryRow> OwnAsync(string id, RequestContext context, MemoryStore store, TimeProvider clock, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw Missing();
        var over = row.ExpiresAt <= clock.GetUtcNow();
        return over || !RememberRequest.MayName(context, row.Namespace) ? throw Missing() : row;
    }

    public static Problem Missing() => MemoryProblems.Unknown.Because("No memory of yours has this id.");

    private static (long RecordedAt, string Id)? After(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } key) return null;
        var parts = key.Split(' ', 2);
        return parts.Length == 2 && long.TryParse(parts[0], CultureInfo.InvariantCulture, out var recordedAt) ? (recordedAt, parts[1]) : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }

    public static MemoryView View(MemoryRow row) => new(
        row.Id, row.Namespace, row.Kind, row.Text, row.Source, row.Line, row.Conversation, row.Tags, row.Metadata is null ? null : JsonElement.Parse(row.Metadata),
        row.Author, row.EventTime, row.RecordedAt, row.Importance, row.Trust, row.ContentHash, row.EmbeddingModel, row.Version)
    {
        Key = row.Key, Universe = row.Universe, ValidFrom = row.ValidFrom, ValidTo = row.ValidTo, SupersededBy = row.SupersededBy, SupersededFrom = row.SupersededFrom,
        ExpiresAt = row.ExpiresAt, DuplicateOf = row.DuplicateOf, Held = row.Held,
    };
}
