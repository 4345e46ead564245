using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// <c>POST /memory/import</c>: reads an export line by line, in transactions of 256 lines. Ids are kept, so that importing twice changes nothing;
/// a line that cannot be taken is told of and the others stay. Who said it, when it was recorded and how far it is trusted is believed only of
/// whoever administers the tenant; for others the import is what it is: something they say now.
/// </summary>
internal sealed class ImportMemories(MemoryStore store, Memories memories, MemoryWriter writer, LinkWriter links, WriteGate gate, TimeProvider clock)
{
    private const int Batch = 256;
    private const int FailedShown = 1000;
    private const long BytesMax = 256L << 20;
    private const double TrustMax = 0.5;

    /// <param name="Line">From 1.</param>
    internal sealed record Failed(int Line, string Code, string Detail);

    /// <param name="Imported">Lines that are new now: memories, versions and links.</param>
    /// <param name="Skipped">Lines that were there already, or whose time is over.</param>
    /// <param name="Failed">The first thousand lines that were not taken, in order.</param>
    internal sealed record Response(long Imported, long Skipped, long FailedTotal, IReadOnlyList<Failed> Failed);

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            routes.MapPost(prefix + "/memory/import", static async Task<Ok<Response>> (RequestContext context, ImportMemories use, HttpContext http, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await use.RunAsync(http.Request.Body, context, cancellationToken)))
                .Requires(Capability.MemoryWrite).WithBodyLimit(BytesMax).WithoutTimeLimit().WithoutReplay().Accepts<Stream>("application/x-ndjson", "application/jsonl", "application/json")
                .WithTags("memory").WithSummary("Import what an export wrote, one JSON document a line.");
    }

    public async Task<Response> RunAsync(Stream body, RequestContext context, CancellationToken cancellationToken)
    {
        var tally = new Tally();
        var batch = new List<(int Number, byte[]? Bytes)>(Batch);
        await foreach (var line in NdjsonLines.ReadAsync(body, cancellationToken))
        {
            batch.Add(line);
            if (batch.Count < Batch) continue;
            await TakeAsync(batch, context, tally, cancellationToken);
            batch.Clear();
        }
        if (batch.Count > 0) await TakeAsync(batch, context, tally, cancellationToken);
        return new Response(tally.Imported, tally.Skipped, tally.Total, tally.Failed);
    }

    private async Task TakeAsync(List<(int Number, byte[]? Bytes)> batch, RequestContext context, Tally tally, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (prepared, others) = (new List<(int Number, ExportLine Line, PreparedMemory Memory)>(), new List<(int Number, ExportLine Line)>());
        var failed = new List<Failed>();
        foreach (var (number, bytes) in batch)
            try
            {
                var line = Parse(bytes);
                if (line.Type != ExportLine.Memory) others.Add((number, line));
                else if (line.ExpiresAt <= now) tally.Skipped++;
                else prepared.Add((number, line, await memories.PrepareAsync(context, Draft(line, context), cancellationToken)));
            }
            catch (Problem problem)
            {
                failed.Add(new Failed(number, problem.Code.Code, problem.Detail));
            }
        if (prepared.Count > 0) await gate.AskAsync(context, [.. prepared.Select(static item => item.Memory)], cancellationToken);
        var (imported, skipped, refused) = await store.Db.WriteAsync(context.Tenant, work => WriteAsync(work, context, prepared, others, now), cancellationToken);
        tally.Add(imported, skipped, [.. failed.Concat(refused).OrderBy(static one => one.Line)]);
    }

    private async Task<(int Imported, int Skipped, List<Failed> Failed)> WriteAsync(
        DbWork work, RequestContext context, List<(int Number, ExportLine Line, PreparedMemory Memory)> prepared, List<(int Number, ExportLine Line)> others, DateTimeOffset now)
    {
        var (imported, skipped, failed) = (0, 0, new List<Failed>());
        var admin = context.Capabilities.Has(Capability.TenantAdmin);
        var fresh = new List<(ExportLine Line, PreparedMemory Memory)>();
        foreach (var (number, line, memory) in prepared)
        {
            if (await MemoryStore.FindAsync(work, memory.Id) is { } known && known.ContentHash == memory.ContentHash && known.Namespace == memory.Draft.Namespace) skipped++;
            else if (await KeyStore.IsTakenAsync(work, memory.Id)) failed.Add(new Failed(number, LifecycleProblems.IdTaken.Code, "The id belongs to another memory of yours, or to an erased one."));
            else fresh.Add((line, memory));
        }
        var written = await writer.WriteAsync(
            work, context, [.. fresh.Select(static item => item.Memory)], now, [.. fresh.Select(item => (Func<MemoryRow, MemoryRow>)(row => Shape(item.Line, row, context, admin, now)))]);
        imported += written.Count(static one => one.Created);
        skipped += written.Count(static one => !one.Created);
        foreach (var (number, line) in others)
            try
            {
                if (line.Type == ExportLine.Link ? await LinkAsync(work, context, line, now) : await VersionAsync(work, context, line, admin)) imported++;
                else skipped++;
            }
            catch (Problem problem)
            {
                failed.Add(new Failed(number, problem.Code.Code, problem.Detail));
            }
        return (imported, skipped, failed);
    }

    private async Task<bool> LinkAsync(DbWork work, RequestContext context, ExportLine line, DateTimeOffset now)
    {
        if (line.From is null || line.To is null) throw Problem.Invalid("from", "and 'to' are required");
        var link = new LinkDraft(line.From, line.To, line.Relation ?? "related", line.Weight ?? 1, line.Universe ?? MemoryDraft.Real, line.ValidFrom, line.ValidTo);
        if (await LinkStore.IsThereAsync(work, LinkWriter.IdOf(context.Tenant, link))) return false;
        return (await links.WriteAsync(work, context, link, now.ToMicros())).Created;
    }

    /// <summary>Only memories that an import brought have versions imported: nobody invents a past for another one.</summary>
    private static async Task<bool> VersionAsync(DbWork work, RequestContext context, ExportLine line, bool admin)
    {
        var version = line.ToVersion();
        if (await MemoryStore.FindAsync(work, line.Id) is not { } row || !RememberRequest.MayName(context, row.Namespace)) throw MemoryProblems.Unknown.Because("The memory of this version is not there.");
        if (row.Change != Imported || version.Version >= row.Version) return false;
        return await VersionStore.ImportAsync(work, line.Id, admin ? version : version with { Author = context.Principal.Id, Trust = Math.Min(version.Trust, TrustMax) });
    }

    private const string Imported = "imported";

    private static MemoryRow Shape(ExportLine line, MemoryRow row, RequestContext context, bool admin, DateTimeOffset now) => row with
    {
        Author = admin && line.Author is { Length: > 0 } author ? author : context.Principal.Id,
        RecordedAt = admin && line.RecordedAt is { } recordedAt ? recordedAt : now,
        Trust = admin ? row.Trust : Math.Min(row.Trust, TrustMax),
        SupersededBy = line.SupersededBy, SupersededFrom = line.SupersededBy is null ? null : line.SupersededFrom ?? now,
        SupersededAt = line.SupersededBy is null ? null : admin ? line.SupersededAt ?? now : now,
        DuplicateOf = line.DuplicateOf, Version = line.Version ?? 1, Change = Imported, ChangedBy = context.Principal.Id, ChangedAt = now,
    };

    private static MemoryDraft Draft(ExportLine line, RequestContext context) => line.ToDraft(context) with { Id = line.Id };

    private static ExportLine Parse(byte[]? bytes)
    {
        if (bytes is null) throw PlatformProblems.TooLarge.Because($"A line has at most {NdjsonLines.LineMax} bytes.");
        try
        {
            var line = JsonSerializer.Deserialize(bytes, ExportJson.Default.ExportLine);
            return line is { Type: ExportLine.Memory or ExportLine.Earlier or ExportLine.Link, Id.Length: > 0 } ? line : throw Problem.Invalid("type", "must be memory, version or link, and 'id' is required");
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because("The line is not a JSON object of the shape of an export.", exception);
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair, escaped.
            throw PlatformProblems.MalformedRequest.Because("The line is not well-formed Unicode.", exception);
        }
    }

    private sealed class Tally
    {
        public long Imported { get; private set; }

        public long Skipped { get; set; }

        public long Total { get; private set; }

        public List<Failed> Failed { get; } = [];

        public void Add(int imported, int skipped, List<Failed> failed)
        {
            Imported += imported;
            Skipped += skipped;
            Total += failed.Count;
            Failed.AddRange(failed.Take(FailedShown - Failed.Count));
        }
    }
}
