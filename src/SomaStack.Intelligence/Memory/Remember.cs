using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /remember</c> and <c>/remember/batch</c>: through the gate, then everything of a request in one transaction. What users say is
/// data, also when it looks like an instruction, so it is not moderated here; it is quoted, never obeyed.
/// </summary>
internal sealed class Remember(Memories memories, MemoryStore store, WriteGate gate, LinkWriter links, TimeProvider clock)
{
    /// <summary>256 texts of full length in UTF-8 are below this.</summary>
    private const long BatchBytesMax = 32 << 20;

    /// <summary>Nothing is taken out of a text while it is written.</summary>
    private const string Extraction = "none";

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapPost(prefix + "/remember", (RememberRequest request, RequestContext context, Remember use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
                .Requires(Capability.MemoryWrite).Produces<RememberResponse>(201).Produces<RememberResponse>(200).WithTags("memory").WithSummary("Remember a text.");
            routes.MapPost(prefix + "/remember/batch", (RememberBatchRequest request, RequestContext context, Remember use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
                .Requires(Capability.MemoryWrite).WithBodyLimit(BatchBytesMax).Produces<RememberBatchResponse>(201).WithTags("memory").WithSummary("Remember up to 256 texts in one transaction.");
        }
    }

    public async Task<IResult> RunAsync(RememberRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var (written, drafts, degraded) = await WriteAsync([request], [request.ToDraft(context, Ids.For(context, "memory"), clock.GetUtcNow())], context, cancellationToken);
        var (one, draft) = (written[0], drafts[0]);
        var response = new RememberResponse(true, true, one.Id, draft.Namespace, draft.Universe, one.Created, one.Deduplicated, one.DuplicateOf, one.Superseded, false, Extraction, degraded);
        return one.Created ? TypedResults.Created("/v1/memory/" + response.Id, response) : TypedResults.Ok(response);
    }

    public async Task<IResult> RunAsync(RememberBatchRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Items.Count is >= 1 and <= MemoryLimits.BatchMax, "items", $"must be 1 to {MemoryLimits.BatchMax}")
            .And(request.Items.All(static item => item is not null), "items", "must not hold null").OrThrow();
        var now = clock.GetUtcNow();
        var drafts = request.Items.Select((item, i) => (item with { Namespace = item.Namespace ?? request.Namespace }).ToDraft(context, Ids.For(context, "memory/" + i), now)).ToList();
        var (written, _, degraded) = await WriteAsync(request.Items, drafts, context, cancellationToken);
        var results = written.Select((one, i) => new RememberedItem(
            one.Id, drafts[i].Namespace, drafts[i].Universe, one.Created, one.Deduplicated, one.DuplicateOf, one.Superseded, Extraction)).ToList();
        var response = new RememberBatchResponse(true, true, results, false, degraded);
        return TypedResults.Json(response, MemoryJson.Default.RememberBatchResponse, statusCode: 201);
    }

    private async Task<(IReadOnlyList<Written> Written, List<MemoryDraft> Drafts, IReadOnlyList<string> Degraded)> WriteAsync(
        IReadOnlyList<RememberRequest> requests, List<MemoryDraft> drafts, RequestContext context, CancellationToken cancellationToken)
    {
        var prepared = await memories.PrepareManyAsync(drafts, cancellationToken);
        var exact = JsonSerializer.Serialize(new RememberBatchRequest(requests), MemoryJson.Default.RememberBatchRequest);
        var leave = await gate.LeaveAsync(context, prepared, exact, cancellationToken);
        var written = await store.Db.WriteAsync(context.Tenant, async work =>
        {
            await leave.ClaimAsync(work);
            var all = await memories.WriteManyAsync(work, context, prepared);
            for (var i = 0; i < all.Count; i++)
                foreach (var link in requests[i].Links ?? [])
                    await links.WriteAsync(work, context, new LinkDraft(all[i].Id, link.Target, link.Type, link.Weight ?? 1, drafts[i].Universe, null, null), clock.NowMicros());
            return all;
        }, cancellationToken);
        return (written, drafts, [.. prepared.SelectMany(memory => memories.Degraded(memory)).Distinct(StringComparer.Ordinal)]);
    }
}
