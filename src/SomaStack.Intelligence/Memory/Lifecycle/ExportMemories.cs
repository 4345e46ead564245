using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory/export</c>: one namespace as NDJSON, written page by page: memories with their earlier versions, then links.</summary>
internal static class ExportMemories
{
    private const int PageSize = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapGet(prefix + "/memory/export", Run).Requires(Capability.MemoryRead).WithoutTimeLimit().WithTags("memory").WithSummary("Export a namespace as one JSON document a line.");
    }

    private static PushStreamHttpResult Run(RequestContext context, MemoryStore store, TimeProvider clock, string? @namespace, CancellationToken cancellationToken)
    {
        var space = RememberRequest.NamespaceOf(context, @namespace);
        return TypedResults.Stream(stream => WriteAsync(stream, context, store, space, clock.GetUtcNow(), cancellationToken), "application/x-ndjson", "memories.ndjson");
    }

    internal static async Task WriteAsync(Stream stream, RequestContext context, MemoryStore store, string space, DateTimeOffset now, CancellationToken cancellationToken)
    {
        for (string? after = ""; after is not null;)
        {
            var page = await store.PageAsync(context.Tenant, space, after, PageSize, cancellationToken);
            after = page.Count < PageSize ? null : page[^1].Id;
            var rows = page.Where(row => row.DeletedAt is null && !(row.ExpiresAt <= now)).ToList();
            var versions = (await VersionStore.OfAsync(store.Db, context.Tenant, [.. rows.Select(static row => row.Id)], cancellationToken))
                .ToLookup(static item => item.Id, static item => item.Version, StringComparer.Ordinal);
            foreach (var row in rows)
            {
                await LineAsync(stream, ExportLine.Of(row), cancellationToken);
                foreach (var version in versions[row.Id]) await LineAsync(stream, ExportLine.Of(row.Id, version), cancellationToken);
            }
            await stream.FlushAsync(cancellationToken);
        }
        await WriteLinksAsync(stream, context, store, space, now, cancellationToken);
    }

    /// <summary>After all memories, so that an import meets both ends of each.</summary>
    private static async Task WriteLinksAsync(Stream stream, RequestContext context, MemoryStore store, string space, DateTimeOffset now, CancellationToken cancellationToken)
    {
        for (string? after = ""; after is not null;)
        {
            var ids = await store.IdsAsync(context.Tenant, space, after, PageSize, cancellationToken);
            after = ids.Count < PageSize ? null : ids[^1];
            var links = await LinkStore.OfAsync(store.Db, context.Tenant, ids, cancellationToken);
            var ends = (await LinkStore.NodesAsync(store.Db, context.Tenant, [.. links.Select(static link => link.To).Distinct(StringComparer.Ordinal)], now.ToMicros(), cancellationToken))
                .Where(end => RememberRequest.MayName(context, end.Namespace)).Select(static end => end.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var link in links)
                if (ends.Contains(link.To)) await LineAsync(stream, ExportLine.Of(link), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    private static async Task LineAsync(Stream stream, ExportLine line, CancellationToken cancellationToken)
    {
        await JsonSerializer.SerializeAsync(stream, line, ExportJson.Default.ExportLine, cancellationToken);
        await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }
}
