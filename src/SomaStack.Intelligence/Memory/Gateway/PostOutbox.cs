using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /v1/outbox</c>: what a client wrote while it was offline, under its own ids and in its own order. It may send the same again as often as
/// it needs to; each item takes effect once. All are accepted or none; what is wrong with one shows among the dead letters.
/// </summary>
internal static class PostOutbox
{
    public const int ItemsMax = 256;
    private const int IdMax = 128;
    private const int KeyMax = 512;
    private const long BytesMax = 32 << 20;

    private static readonly string[] Ops = [BufferedOps.Remember, BufferedOps.Link, BufferedOps.Forget];

    /// <param name="Items">1 to 256, oldest first.</param>
    internal sealed record Request(IReadOnlyList<Item> Items);

    /// <param name="Id">The client's own, 1 to 128 visible ASCII characters; unique among what its principal sends.</param>
    /// <param name="Op">remember, link or forget.</param>
    /// <param name="Body">The body of that route.</param>
    /// <param name="Key">Items of one key are applied in order; the body's conversation or key, when not given.</param>
    /// <param name="CreatedAt">When the client wrote it; becomes the event time of a memory that names none.</param>
    internal sealed record Item(string Id, string Op, JsonElement Body, string? Key = null, DateTimeOffset? CreatedAt = null);

    /// <param name="Duplicates">Items whose id was known.</param>
    internal sealed record Response(int Accepted, int Duplicates, IReadOnlyList<Result> Results);

    /// <param name="State">queued, dead or done.</param>
    /// <param name="MemoryId">The id that a remember's memory has or will have.</param>
    internal sealed record Result(string Id, string State, string? MemoryId);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/outbox", RunAsync)
        .Requires(Capability.MemoryWrite).WithoutReplay().WithBodyLimit(BytesMax).Produces<Response>(202).WithTags("memory").WithSummary("Hand in what was written offline.");

    private static async Task<Accepted<Response>> RunAsync(Request request, RequestContext context, Buffers buffers, TimeProvider clock, CancellationToken cancellationToken)
    {
        Validate(request);
        var now = clock.GetUtcNow();
        var items = request.Items.Select(item => Buffered(item, context, now)).ToList();
        var receipts = await buffers.AddAsync(context.Tenant, items, cancellationToken);
        var duplicates = receipts.Count(static receipt => receipt.IsDuplicate);
        GatewayMetrics.Taken(items.Count - duplicates);
        var results = receipts.Select((receipt, i) => new Result(items[i].ClientId, receipt.State, MemoryIdOf(context, items[i]))).ToList();
        return TypedResults.Accepted((string?)null, new Response(items.Count - duplicates, duplicates, results));
    }

    private static void Validate(Request request)
    {
        Check.That(request.Items.Count is >= 1 and <= ItemsMax, "items", $"must be 1 to {ItemsMax}").OrThrow();
        for (var i = 0; i < request.Items.Count; i++)
        {
            var item = request.Items[i];
            Check.That(item is not null, $"items[{i}]", "must not be null").OrThrow();
            Check.That(item!.Id is { Length: > 0 and <= IdMax } && !item.Id.AsSpan().ContainsAnyExceptInRange('!', '~'), $"items[{i}].id", $"must have 1 to {IdMax} visible ASCII characters")
                .And(Ops.Contains(item.Op), $"items[{i}].op", "must be one of " + string.Join(", ", Ops))
                .And(item.Body.ValueKind == JsonValueKind.Object, $"items[{i}].body", "must be an object")
                .And(item.Key is null || item.Key is { Length: > 0 and <= KeyMax } && !item.Key.Any(char.IsControl), $"items[{i}].key", $"must have 1 to {KeyMax} characters, none of them a control character")
                .OrThrow();
        }
    }

    private static BufferItem Buffered(Item item, RequestContext context, DateTimeOffset now)
    {
        var id = Ids.Derive($"outbox\n{context.Tenant}\n{context.Principal.Id}\n{item.Id}");
        var path = BufferedOps.PathOf(item.Op);
        var raw = item.Body.GetRawText();
        // A client's clock that runs ahead must not date a memory into the future.
        var body = item.CreatedAt is { } at ? BufferedOps.Stamped(item.Op, item.Body, at < now ? at : now) : raw;
        return new BufferItem(
            id, item.Key is null ? BufferedOps.OrderKey(item.Op, item.Body, id) : "o/" + item.Key, item.Op, path, "outbox-" + id, body, BufferedOps.Digest(path, raw), context.Principal.Id,
            BrainTokens.UsefulOf(context), context.ClientType, context.TraceId, item.Id, item.CreatedAt);
    }

    private static string? MemoryIdOf(RequestContext context, BufferItem item) =>
        item.Op == BufferedOps.Remember ? BufferedOps.MadeId(context.Tenant, context.Principal.Id, "memory", item.Path, item.IdempotencyKey) : null;
}
