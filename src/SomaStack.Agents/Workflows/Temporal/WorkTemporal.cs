using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;
using Temporalio.Worker;

namespace SomaStack.Agents.Workflows;

/// <summary>The workers of this process: one for workflows and what reads and writes for them, one for effects. On replicas with the role <c>worker</c>.</summary>
internal sealed partial class WorkTemporal(TemporalLink link, RunActivities activities, SomaOptions options, TimeProvider clock, ILogger<WorkTemporal> log) : BackgroundService
{
    private const int WorkflowsCached = 2048;
    private const int WritesMost = 64;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    /// <summary>A cancelled effect hears of it within this.</summary>
    private static readonly TimeSpan Throttle = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var runs = new TemporalWorker(link.Client, RunsOptions());
                using var effects = new TemporalWorker(link.Client, EffectsOptions());
                await TogetherAsync(runs, effects, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Ended(log, exception);
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private TemporalWorkerOptions RunsOptions() =>
        new TemporalWorkerOptions(options.TemporalQueue) { MaxCachedWorkflows = WorkflowsCached, MaxConcurrentActivities = WritesMost, GracefulShutdownTimeout = Grace }
            .AddWorkflow<RunWorkflow>().AddActivity(activities.OpenAsync).AddActivity(activities.TakeAsync).AddActivity(activities.RecordAsync);

    private TemporalWorkerOptions EffectsOptions() =>
        new TemporalWorkerOptions(TemporalLink.EffectsQueueOf(options.TemporalQueue))
        {
            MaxConcurrentActivities = WorkflowsModule.EffectsMost, MaxHeartbeatThrottleInterval = Throttle, GracefulShutdownTimeout = Grace,
        }.AddActivity(activities.CarryAsync);

    /// <summary>When one of them ends, so does the other.</summary>
    private static async Task TogetherAsync(TemporalWorker runs, TemporalWorker effects, CancellationToken stoppingToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] working = [runs.ExecuteAsync(both.Token), effects.ExecuteAsync(both.Token)];
        await Task.WhenAny(working);
        await both.CancelAsync();
        await Task.WhenAll(working);
    }

    [LoggerMessage(LogLevel.Error, "The workers of Temporal ended; they are started again.")]
    private static partial void Ended(ILogger log, Exception exception);
}
