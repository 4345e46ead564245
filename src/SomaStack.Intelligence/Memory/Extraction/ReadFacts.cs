using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>GET /memory/{id}/facts</c>: what one memory states; <c>GET /facts</c>: what is known of a subject, at a time, as known at a time.</summary>
internal static class ReadFacts
{
    private const int NameMax = 200;

    /// <param name="Status">none, deterministic, pending, done or failed.</param>
    /// <param name="Error">Why the model's part failed; null otherwise.</param>
    internal sealed record MemoryFacts(IReadOnlyList<KnownFact> Data, string ExtractionStatus, string? ExtractionError);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            routes.MapGet(prefix + "/memory/{id}/facts", OfMemoryAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("What one memory states.");
            routes.MapGet(prefix + "/facts", FindAsync).Requires(Capability.MemoryRead).WithTags("memory").WithSummary("What is known of a subject, newest first.");
        }
    }

    private static async Task<Ok<MemoryFacts>> OfMemoryAsync(string id, RequestContext context, MemoryStore memories, FactStore facts, ExtractionStore extractions, CancellationToken cancellationToken)
    {
        await OwnAsync(id, context, memories, cancellationToken);
        var known = await facts.OfMemoryAsync(context.Tenant, id, cancellationToken);
        var (status, error) = await extractions.StatusAsync(context.Tenant, id, known.Count > 0, cancellationToken);
        return TypedResults.Ok(new MemoryFacts(known, status, error));
    }

    /// <param name="as_of">What held then; all times when it is not given.</param>
    /// <param name="known_at">What was recorded by then; now when it is not given.</param>
    private static async Task<Ok<Page<KnownFact>>> FindAsync(
        RequestContext context, FactStore facts, string? subject, string? predicate, DateTimeOffset? as_of, DateTimeOffset? known_at, string? @namespace, string? universe, int? limit, string? cursor,
        CancellationToken cancellationToken)
    {
        Check.That(subject is null or { Length: > 0 and <= NameMax }, "subject", $"must have 1 to {NameMax} characters")
            .And(predicate is null or { Length: > 0 and <= NameMax }, "predicate", $"must have 1 to {NameMax} characters")
            .And(universe is null or { Length: > 0 and <= NameMax }, "universe", $"must have 1 to {NameMax} characters")
            .OrThrow();
        var size = Cursor.Limit(limit);
        var query = new FactQuery(
            RememberRequest.NamespaceOf(context, @namespace), universe ?? MemoryDraft.Real, subject is null ? "" : Facts.SubjectKey(subject, context.Principal.Id), predicate ?? "",
            as_of?.ToMicros(), known_at?.ToMicros() ?? long.MaxValue, After(cursor), size + 1);
        var rows = await facts.FindAsync(context.Tenant, query, cancellationToken);
        return TypedResults.Ok(Cursor.Page(rows, size, static row => string.Create(CultureInfo.InvariantCulture, $"{row.ValidFrom.ToMicros()} {row.Id}")));
    }

    /// <summary>Another principal's conversation looks like nothing at all.</summary>
    private static async Task OwnAsync(string id, RequestContext context, MemoryStore memories, CancellationToken cancellationToken)
    {
        var missing = MemoryProblems.Unknown.Because("There is no memory of this id.");
        var row = await memories.FindAsync(context.Tenant, id, cancellationToken) ?? throw missing;
        try
        {
            RememberRequest.NamespaceOf(context, row.Namespace);
        }
        catch (Problem problem) when (problem.Code == MemoryProblems.PrivateNamespace)
        {
            throw missing;
        }
    }

    private static (long ValidFrom, string Id)? After(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } text) return null;
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && long.TryParse(text.AsSpan(0, space), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at)
            ? (at, text[(space + 1)..])
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
