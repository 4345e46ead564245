using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory/{id}/history</c>: every version of a memory, the present one first.</summary>
internal static class History
{
    /// <param name="Change">What made this version: remembered, changed, restored, superseded, held or released.</param>
    internal sealed record VersionView(
        long Version, string Change, DateTimeOffset RecordedAt, string Author, string Text, IReadOnlyList<string> Tags, double Importance, DateTimeOffset? ValidFrom,
        DateTimeOffset? ValidTo, string? SupersededBy);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapGet(prefix + "/memory/{id}/history", RunAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Read what a memory said before.");
    }

    private static async Task<Ok<Page<VersionView>>> RunAsync(
        string id, RequestContext context, MemoryStore store, TimeProvider clock, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var before = Cursor.Decode(cursor) is not { } key ? long.MaxValue
            : long.TryParse(key, CultureInfo.InvariantCulture, out var version) ? version : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
        await ReadMemory.OwnAsync(id, context, store, clock, cancellationToken);
        var rows = await VersionStore.HistoryAsync(store.Db, context.Tenant, id, before, size + 1, cancellationToken);
        var page = Cursor.Page(rows, size, static row => row.Version.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<VersionView>(
            [.. page.Data.Select(static row => new VersionView(row.Version, row.Change, row.RecordedAt, row.Author, row.Text, row.Tags, row.Importance, row.ValidFrom, row.ValidTo, row.SupersededBy))],
            page.NextCursor));
    }
}
