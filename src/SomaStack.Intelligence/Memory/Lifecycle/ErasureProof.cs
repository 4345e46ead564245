using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory/{id}/erasure</c>: looks now, in every place that could hold something of a memory, how much is there.</summary>
internal sealed class ErasureProof(MemoryStore store, Shelves shelves)
{
    /// <param name="ErasedAt">Null while the memory lives.</param>
    /// <param name="Clear">True when it was erased and every count is zero.</param>
    /// <param name="Checks">What is there now, by place: row, vector, terms, versions, links and whatever else keeps part of a memory.</param>
    internal sealed record Response(string Id, DateTimeOffset? ErasedAt, bool Clear, IReadOnlyDictionary<string, long> Checks);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapGet(prefix + "/memory/{id}/erasure", static async Task<Ok<Response>> (string id, RequestContext context, ErasureProof use, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await use.RunAsync(id, context, cancellationToken)))
                .Requires(Capability.MemoryRead).WithTags("memory").WithSummary("See what is left of an erased memory.");
    }

    /// <exception cref="Problem">404 for an id that the tenant never had, or that another principal's conversation had.</exception>
    public async Task<Response> RunAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var (db, tenant) = (store.Db, context.Tenant);
        if (await EraseStore.ErasureAsync(db, tenant, id, cancellationToken) is not { } row || !RememberRequest.MayName(context, row.Namespace)) throw ReadMemory.Missing();
        var (vector, terms) = (await shelves.ReadyAsync(tenant, row.Namespace, cancellationToken)).Keeps(id);
        var checks = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            ["row"] = await EraseStore.RowsAsync(db, tenant, id, cancellationToken),
            ["vector"] = await EraseStore.EmbeddingsAsync(db, tenant, id, cancellationToken) + (vector ? 1 : 0),
            ["terms"] = terms ? 1 : 0,
        };
        foreach (var part in MemoryErasure.Parts) checks[part.Name] = await part.CountAsync(db, tenant, id, cancellationToken);
        return new Response(id, row.ErasedAt, row.ErasedAt is not null && checks.Values.All(static count => count == 0), checks);
    }
}
