using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Gives memories that were written without a vector theirs, newest first, and renews all when the model is another than before. What is
/// left to do is read from the rows, so that a crash loses nothing. A vector is a projection: it changes no version.
/// </summary>
internal sealed partial class EmbedLater(IndexStore store, Shelves shelves, ITextEmbedder embedder, TimeProvider clock, ILogger<EmbedLater> log) : BackgroundService
{
    /// <summary>About .1 s of embedding: a stop waits no longer, and a commit of so many is still cheap.</summary>
    internal const int Batch = 32;

    /// <summary>Other replicas ring elsewhere.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(1);

    private long _reported;
    private bool _renewed;

    /// <summary>Works until nothing waits any more.</summary>
    /// <returns>How many memories were looked at.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var done = 0;
        while (embedder.Unavailability is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var step = await StepAsync(cancellationToken);
            done += step;
            if (step == 0) break;
            if (Stopwatch.GetElapsedTime(_reported) > ReportEvery) await ReportAsync(cancellationToken);
        }
        if (done > 0 || Stopwatch.GetElapsedTime(_reported) > ReportEvery) await ReportAsync(cancellationToken);
        return done;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = shelves.Waiting.Next;
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await next.WaitAsync(Look, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One batch; several replicas may take the same one, which costs time and changes nothing.</summary>
    private async Task<int> StepAsync(CancellationToken cancellationToken)
    {
        var waiting = await store.WaitingAsync(Batch, cancellationToken);
        if (waiting.Count == 0 && !_renewed)
        {
            waiting = await store.OfAnotherModelAsync(embedder.Model, Batch, cancellationToken);
            _renewed = waiting.Count == 0;
        }
        if (waiting.Count == 0) return 0;
        var vectors = new byte[]?[waiting.Count];
        for (var i = 0; i < vectors.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var vector = embedder.Embed(waiting[i].Row.Text);
            // The weights went missing: nothing is said of the texts.
            if (embedder.Unavailability is not null) return 0;
            vectors[i] = vector is null ? null : Quantised.Encode(vector);
        }
        await store.Db.WriteAsync(Db.AllTenants, work => WriteAsync(work, waiting, vectors), cancellationToken);
        return waiting.Count;
    }

    private async Task WriteAsync(DbWork work, List<Unembedded> waiting, byte[]?[] vectors)
    {
        var written = new List<Unembedded>(waiting.Count);
        for (var i = 0; i < vectors.Length; i++)
            if (await IndexStore.EmbedAsync(work, waiting[i], vectors[i], embedder.Model))
                written.Add(waiting[i] with { Row = waiting[i].Row with { Embedding = vectors[i], EmbeddingModel = embedder.Model } });
        work.OnCommit(() =>
        {
            foreach (var shelf in written.GroupBy(static one => (one.Tenant, one.Row.Namespace)))
                shelves.Apply(shelf.Key.Tenant, shelf.Key.Namespace, [.. shelf.Select(one => Entries.Of(one.Row, embedder.Model))]);
        });
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        var (count, oldest) = await store.BacklogAsync(cancellationToken);
        IndexMetrics.Backlog(count, oldest is { } since ? Math.Max(0, (clock.NowMicros() - since) / 1e6) : 0);
        _reported = Stopwatch.GetTimestamp();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Embeddings that wait could not be made; it is tried again.")]
    private partial void Failed(Exception exception);
}
