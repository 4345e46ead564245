using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(AskedAction))]
internal sealed partial class RecordingJson : JsonSerializerContext;

/// <summary>
/// Keeps a sample of what the gate was asked. It never holds an action up: what does not fit is left out and counted, since the journal
/// is the record and this only serves trying policies out.
/// </summary>
internal sealed partial class ActionRecorder(Db db, TimeProvider clock, ILogger<ActionRecorder> logger) : BackgroundService
{
    /// <summary>Of one tenant, each second.</summary>
    public const int PerTenant = 16;

    /// <summary>Larger arguments are left out, as they would fill the table.</summary>
    public const int ArgumentsMax = 8 << 10;

    private const int Waiting = 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<RecordedAction> _asked = Channel.CreateBounded<RecordedAction>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    public void Offer(RequestContext context, GatedAction action, Decision decision)
    {
        if (action.Arguments.Length > ArgumentsMax || _asked.Reader.Count >= Waiting)
        {
            PolicyMetrics.NotRecorded();
            return;
        }
        var now = clock.GetUtcNow();
        var recorded = new RecordedAction(context.Tenant, Ids.New(clock), now, AskedAction.Of(context, action, now), decision.Verdict, decision.PolicyVersion);
        if (!_asked.Writer.TryWrite(recorded)) PolicyMetrics.NotRecorded();
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var tenants = new Dictionary<string, List<RecordedAction>>(StringComparer.Ordinal);
        while (_asked.Reader.TryRead(out var action))
        {
            if (!tenants.TryGetValue(action.Tenant, out var actions)) tenants.Add(action.Tenant, actions = []);
            if (actions.Count < PerTenant) actions.Add(action);
            else PolicyMetrics.NotRecorded();
        }
        foreach (var (tenant, actions) in tenants)
            await db.WriteAsync(tenant, work => RecordedActionStore.AddAsync(work, tenant, actions), cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // None is a figure too, and a scraper should see it.
        PolicyMetrics.NotRecorded(0);
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await FlushAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogFailure(logger, exception);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; the sample may miss its last second.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Actions could not be recorded for trying policies on them; decisions are not affected")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
