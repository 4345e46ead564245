using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>/wm/*</c>: what a session of the caller has in mind.</summary>
internal sealed class WorkingRoutes(WorkingMemory working, WorkingSessions sessions, Memories memories, WriteGate gate, ITextEmbedder embedder)
{
    /// <param name="Tokens">As your tokenizer counts, from 1 to the text's UTF-8 bytes and not below a sixteenth of them; estimated when absent.</param>
    /// <param name="CapacityTokens">Sets how much the session holds, 256 to 32768; 4096 until then.</param>
    /// <param name="MemoryId">The long-term memory that says the same, when there is one.</param>
    internal sealed record AdmitRequest(string SessionId, string Text, bool Pinned = false, string? MemoryId = null, int? Tokens = null, int? CapacityTokens = null);

    /// <param name="Created">False when the id was there or the text was merged into an item that says the same; <c>id</c> is that item's.</param>
    internal sealed record AdmitResponse(
        bool Ok, bool Success, string Id, bool Created, bool Merged, int Tokens, double Novelty, double Salience, bool Pinned, IReadOnlyList<string> Evicted, int SessionTokens,
        int CapacityTokens, IReadOnlyList<string> DegradedReasons);

    internal sealed record RecallRequest(string SessionId, string Query, int? TopK = null, int? Limit = null);

    internal sealed record RecallResponse(string SessionId, string Query, IReadOnlyList<HitView> Results, IReadOnlyList<string> DegradedReasons);

    /// <param name="MemoryId">The long-term memory that holds the same words, or null.</param>
    internal sealed record HitView(
        string Id, string Text, double Score, string Kind, string? Source, string? MemoryId, double Trust, DateTimeOffset EventTime, IReadOnlyDictionary<string, double> Signals);

    internal sealed record ItemRequest(string SessionId, string Id);

    internal sealed record SessionRequest(string SessionId);

    internal sealed record PromoteRequest(string SessionId, string Id, string Reason, string? Namespace = null);

    internal sealed record PromoteResponse(bool Ok, string Id, string MemoryId, bool Created);

    internal sealed record ClearResponse(bool Ok, int Cleared);

    /// <param name="Novelty">0 to 1, when it was admitted.</param>
    /// <param name="Salience">0 to 1, now; the least salient unpinned item is evicted first.</param>
    /// <param name="Promotion">Why it was made the memory <c>memory_id</c>; null when it was not, or came from there.</param>
    internal sealed record ItemView(
        string Id, string Text, int Tokens, bool Pinned, double Novelty, double Salience, int Uses, string? MemoryId, string? Promotion, DateTimeOffset AdmittedAt, DateTimeOffset LastUsedAt);

    internal sealed record ListResponse(string SessionId, IReadOnlyList<ItemView> Data);

    /// <param name="HitRate">Searches that found something over searches; null while nothing was asked.</param>
    internal sealed record StatusResponse(
        string SessionId, int Items, int Tokens, int CapacityTokens, int Pinned, long EvictionsTotal, long HitsTotal, long MissesTotal, double? HitRate);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            var wm = prefix + "/wm";
            routes.MapGet(wm, (string session, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.ListAsync(session, context, stop))
                .Requires(Capability.MemoryRead).WithTags("memory").WithSummary("List what a session has in mind, most salient first.");
            routes.MapGet(wm + "/status", (string session, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.StatusAsync(session, context, stop))
                .Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Count what a session has in mind.");
            routes.MapPost(wm + "/admit", (AdmitRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.AdmitAsync(request, context, stop))
                .Requires(Capability.MemoryWrite).Produces<AdmitResponse>(201).Produces<AdmitResponse>(200).WithTags("memory").WithSummary("Take a text into a session's working memory.");
            routes.MapPost(wm + "/recall", (RecallRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.RecallAsync(request, context, stop))
                .Requires(Capability.MemoryRead).WithoutReplay().WithTags("memory").WithSummary("Search a session's working memory.");
            routes.MapPost(wm + "/pin", (ItemRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.PinAsync(request, true, context, stop))
                .Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Keep an item from being evicted.");
            routes.MapPost(wm + "/unpin", (ItemRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.PinAsync(request, false, context, stop))
                .Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Let an item be evicted again.");
            routes.MapPost(wm + "/clear", (SessionRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.ClearAsync(request, context, stop))
                .Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Empty a session's working memory.");
            routes.MapPost(wm + "/promote", (PromoteRequest request, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.PromoteAsync(request, context, stop))
                .Requires(Capability.MemoryWrite).Produces<PromoteResponse>(201).Produces<PromoteResponse>(200).WithTags("memory").WithSummary("Make an item a long-term memory.");
            routes.MapDelete(wm + "/{id}", (string id, string session, RequestContext context, WorkingRoutes use, CancellationToken stop) => use.DeleteAsync(id, session, context, stop))
                .Requires(Capability.MemoryWrite).WithTags("memory").WithSummary("Take an item out of a session's working memory.");
        }
    }

    private async Task<Ok<ListResponse>> ListAsync(string session, RequestContext context, CancellationToken cancellationToken)
    {
        var set = (await OwnAsync(session, context, cancellationToken)).Set;
        var items = set.Items.Select(item => View(item, set.Turn)).OrderByDescending(static item => item.Salience).ThenBy(static item => item.Id, StringComparer.Ordinal);
        return TypedResults.Ok(new ListResponse(session, [.. items]));
    }

    private async Task<Ok<StatusResponse>> StatusAsync(string session, RequestContext context, CancellationToken cancellationToken)
    {
        var held = await OwnAsync(session, context, cancellationToken);
        var (set, counted) = (held.Set, held.Session);
        var asked = counted.Hits + counted.Misses;
        return TypedResults.Ok(new StatusResponse(
            session, set.Items.Count, set.Tokens, set.Capacity, set.Items.Count(static item => item.Pinned), counted.Evictions, counted.Hits, counted.Misses,
            asked == 0 ? null : Math.Round((double)counted.Hits / asked, 4)));
    }

    private async Task<IResult> AdmitAsync(AdmitRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        WorkingMemory.CheckSession(request.SessionId);
        var bytes = System.Text.Encoding.UTF8.GetByteCount(request.Text);
        Check.That(request.CapacityTokens is null or (>= WorkingSet.CapacityMin and <= WorkingSet.CapacityMax), "capacity_tokens", $"must be between {WorkingSet.CapacityMin} and {WorkingSet.CapacityMax}")
            .And(request.Tokens is null || request.Tokens >= 1 && request.Tokens >= bytes / 16 && request.Tokens <= Math.Max(bytes, 1), "tokens", "must be between a sixteenth of the text's UTF-8 bytes and their number")
            .And(request.MemoryId is null or { Length: > 0 and <= 512 }, "memory_id", "must have 1 to 512 characters").OrThrow();
        var prepared = await memories.PrepareAsync(context, new MemoryDraft(request.Text, "episode", Ids.For(context, "wm/" + request.SessionId)), cancellationToken);
        var leave = await gate.LeaveAsync(context, [prepared], JsonSerializer.Serialize(request, WorkingJson.Default.AdmitRequest), cancellationToken);
        var draft = new WorkingDraft(prepared, request.MemoryId, request.Pinned, request.Tokens);
        var (admissions, session) = await sessions.Db.WriteAsync(
            context.Tenant,
            async work =>
            {
                await leave.ClaimAsync(work);
                return await working.AdmitAsync(work, context, request.SessionId, [draft], request.CapacityTokens, strict: true);
            },
            cancellationToken);
        var (set, admission) = (session.Set, admissions[0]);
        var item = admission.Item;
        var response = new AdmitResponse(
            true, true, item.Id, admission.Created, admission.Merged, item.Tokens, item.Novelty, WorkingSet.Salience(item, set.Turn), item.Pinned, admission.Evicted, set.Tokens, set.Capacity,
            memories.Degraded(prepared));
        return TypedResults.Json(response, WorkingJson.Default.AdmitResponse, statusCode: admission.Created ? 201 : 200);
    }

    private async Task<Ok<RecallResponse>> RecallAsync(RecallRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var query = new RecallQuery(request.Query, request.Limit ?? request.TopK ?? 10);
        MemoryLimits.Check(query);
        await OwnAsync(request.SessionId, context, cancellationToken);
        var vector = embedder.Embed(request.Query);
        var hits = await working.SearchAsync(context, request.SessionId, request.Query, vector, query.Limit, cancellationToken);
        return TypedResults.Ok(new RecallResponse(request.SessionId, request.Query, [.. hits.Select(View)], memories.Degraded(vector)));
    }

    private async Task<Ok<ItemView>> PinAsync(ItemRequest request, bool pinned, RequestContext context, CancellationToken cancellationToken)
    {
        var item = await working.PinAsync(context, request.SessionId, request.Id, pinned, cancellationToken);
        return TypedResults.Ok(View(item, item.LastTurn));
    }

    private async Task<Ok<ClearResponse>> ClearAsync(SessionRequest request, RequestContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ClearResponse(true, await working.RemoveAsync(context, request.SessionId, null, cancellationToken)));

    private async Task<NoContent> DeleteAsync(string id, string session, RequestContext context, CancellationToken cancellationToken)
    {
        await working.RemoveAsync(context, session, id, cancellationToken);
        return TypedResults.NoContent();
    }

    private async Task<IResult> PromoteAsync(PromoteRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        WorkingMemory.CheckSession(request.SessionId);
        Check.That(request.Reason is { Length: > 0 and <= 500 } && !string.IsNullOrWhiteSpace(request.Reason), "reason", "must have 1 to 500 characters").OrThrow();
        var space = RememberRequest.NamespaceOf(context, request.Namespace);
        var (memoryId, created) = await working.PromoteAsync(context, request.SessionId, request.Id, request.Reason, space, cancellationToken);
        return TypedResults.Json(new PromoteResponse(true, request.Id, memoryId, created), WorkingJson.Default.PromoteResponse, statusCode: created ? 201 : 200);
    }

    private async Task<HeldSession> OwnAsync(string session, RequestContext context, CancellationToken cancellationToken)
    {
        WorkingMemory.CheckSession(session);
        return await sessions.ReadAsync(WorkingKey.Of(context, session), cancellationToken) ?? throw WorkingMemory.UnknownSession();
    }

    private static HitView View(RecalledMemory hit) => new(hit.Id, hit.Text, hit.Score, hit.Kind, hit.Source, hit.Key, hit.Trust, hit.EventTime, hit.Signals);

    private static ItemView View(WorkingItem item, long turn) => new(
        item.Id, item.Text, item.Tokens, item.Pinned, item.Novelty, WorkingSet.Salience(item, turn), item.Uses, item.MemoryId, item.Promotion, item.AdmittedAt, item.LastUsedAt);
}
