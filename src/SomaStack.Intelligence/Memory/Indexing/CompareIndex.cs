using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <param name="Memories">Rows that were compared.</param>
/// <param name="Differing">Memories that the index had otherwise, or had not, or had without a row; they were read again.</param>
internal sealed record Comparison(string Namespace, long Memories, long Differing, DateTimeOffset At);

/// <summary>
/// Compares every index in memory with its rows, by id and version, every few minutes and on demand, and reads again what differs. A commit
/// of the same moment is no difference: what looks like one is looked at again after the index has heard of everything committed.
/// </summary>
internal sealed partial class CompareIndex(IndexStore index, MemoryStore store, Shelves shelves, ITextEmbedder embedder, TimeProvider clock, ILogger<CompareIndex> log) : BackgroundService
{
    private const int PageSize = 5000;
    private const int Piece = 250;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Tenant, string Namespace), Comparison> _last = new();

    /// <summary>What the last comparison of a namespace found; null before the first.</summary>
    public Comparison? Last(string tenant, string @namespace) => _last.GetValueOrDefault((tenant, @namespace));

    /// <summary>Null when the index is not in memory.</summary>
    public async Task<Comparison?> RunAsync(string tenant, string @namespace, CancellationToken cancellationToken)
    {
        if (shelves.Loaded(tenant, @namespace) is null) return null;
        var shelf = await shelves.ReadyAsync(tenant, @namespace, cancellationToken);
        var (suspects, memories) = await SuspectsAsync(shelf, tenant, @namespace, cancellationToken);
        var differing = 0L;
        foreach (var ids in suspects.Chunk(Piece))
        {
            var again = await DifferingAsync(shelf, tenant, @namespace, ids, cancellationToken);
            var certain = await DifferingAsync(shelf, tenant, @namespace, [.. again.Select(static change => change.Id)], cancellationToken);
            shelf.Repair(certain);
            differing += certain.Count;
        }
        var comparison = new Comparison(@namespace, memories, differing, clock.GetUtcNow());
        _last[(tenant, @namespace)] = comparison;
        IndexMetrics.Differing(_last.Values.Sum(static one => one.Differing));
        if (differing > 0) Repaired(differing, memories);
        return comparison;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Every, clock);
            while (await timer.WaitForNextTickAsync(stoppingToken)) await AllAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task AllAsync(CancellationToken cancellationToken)
    {
        var held = shelves.Held;
        foreach (var gone in _last.Keys.Except(held)) _last.TryRemove(gone, out _);
        foreach (var (tenant, @namespace) in held)
            try
            {
                await RunAsync(tenant, @namespace, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                NotCompared(exception);
            }
    }

    /// <summary>The index is taken first, so that the rows can only be ahead of it.</summary>
    private async Task<(List<string> Ids, long Memories)> SuspectsAsync(Shelf shelf, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        var held = shelf.Capture().ToDictionary(static entry => entry.Id, static entry => (entry.Version, entry.Pending), StringComparer.Ordinal);
        var suspects = new List<string>();
        var memories = 0L;
        for (var after = ""; ;)
        {
            var page = await index.VersionsAsync(tenant, @namespace, after, PageSize, cancellationToken);
            foreach (var row in page)
                if (!held.Remove(row.Id, out var entry) || Differs(entry, row)) suspects.Add(row.Id);
            memories += page.Count;
            if (page.Count < PageSize) break;
            after = page[^1].Id;
        }
        suspects.AddRange(held.Keys);
        return (suspects, memories);
    }

    /// <summary>Those that still differ once the index has heard of all that was committed before they were read: what their rows say.</summary>
    private async Task<List<Change>> DifferingAsync(Shelf shelf, string tenant, string @namespace, string[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0) return [];
        var rows = (await store.FindAsync(tenant, ids, cancellationToken)).Where(row => row.Namespace == @namespace).ToDictionary(static row => row.Id, StringComparer.Ordinal);
        await index.SettleAsync(tenant, cancellationToken);
        await shelves.ReadyAsync(tenant, @namespace, cancellationToken);
        var differing = new List<Change>();
        foreach (var id in ids)
        {
            var held = shelf.HeldOf(id);
            if (!rows.TryGetValue(id, out var row))
            {
                if (held is not null) differing.Add(new Change(id, null));
            }
            else if (held is not { } entry || Differs(entry, new StoredVersion(id, row.Version, row.EmbeddingModel)))
            {
                differing.Add(Entries.Of(row, embedder.Model));
            }
        }
        return differing;
    }

    private bool Differs((long Version, bool Pending) held, StoredVersion row) => held.Version != row.Version || held.Pending && row.Model == embedder.Model;

    [LoggerMessage(Level = LogLevel.Warning, Message = "An index differed from its rows in {Differing} of {Memories} memories; they were read again.")]
    private partial void Repaired(long differing, long memories);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An index could not be compared with its rows; it is tried again.")]
    private partial void NotCompared(Exception exception);
}
