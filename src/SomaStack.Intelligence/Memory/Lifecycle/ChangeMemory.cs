using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary><c>PATCH /memory/{id}</c> and <c>POST /memory/{id}/restore</c>: a new version over the one that was read; the old one is kept.</summary>
internal sealed class ChangeMemory(MemoryStore store, Memories memories, WriteGate gate, Journal journal, Shelves shelves, ITextEmbedder embedder, TimeProvider clock)
{
    /// <summary>What is not given stays as it is.</summary>
    /// <param name="TtlSeconds">Counted from now; 1 to 315 360 000.</param>
    internal sealed record PatchRequest(
        string? Text = null, IReadOnlyList<string>? Tags = null, double? Importance = null, JsonElement? Metadata = null, DateTimeOffset? ValidTo = null, long? TtlSeconds = null);

    internal sealed record RestoreRequest(long Version);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
        {
            // The answers hold text, so the edge keeps none of them: an erasure could not reach it.
            routes.MapPatch(prefix + "/memory/{id}", static (string id, PatchRequest request, RequestContext context, ChangeMemory use, HttpContext http, CancellationToken cancellationToken) =>
                    use.PatchAsync(id, request, context, http, cancellationToken))
                .Requires(Capability.MemoryWrite).WithoutReplay().WithTags("memory").WithSummary("Change a memory; needs If-Match.");
            routes.MapPost(prefix + "/memory/{id}/restore", static (string id, RestoreRequest request, RequestContext context, ChangeMemory use, HttpContext http, CancellationToken cancellationToken) =>
                    use.RestoreAsync(id, request, context, http, cancellationToken))
                .Requires(Capability.MemoryWrite).WithoutReplay().WithTags("memory").WithSummary("Make an earlier version the present one again, as a new version.");
        }
    }

    public async Task<Ok<ReadMemory.MemoryView>> PatchAsync(string id, PatchRequest request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var expected = Routes.IfMatch(http.Request);
        var row = await ReadMemory.OwnAsync(id, context, store, clock, cancellationToken);
        if (request.Metadata is { ValueKind: not JsonValueKind.Object }) throw Problem.Invalid("metadata", "must be an object");
        var after = row with
        {
            Text = request.Text ?? row.Text, Tags = request.Tags ?? row.Tags, Importance = request.Importance ?? row.Importance, Metadata = request.Metadata?.GetRawText() ?? row.Metadata,
            ValidTo = request.ValidTo ?? row.ValidTo, ExpiresAt = MemoryLimits.Expiry(request.TtlSeconds, clock.GetUtcNow()) ?? row.ExpiresAt,
        };
        return Answer(http, await RunAsync(context, row, after, "changed", expected, cancellationToken));
    }

    public async Task<Ok<ReadMemory.MemoryView>> RestoreAsync(string id, RestoreRequest request, RequestContext context, HttpContext http, CancellationToken cancellationToken)
    {
        var row = await ReadMemory.OwnAsync(id, context, store, clock, cancellationToken);
        var expected = http.Request.Headers.IfMatch.Count == 0 ? row.Version : Routes.IfMatch(http.Request);
        if (request.Version == row.Version) return Answer(http, row);
        var kept = await VersionStore.FindAsync(store.Db, context.Tenant, id, request.Version, cancellationToken)
            ?? throw LifecycleProblems.UnknownVersion.Because($"Version {request.Version} is not in the history of this memory.");
        // When it ends by a later memory or by its time is not undone: that was no part of what it said.
        var after = row with { Text = kept.Text, Tags = kept.Tags, Metadata = kept.Metadata, Importance = kept.Importance, ValidFrom = kept.ValidFrom, ValidTo = kept.ValidTo };
        return Answer(http, await RunAsync(context, row, after, "restored", expected, cancellationToken));
    }

    /// <exception cref="Problem">412 when <paramref name="expected"/> is not the present version.</exception>
    internal async Task<MemoryRow> RunAsync(RequestContext context, MemoryRow before, MemoryRow after, string change, long expected, CancellationToken cancellationToken)
    {
        if (before.Version != expected) throw Stale(before.Version);
        var fields = Fields(before, after);
        if (fields.Count == 0) return before;
        var draft = new MemoryDraft(after.Text, after.Kind, Tags: after.Tags, Importance: after.Importance, Namespace: after.Namespace, Metadata: after.Metadata, ValidFrom: after.ValidFrom, ValidTo: after.ValidTo);
        var prepared = await memories.PrepareAsync(context, draft, cancellationToken);
        // A lifetime counts from now, so that it is compared as it was asked for.
        double? ttl = fields.Contains("expires_at") ? Math.Round((after.ExpiresAt!.Value - clock.GetUtcNow()).TotalSeconds) : null;
        var exact = $"{before.Id}/{expected}/{change}/{ttl}/{JsonSerializer.Serialize(draft, GatewayJson.Default.MemoryDraft)}";
        var leave = await gate.LeaveAsync(context, [prepared], exact, cancellationToken);
        var duplicateOf = before.Text == after.Text ? before.DuplicateOf : null;
        return await store.Db.WriteAsync(context.Tenant, async work =>
        {
            await leave.ClaimAsync(work);
            await VersionStore.KeepAsync(work, before.Id);
            var row = after with
            {
                ContentHash = prepared.ContentHash, Embedding = prepared.Encoded, EmbeddingModel = prepared.EmbeddingModel, DuplicateOf = duplicateOf,
                SimHash = duplicateOf is null ? prepared.SimHash : null, Change = change, ChangedBy = context.Principal.Id, ChangedAt = clock.GetUtcNow(),
            };
            var changed = await VersionStore.ChangeAsync(work, row, expected) ?? throw Stale(null);
            await journal.AppendAsync(work, context, MemoryEvents.Subject(before.Id), changed.Version, MemoryEvents.Changed,
                new MemoryChanged(before.Id, before.Namespace, changed.Version, change, fields) { ContentHash = changed.ContentHash }, MemoryJson.Default.MemoryChanged);
            await Facts.RewriteAsync(work, context, journal, before, changed);
            work.OnCommit(() => shelves.Apply(context.Tenant, before.Namespace, [Entries.Of(changed, embedder.Model)]));
            return changed;
        }, cancellationToken);
    }

    private static List<string> Fields(MemoryRow before, MemoryRow after)
    {
        var fields = new List<string>();
        if (before.Text != after.Text) fields.Add("text");
        if (!before.Tags.SequenceEqual(after.Tags, StringComparer.Ordinal)) fields.Add("tags");
        if (before.Importance != after.Importance) fields.Add("importance");
        if (before.Metadata != after.Metadata) fields.Add("metadata");
        if (before.ValidFrom != after.ValidFrom) fields.Add("valid_from");
        if (before.ValidTo != after.ValidTo) fields.Add("valid_to");
        if (before.ExpiresAt != after.ExpiresAt) fields.Add("expires_at");
        return fields;
    }

    private static Problem Stale(long? present) =>
        PlatformProblems.VersionMismatch.Because(present is null ? "Another change came first." : $"The present version is {present}.");

    private static Ok<ReadMemory.MemoryView> Answer(HttpContext http, MemoryRow row)
    {
        http.Response.Headers.ETag = Routes.ETag(row.Version);
        return TypedResults.Ok(ReadMemory.View(row));
    }
}
