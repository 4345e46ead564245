using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory/index</c>: how far the indexes of the tenant are; <c>POST /memory/index/verify</c>: compare them with the rows now.</summary>
internal static class IndexRoutes
{
    /// <param name="Vectors">Memories that have a vector of the current model.</param>
    /// <param name="Pending">Memories that wait for theirs; the oldest since <paramref name="LagSeconds"/>.</param>
    /// <param name="Loaded">Whether the index is in this process's memory.</param>
    /// <param name="SnapshotAt">When its file was written; null without one.</param>
    /// <param name="Divergence">Memories that differed at the last comparison; null before the first.</param>
    internal sealed record State(string Namespace, long Memories, long Vectors, long Pending, double LagSeconds, bool Loaded, DateTimeOffset? SnapshotAt, long? Divergence);

    internal sealed record States(IReadOnlyList<State> Data);

    internal sealed record Comparisons(IReadOnlyList<Comparison> Data);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapGet(prefix + "/memory/index", ShowAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("How far the index is behind the memories.");
            routes.MapPost(prefix + "/memory/index/verify", VerifyAsync).Requires(Capability.MemoryWrite).WithoutReplay().WithTags("memory").WithSummary("Compare the index with the memories now, and repair it.");
        }
    }

    private static async Task<Ok<States>> ShowAsync(
        RequestContext context, IndexStore index, Shelves shelves, Snapshots snapshots, CompareIndex compare, ITextEmbedder embedder, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        var rows = await index.CountsAsync(context.Tenant, embedder.Model, cancellationToken);
        return TypedResults.Ok(new States([.. rows.Where(row => IsOwn(context, row.Namespace)).Select(row => new State(
            row.Namespace, row.Memories, row.Vectors, row.Pending, row.Oldest is { } oldest ? Math.Max(0, (now - oldest) / 1e6) : 0,
            shelves.Loaded(context.Tenant, row.Namespace) is not null, snapshots.WrittenAt(context.Tenant, row.Namespace), compare.Last(context.Tenant, row.Namespace)?.Differing))]));
    }

    private static async Task<Ok<Comparisons>> VerifyAsync(RequestContext context, Shelves shelves, CompareIndex compare, CancellationToken cancellationToken)
    {
        var compared = new List<Comparison>();
        foreach (var (tenant, @namespace) in shelves.Held)
            if (tenant == context.Tenant && IsOwn(context, @namespace) && await compare.RunAsync(tenant, @namespace, cancellationToken) is { } comparison) compared.Add(comparison);
        return TypedResults.Ok(new Comparisons([.. compared.OrderBy(static one => one.Namespace, StringComparer.Ordinal)]));
    }

    /// <summary>Another principal's conversation looks like nothing at all.</summary>
    private static bool IsOwn(RequestContext context, string @namespace) =>
        !@namespace.StartsWith("conversation/", StringComparison.Ordinal) || @namespace == "conversation/" + context.Principal.Id;
}
