using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Asks the configured model what a memory states, after the memory was committed. It adds facts and never touches the memory. A memory
/// whose answer cannot be used is tried again with growing pauses and then marked as failed, with the reason.
/// </summary>
internal sealed partial class ExtractWithModel(
    ExtractionStore store, FactStore facts, IModelAnswers answers, IModeration moderation, ISettings settings, SomaOptions options, Journal journal, TimeProvider clock,
    ILogger<ExtractWithModel> log) : BackgroundService
{
    public const string Consumer = "memory.extractions";

    /// <summary>An answer that is no JSON will hardly become it; a server that is away comes back: the pauses add up to a quarter of an hour.</summary>
    private const int GarbledAttempts = 3;
    private const int Attempts = 8;
    private const int Batch = 16;
    private const int OutputTokensMax = 1024;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>When a model is configured for the first time, what was remembered before is not sent to it.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(1);

    /// <summary>The built-in responder quotes; it extracts nothing.</summary>
    public static bool IsConfigured(SomaOptions options) =>
        (options.OpenAiUrl is { Length: > 0 } || options.AnthropicKey is not null || options.ProvidersFile is not null) && options.Model != new SomaOptions().Model;

    /// <summary>Hears of a memory, in the transaction that moves the consumer on.</summary>
    public static async Task HearAsync(JournalLine line, DbWork work, string model, TimeProvider clock)
    {
        if (line.OccurredAt < clock.GetUtcNow() - Fresh || JsonSerializer.Deserialize(line.Data, MemoryJson.Default.Remembered) is not { } remembered || !Facts.IsRead(remembered.Kind)) return;
        await ExtractionStore.AddAsync(work, remembered.Id, model, clock.NowMicros());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Poll, clock);
        do
        {
            try
            {
                while (await SweepAsync(stoppingToken) == Batch) { }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many were due.</returns>
    private async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var due = await store.DueAsync(clock.NowMicros(), Batch, cancellationToken);
        foreach (var one in due)
            if (await store.ClaimAsync(one, Later(Lease), clock.NowMicros(), cancellationToken)) await RunAsync(one, cancellationToken);
        return due.Count;
    }

    private async Task RunAsync(DueExtraction due, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        // One memory's refused words are no strike against another's.
        var context = RequestContext.ForSystem(due.Tenant, settings.Mode) with { Principal = new Principal("memory/" + due.MemoryId, "system") };
        try
        {
            if (await MemoryAsync(due, cancellationToken) is not { } memory) return;
            var looked = await moderation.CheckAsync(context, ModerationStage.Memory, memory.Text, cancellationToken);
            if (looked.Blocked) throw MemoryProblems.Denied.Because("The moderation rules stop this text.");
            // What is redacted is neither read by the model nor believed: a fact has to stand in the text that it was given.
            var text = looked.Redacted ?? memory.Text;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var answer = await answers.AnswerAsync(context, Ask(text, looked.Labels), patience.Token);
            if (StatedFacts.Read(answer.Response.Text, text) is not { } read) throw new GarbledException();
            await DoneAsync(context, due, memory, answer.Receipt.Model, read.Facts);
            FactsMetrics.Refused.Add(read.Refused);
            FactsMetrics.Ended("done", Stopwatch.GetElapsedTime(started));
        }
        catch (Exception exception) when (exception is not System.Data.Common.DbException && !cancellationToken.IsCancellationRequested)
        {
            await FailAsync(due, exception);
            FactsMetrics.Ended("failed", Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>The call is governed as every other: gate, reservation, fallbacks, settlement and its lines in the journal are Inference's.</summary>
    private ModelRequest Ask(string text, IReadOnlyList<string> taints) => new(
        options.Model, [new ChatMessage(ChatRole.System, StatedFacts.Instructions), new ChatMessage(ChatRole.User, text)],
        new ChatOptions { MaxOutputTokens = OutputTokensMax, Temperature = 0, ResponseFormat = ChatResponseFormat.Json },
        "extraction", TextDigest.Of(text), Encoding.UTF8.GetByteCount(text) + StatedFacts.Instructions.Length) { Taints = taints };

    private async Task<MemoryRow?> MemoryAsync(DueExtraction due, CancellationToken cancellationToken) => await store.Db.WriteAsync(due.Tenant, async work =>
    {
        var memory = await MemoryStore.FindAsync(work, due.MemoryId);
        if (memory is null) await FactStore.DropAsync(work, due.MemoryId);
        return memory;
    }, cancellationToken);

    /// <summary>Facts, journal line and status in one transaction; nothing when the memory changed or went meanwhile.</summary>
    private async Task DoneAsync(RequestContext context, DueExtraction due, MemoryRow memory, string model, IReadOnlyList<RelationMention> stated)
    {
        var extractor = "model:" + model;
        var known = (await facts.OfMemoryAsync(due.Tenant, memory.Id, CancellationToken.None)).Select(static fact => (Entities.Normalise(fact.Subject), fact.Predicate, Entities.Normalise(fact.Object))).ToHashSet();
        var fresh = stated.Where(fact => !known.Contains((Entities.Normalise(fact.Subject), fact.Predicate, Entities.Normalise(fact.Object)))).ToList();
        await store.Db.WriteAsync(due.Tenant, async work =>
        {
            if (await MemoryStore.FindAsync(work, memory.Id) is not { } now) return;
            var same = now.Text == memory.Text;
            // What is recorded now was not known when the memory was: known_at must not claim it.
            var rows = fresh.Select((fact, i) => Facts.Row(now, fact, Facts.ModelOrdinal + i, extractor) with { RecordedAt = clock.NowMicros() }).ToList();
            if (same && rows.Count > 0) await Facts.AddAsync(work, context, journal, now, rows, extractor);
            await ExtractionStore.SetAsync(work, memory.Id, same ? "done" : "pending", null, model, clock.NowMicros(), clock.NowMicros());
        }, CancellationToken.None);
    }

    private async Task FailAsync(DueExtraction due, Exception exception)
    {
        var attempt = due.Attempts + 1;
        // What a rule or the policy forbids stays forbidden.
        var final = attempt >= (exception is GarbledException ? GarbledAttempts : Attempts) || exception is Problem { Code.Kind: ProblemKind.Forbidden };
        var pause = TimeSpan.FromSeconds(Math.Min(FirstPause.TotalSeconds * Math.Pow(4, attempt - 1), LongestPause.TotalSeconds));
        await store.Db.WriteAsync(due.Tenant, work =>
            ExtractionStore.SetAsync(work, due.MemoryId, final ? "failed" : "pending", Reason(exception), options.Model, Later(pause), clock.NowMicros()), CancellationToken.None);
        LogAttempt(due.MemoryId, attempt, Reason(exception));
    }

    /// <summary>A stable word, never the provider's own: those may repeat the text.</summary>
    private static string Reason(Exception exception) => exception switch
    {
        GarbledException => "answer_unusable",
        Problem problem => problem.Code.Code,
        OperationCanceledException => "timeout",
        _ => "unexpected",
    };

    private long Later(TimeSpan pause) => (clock.GetUtcNow() + pause).ToMicros();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The model's part of memory {MemoryId} failed at attempt {Attempt}: {Reason}.")]
    private partial void LogAttempt(string memoryId, long attempt, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Waiting extractions could not be read; trying again.")]
    private partial void LogFailure(Exception exception);

    private sealed class GarbledException : Exception;
}
