using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /rag/retrieve</c>: long-term and working memory searched for a question, and what a model should read of it, within a token
/// budget. Nothing relevant gives an empty context with its reason and never a made-up candidate.
/// </summary>
internal sealed class Retrieve(IMemory memory, Memories memories, MemoryStore store, WorkingMemory working, WriteGate gate)
{
    private const int LimitDefault = 10;
    private const int BudgetDefault = 2000;
    private const int BudgetMin = 64;
    private const int BudgetMax = 32_768;
    private const string Graph = "graph";
    private const string Working = "wm";

    // The names that older clients send (brain.md 1.3); what is not there is named in degraded_reasons.
    private static readonly string[] KnownRetrievers = ["vector", "semantic", "lexical", Working, Graph];
    private static readonly string[] KnownReranks = ["auto", "cosine", "mmr", "hrr", "ce"];

    /// <param name="Limit">1 to 100, 10 by default; <c>top_k</c> means the same.</param>
    /// <param name="SessionId">Also searches this session's working memory.</param>
    /// <param name="TokenBudget">64 to 32768, 2000 by default; the context never has more.</param>
    /// <param name="Persist">True remembers that this was asked, in the caller's own namespace, with the ids that were found.</param>
    /// <param name="Retrievers">vector (or semantic), lexical, wm, graph; all when not given. A candidate is kept when one of them found it.</param>
    /// <param name="Rerank">auto, cosine, mmr, hrr or ce. auto and mmr are the order of the scores (the context leaves near-duplicates out), cosine is by meaning alone.</param>
    internal sealed record Request(
        string Query, int? Limit = null, int? TopK = null, string? Namespace = null, string? Universe = null, string? SessionId = null, int? TokenBudget = null, bool Persist = false,
        IReadOnlyList<string>? Retrievers = null, string? Rerank = null, string? Conversation = null, IReadOnlyList<string>? Tags = null, string? Kind = null, double? MinScore = null);

    /// <param name="Reason">Why the context is empty: <c>nothing_relevant</c> or <c>budget_too_small</c>; else null.</param>
    /// <param name="SessionMemoryId">What <c>persist</c> wrote.</param>
    internal sealed record Response(
        string Query, string Namespace, string Universe, IReadOnlyList<CandidateView> Candidates, ContextView Context, double Confidence, bool Abstained, string? Reason,
        IReadOnlyList<string> DegradedReasons, string? SessionMemoryId);

    /// <param name="Retriever">The signals that found it, joined by <c>+</c>: lexical, semantic, neighbours, context, wm.</param>
    internal sealed record CandidateView(
        string Id, string? Key, double Score, string Retriever, string Text, string Kind, string? Source, int? Line, DateTimeOffset EventTime, double Trust);

    /// <param name="Text">Numbered passages; what is not trusted is delimited and marked as data.</param>
    internal sealed record ContextView(string Text, int Tokens, IReadOnlyList<PackedCitation> Citations);

