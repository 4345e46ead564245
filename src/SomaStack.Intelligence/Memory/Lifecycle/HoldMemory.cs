using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST</c> and <c>DELETE /memory/{id}/hold</c>: a memory under legal hold is neither erased nor does it expire. Whoever administers the
/// tenant may hold what he may not read: the answer says nothing of the content.
/// </summary>
internal sealed class HoldMemory(MemoryStore store, Journal journal, TimeProvider clock)
{
    private const int ReasonMax = 500;

    internal sealed record Request(string Reason);

    internal sealed record Response(string Id, bool Held, long Version);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapPost(prefix + "/memory/{id}/hold", static (string id, Request request, RequestContext context, HoldMemory use, CancellationToken cancellationToken) =>
                use.RunAsync(context, id, true, request.Reason, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("memory").WithSummary("Put a memory under legal hold.");
            routes.MapDelete(prefix + "/memory/{id}/hold", static (string id, string? reason, RequestContext context, HoldMemory use, CancellationToken cancellationToken) =>
                use.RunAsync(context, id, false, reason, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("memory").WithSummary("Release a memory from its legal hold.");
        }
    }

    /// <summary>Holding what is held, or releasing what is not, changes nothing.</summary>
    /// <exception cref="Problem">404 <c>memory_unknown</c>; 422 without a reason.</exception>
    public async Task<Ok<Response>> RunAsync(RequestContext context, string id, bool held, string? reason, CancellationToken cancellationToken)
    {
        var known = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw ReadMemory.Missing();
        Check.That(reason is { Length: > 0 and <= ReasonMax } && !string.IsNullOrWhiteSpace(reason), "reason", $"must have 1 to {ReasonMax} characters: it stays in the journal").OrThrow();
        var row = await store.Db.WriteAsync(context.Tenant, async work =>
        {
            await VersionStore.KeepAsync(work, id);
            if (await VersionStore.HoldAsync(work, id, held, context.Principal.Id, clock.NowMicros()) is not { } changed) return null;
            await journal.AppendAsync(work, context, MemoryEvents.Subject(id), changed.Version, MemoryEvents.Changed,
                new MemoryChanged(id, changed.Namespace, changed.Version, changed.Change, ["held"]) { Reason = reason }, MemoryJson.Default.MemoryChanged);
            return changed;
        }, cancellationToken);
        if (row is null && known.Held != held) throw ReadMemory.Missing();
        return TypedResults.Ok(new Response(id, held, (row ?? known).Version));
    }
}
