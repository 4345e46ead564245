using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /v1/brain/write</c>: a memory under an id that another replica has already told its caller. It goes through the same gate as
/// <c>/remember</c>, and claims no more trust than a user's word has.
/// </summary>
internal static class BrainWrite
{
    private const double TrustMax = 0.5;

    internal sealed record Response(bool Ok, string Id, bool Created);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/brain/write", RunAsync)
        .Requires(Capability.MemoryWrite).Produces<Response>(201).Produces<Response>(200).WithTags("memory").WithSummary("Remember under a given id; for replicas without a brain.");

    private static async Task<IResult> RunAsync(MemoryDraft draft, RequestContext context, Memories memories, MemoryStore store, WriteGate gate, CancellationToken cancellationToken)
    {
        Check.That(draft.Id is { Length: > 0 }, "id", "is required").OrThrow();
        RememberRequest.NamespaceOf(context, draft.Namespace);
        var prepared = await memories.PrepareAsync(context, draft with { Trust = Math.Min(draft.Trust, TrustMax) }, cancellationToken);
        var leave = await gate.LeaveAsync(context, [prepared], JsonSerializer.Serialize(draft, GatewayJson.Default.MemoryDraft), cancellationToken);
        var written = (await store.Db.WriteAsync(context.Tenant, async work =>
        {
            await leave.ClaimAsync(work);
            return await memories.WriteManyAsync(work, context, [prepared]);
        }, cancellationToken))[0];
        var response = new Response(true, written.Id, written.Created);
        return written.Created ? TypedResults.Created("/v1/memory/" + response.Id, response) : TypedResults.Ok(response);
    }
}