    /// <summary>What a persisted question keeps: the ids that it found, best first.</summary>
    internal sealed record Note(IReadOnlyList<string> Retrieved, string? SessionId);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapPost(prefix + "/rag/retrieve", (Request request, RequestContext context, Retrieve use, CancellationToken stop) => use.RunAsync(request, context, stop))
                .Requires(Capability.MemoryRead).WithTags("memory").WithSummary("Retrieve passages for a model, packed into a token budget.");
    }

    private async Task<Ok<Response>> RunAsync(Request request, RequestContext context, CancellationToken cancellationToken)
    {
        Check(request);
        if (request.Persist) context.Require(Capability.MemoryWrite);
        var query = new RecallQuery(
            request.Query, request.Limit ?? request.TopK ?? LimitDefault, request.Conversation, request.Tags, request.Kind, request.MinScore, RememberRequest.NamespaceOf(context, request.Namespace),
            request.Universe ?? MemoryDraft.Real);
        var known = await memory.RecallAsync(context, query, cancellationToken);
        IReadOnlyList<RecalledMemory> held = Wants(request, Working) ? await working.SearchAsync(context, request.SessionId, request.Query, null, query.Limit, cancellationToken) : [];
        var hits = Order(Fuse(known.Memories, held).Where(hit => request.Retrievers is null || hit.FoundBy.Any(name => Wants(request, name))), request.Rerank).Take(query.Limit).ToList();
        var packed = ContextPacker.Pack([.. hits.Select(static hit => hit.Passage)], request.TokenBudget ?? BudgetDefault);
        var noted = request.Persist ? await PersistAsync(request, context, hits, cancellationToken) : null;
        // Recall's own abstention stands unless working memory, which it did not see, has something.
        var abstained = hits.Count == 0 || known.Abstained && held.Count == 0;
        return TypedResults.Ok(new Response(
            request.Query, query.Namespace, query.Universe, [.. hits.Select(static hit => hit.View)], new ContextView(packed.Text, packed.Tokens, packed.Citations), known.Confidence, abstained,
            packed.Reason, [.. known.DegradedReasons, .. Missing(request)], noted));
    }

    private static void Check(Request request) =>
        Platform.Check.That(request.TokenBudget is null or (>= BudgetMin and <= BudgetMax), "token_budget", $"must be between {BudgetMin} and {BudgetMax}")
            .And(request.Retrievers is null || request.Retrievers.Count is > 0 and <= 8 && request.Retrievers.All(KnownRetrievers.Contains), "retrievers", "must be some of " + string.Join(", ", KnownRetrievers))
            .And(request.Rerank is null || KnownReranks.Contains(request.Rerank), "rerank", "must be one of " + string.Join(", ", KnownReranks))
            .And(request.SessionId is null or { Length: > 0 and <= WorkingMemory.SessionIdMax }, "session_id", $"must have 1 to {WorkingMemory.SessionIdMax} characters")
            .OrThrow();

    private static bool Wants(Request request, string retriever) =>
        request.Retrievers is not { } wanted || wanted.Contains(retriever) || retriever == "semantic" && wanted.Contains("vector");

    /// <summary>What was asked for by name and is not there.</summary>
    private static IEnumerable<string> Missing(Request request)
    {
        if (request.Retrievers?.Contains(Graph) == true) yield return "graph_unavailable";
        if (request.Rerank is "hrr" or "ce") yield return "rerank_unavailable";
    }

    /// <summary>One candidate for what both memories hold: the better score, and both names.</summary>
    private static IEnumerable<Hit> Fuse(IReadOnlyList<RecalledMemory> known, IReadOnlyList<RecalledMemory> held)
    {
        // A working memory's key is the long-term memory that holds the same words.
        var twice = held.Where(static item => item.Key is not null)
            .GroupBy(static item => item.Key!, StringComparer.Ordinal).ToDictionary(static group => group.Key, static group => group.First(), StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var hit in known)
        {
            var names = Names(hit);
            if (!twice.TryGetValue(hit.Id, out var also))
            {
                yield return new Hit(hit, hit.Score, hit.Key, names);
                continue;
            }
            seen.Add(also.Id);
            yield return new Hit(hit, Math.Max(hit.Score, also.Score), hit.Key, [.. names, Working]);
        }
        foreach (var item in held)
            if (!seen.Contains(item.Id)) yield return new Hit(item, item.Score, null, [.. Names(item), Working]);
    }

    private static List<string> Names(RecalledMemory hit)
    {
        var names = new List<string>(3);
        foreach (var name in (ReadOnlySpan<string>)["lexical", "semantic", "neighbours", "context"])
            if (hit.Signals.GetValueOrDefault(name) > 0) names.Add(name);
        return names;
    }

    private static IEnumerable<Hit> Order(IEnumerable<Hit> hits, string? rerank)
    {
        var ordered = rerank == "cosine" ? hits.OrderByDescending(static hit => hit.Memory.Signals.GetValueOrDefault("semantic")) : hits.OrderByDescending(static hit => hit.Score);
        return ordered.ThenByDescending(static hit => hit.Score).ThenByDescending(static hit => hit.Memory.EventTime).ThenBy(static hit => hit.Memory.Id, StringComparer.Ordinal);
    }

    /// <summary>Kept in the caller's own namespace, so that questions are not answered with questions.</summary>
    private async Task<string> PersistAsync(Request request, RequestContext context, List<Hit> hits, CancellationToken cancellationToken)
    {
        var note = JsonSerializer.Serialize(new Note([.. hits.Select(static hit => hit.Memory.Id)], request.SessionId), PackingJson.Default.Note);
        var draft = new MemoryDraft(
            request.Query, "episode", Ids.For(context, "rag"), "rag:" + (request.SessionId ?? context.TraceId), Conversation: request.SessionId, Namespace: "conversation/" + context.Principal.Id, Metadata: note);
        var prepared = await memories.PrepareAsync(context, draft, cancellationToken);
        var leave = await gate.LeaveAsync(context, [prepared], request.SessionId + "/" + note, cancellationToken);
        return await store.Db.WriteAsync(context.Tenant, async work =>
        {
            await leave.ClaimAsync(work);
            return await memories.WriteAsync(work, context, prepared);
        }, cancellationToken);
    }

    private sealed record Hit(RecalledMemory Memory, double Score, string? Key, IReadOnlyList<string> FoundBy)
    {
        public Passage Passage => new(Memory.Id, Memory.Text, Score, Memory.Source, Memory.Line, Memory.EventTime, Memory.Trust, Memory.Kind);

        public CandidateView View => new(Memory.Id, Key, Score, string.Join('+', FoundBy), Memory.Text, Memory.Kind, Memory.Source, Memory.Line, Memory.EventTime, Memory.Trust);
    }
}
