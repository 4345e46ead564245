using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>POST /link</c> and <c>DELETE /link/{id}</c>.</summary>
internal sealed class LinkMemories(MemoryStore store, LinkWriter links, Journal journal, TimeProvider clock)
{
    /// <param name="From">The id of a memory; or <c>from_key</c>, its key in <c>namespace</c>. <c>from_coord</c> is an older name of the key.</param>
    /// <param name="Type">related when not given: causes, contrasts, part_of, depends_on, motivates, summary_of, co_replay, derived_from, or your own in snake_case.</param>
    /// <param name="Weight">Above 0, at most 1.</param>
    internal sealed record Request(
        string? From = null, string? To = null, string? FromKey = null, string? ToKey = null, string? FromCoord = null, string? ToCoord = null, string? Type = null, double? Weight = null,
        string? Universe = null, string? Namespace = null, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null);

    internal sealed record Response(bool Ok, string Id, bool Created);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapPost(prefix + "/link", static (Request request, RequestContext context, LinkMemories use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
                .Requires(Capability.MemoryWrite).Produces<Response>(201).Produces<Response>(200).WithTags("memory").WithSummary("Link two memories.");
            routes.MapDelete(prefix + "/link/{id}", static (string id, RequestContext context, LinkMemories use, CancellationToken cancellationToken) => use.DeleteAsync(id, context, cancellationToken))
                .Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Remove a link.");
        }
    }

    public async Task<IResult> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        var universe = request.Universe ?? MemoryDraft.Real;
        MemoryLimits.CheckUniverse(universe);
        var @namespace = RememberRequest.NamespaceOf(context, request.Namespace);
        var from = await EndAsync("from", request.From, request.FromKey ?? request.FromCoord);
        var to = await EndAsync("to", request.To, request.ToKey ?? request.ToCoord);
        var link = new LinkDraft(from, to, request.Type ?? "related", request.Weight ?? 1, universe, request.ValidFrom, request.ValidTo);
        var written = await store.Db.WriteAsync(context.Tenant, work => links.WriteAsync(work, context, link, clock.NowMicros()), cancellationToken);
        var response = new Response(true, written.Id, written.Created);
        return written.Created ? TypedResults.Created((string?)null, response) : TypedResults.Ok(response);

        async Task<string> EndAsync(string field, string? id, string? key)
        {
            Check.That(id is null != key is null, field, $"is required as an id, or as a key in '{field}_key'; not both").OrThrow();
            return id ?? await LinkStore.OfKeyAsync(store.Db, context.Tenant, @namespace, universe, key!, cancellationToken)
                ?? throw MemoryProblems.Unknown.Because($"No open memory of yours has the key in '{field}_key'.");
        }
    }

    public async Task<NoContent> DeleteAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var link = await LinkStore.FindAsync(store.Db, context.Tenant, id, cancellationToken) ?? throw Missing();
        var ends = await LinkStore.NodesAsync(store.Db, context.Tenant, [link.From, link.To], long.MinValue, cancellationToken);
        if (ends.Any(end => !RememberRequest.MayName(context, end.Namespace))) throw Missing();
        var gone = await store.Db.WriteAsync(context.Tenant, async work =>
        {
            if (await LinkStore.DeleteAsync(work, id) is not { } row) return false;
            await journal.AppendAsync(work, context, MemoryEvents.Unlinked, new MemoryUnlinked(row.Id, row.From, row.To, row.Type), MemoryJson.Default.MemoryUnlinked);
            return true;
        }, cancellationToken);
        return gone ? TypedResults.NoContent() : throw Missing();
    }

    private static Problem Missing() => LinkProblems.Unknown.Because("No link of yours has this id.");
}
