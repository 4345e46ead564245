using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /memory/forget</c>: erases what a filter names, in transactions of bounded size, each memory with its own event. Asked again after
/// an interruption it goes on where it stopped. Without <c>dry_run: false</c> it only counts.
/// </summary>
internal sealed class Forget(MemoryStore store, MemoryErasure erasure, TimeProvider clock)
{
    private const int Page = 200;
    private const int Shown = 100;
    private const int IdsMax = 1000;
    private const int ReasonMax = 500;

    /// <param name="Tags">All of them.</param>
    /// <param name="After">Event time, included.</param>
    /// <param name="Before">Event time, excluded.</param>
    internal sealed record Filter(
        string? Namespace = null, IReadOnlyList<string>? Ids = null, IReadOnlyList<string>? Tags = null, string? Kind = null, string? Source = null, string? Conversation = null,
        DateTimeOffset? Before = null, DateTimeOffset? After = null);

    internal sealed record Request(Filter Filter, string Reason, bool DryRun = true);

    /// <param name="Held">Matched, and kept because of a legal hold.</param>
    /// <param name="Ids">The first hundred that were matched.</param>
    internal sealed record Response(bool DryRun, long Matched, long Forgotten, long Held, IReadOnlyList<string> Ids);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapPost(prefix + "/memory/forget", static async Task<Ok<Response>> (Request request, RequestContext context, Forget use, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await use.RunAsync(request, context, cancellationToken)))
                .Requires(Capability.MemoryWrite).WithoutTimeLimit().WithTags("memory").WithSummary("Erase every memory that a filter names; counts only, unless dry_run is false.");
    }

    public async Task<Response> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        var filter = request.Filter;
        Check.That(filter is not null && filter != new Filter(), "filter", "must name at least one of namespace, ids, tags, kind, source, conversation, before, after")
            .And(request.Reason is { Length: > 0 and <= ReasonMax } && !string.IsNullOrWhiteSpace(request.Reason), "reason", $"must have 1 to {ReasonMax} characters: it stays in the journal")
            .And(filter?.Ids is null || filter.Ids.Count is > 0 and <= IdsMax && filter.Ids.All(static id => id is not null), "filter.ids", $"must be 1 to {IdsMax}")
            .And(filter?.Tags is null || filter.Tags.Count > 0 && filter.Tags.All(static tag => tag is not null), "filter.tags", "must not be empty").OrThrow();
        var query = new ForgetQuery(RememberRequest.NamespaceOf(context, filter!.Namespace), filter.Ids, filter.Kind, filter.Source, filter.Conversation,
            filter.After?.ToMicros() ?? long.MinValue, filter.Before?.ToMicros() ?? long.MaxValue);
        var (matched, forgotten, held) = (0L, 0L, 0L);
        var shown = new List<string>();
        for (string? after = ""; after is not null;)
        {
            var page = await EraseStore.MatchingAsync(store.Db, context.Tenant, query, after, Page, cancellationToken);
            after = page.Count < Page ? null : page[^1].Id;
            var hits = page.Where(row => HasTags(row, filter.Tags)).ToList();
            matched += hits.Count;
            held += hits.Count(static row => row.Held);
            shown.AddRange(hits.Select(static row => row.Id).Take(Shown - shown.Count));
            if (!request.DryRun) forgotten += await EraseAsync(context, [.. hits.Where(static row => !row.Held).Select(static row => row.Id)], request.Reason, cancellationToken);
        }
        return new Response(request.DryRun, matched, forgotten, held, shown);
    }

    private Task<int> EraseAsync(RequestContext context, List<string> ids, string reason, CancellationToken cancellationToken) => ids.Count == 0 ? Task.FromResult(0) : store.Db.WriteAsync(context.Tenant, async work =>
    {
        var count = 0;
        foreach (var id in ids)
            if (await erasure.EraseAsync(work, context, id, reason, clock.NowMicros())) count++;
        return count;
    }, cancellationToken);

    private static bool HasTags(ForgetRow row, IReadOnlyList<string>? tags) =>
        tags is null || JsonSerializer.Deserialize(row.Tags, MemoryJson.Default.IReadOnlyListString) is { } own && tags.All(own.Contains);
}
