using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Kind">promotion or rollback.</param>
/// <param name="Items">Questions that the comparison rests on.</param>
internal sealed record PromotionView(
    string Id, string RunId, string Kind, string Role, string Task, string Primary, string? Candidate, double PrimaryScore, Interval PrimaryInterval, double? CandidateScore, Interval? CandidateInterval,
    long Items, string Reason, string Status, DateTimeOffset CreatedAt, DateTimeOffset? DecidedAt, string? DecidedBy);

/// <summary><c>GET /v1/promotions</c> and <c>POST /v1/promotions/{id}/accept|reject</c>: a person decides about what the numbers suggest.</summary>
internal sealed class DecidePromotions(PromotionStore store, IPrimaryModels primaries, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/promotions", (RequestContext context, DecidePromotions use, string? status, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(context, status, cursor, limit, cancellationToken)).Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("Changes of primary models that the scores suggest, newest first.");
        routes.MapPost("/v1/promotions/{id}/accept", (string id, RequestContext context, DecidePromotions use, CancellationToken cancellationToken) =>
            use.AcceptAsync(context, id, cancellationToken)).Requires(Capability.TenantAdmin).WithTags("benchmarks").WithSummary("Makes the suggested model the primary of its role.");
        routes.MapPost("/v1/promotions/{id}/reject", (string id, RequestContext context, DecidePromotions use, CancellationToken cancellationToken) =>
            use.DecideAsync(context, id, "rejected", cancellationToken)).Requires(Capability.TenantAdmin).WithTags("benchmarks").WithSummary("Leaves the primary model as it is.");
    }

    public async Task<PromotionView> AcceptAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await OpenAsync(context, id, cancellationToken);
        if (row.Suggestion.Candidate is not { } candidate) throw BenchmarkProblems.NoCandidate.Because($"No model that was measured reached the threshold of {row.Suggestion.Task}.");
        // The profile belongs to another room: first it, then the decision. A crash in between leaves the suggestion open, and accepting again is harmless.
        await primaries.PromoteAsync(context, row.Suggestion.Role, candidate, cancellationToken);
        return await DecideAsync(context, id, "accepted", cancellationToken);
    }

    public async Task<PromotionView> DecideAsync(RequestContext context, string id, string decision, CancellationToken cancellationToken)
    {
        var row = await OpenAsync(context, id, cancellationToken);
        if (!await store.DecideAsync(context, row, decision, clock.NowMicros(), cancellationToken)) throw Decided();
        return View((await store.FindAsync(context.Tenant, id, cancellationToken))!);
    }

    private async Task<Page<PromotionView>> ListAsync(RequestContext context, string? status, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        Check.That(status is null or "open" or "accepted" or "rejected", "status", "must be open, accepted or rejected").OrThrow();
        var size = Cursor.Limit(limit);
        var (at, before) = Before(cursor);
        var rows = await store.ListAsync(context.Tenant, status ?? "", at, before, size + 1, cancellationToken);
        var page = Cursor.Page(rows, size, static row => string.Create(CultureInfo.InvariantCulture, $"{row.CreatedAt} {row.Id}"));
        return new Page<PromotionView>([.. page.Data.Select(View)], page.NextCursor);
    }

    private async Task<PromotionRow> OpenAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw BenchmarkProblems.PromotionUnknown.Because("There is no suggestion of this id.");
        return row.Status == "open" ? row : throw Decided();
    }

    private static Problem Decided() => BenchmarkProblems.PromotionDecided.Because("It was accepted or rejected before.");

    private static PromotionView View(PromotionRow row) => new(
        row.Id, row.RunId, row.Suggestion.Kind, row.Suggestion.Role, row.Suggestion.Task, row.Suggestion.Primary, row.Suggestion.Candidate, row.Suggestion.PrimaryScore, row.Suggestion.PrimaryInterval,
        row.Suggestion.CandidateScore, row.Suggestion.CandidateInterval, row.Suggestion.Items, row.Suggestion.Reason, row.Status, row.CreatedAt.ToInstant(), row.DecidedAt?.ToInstant(), row.DecidedBy);

    private static (long At, string Id) Before(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } text) return (long.MaxValue, "");
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && long.TryParse(text.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? (at, text[(space + 1)..])
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
