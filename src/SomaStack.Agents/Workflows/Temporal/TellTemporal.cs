using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;
using Temporalio.Api.Enums.V1;
using Temporalio.Client;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Tells Temporal's server that a run has begun or that something came for it. A replica with the role <c>worker</c> also looks, every few seconds,
/// for what the server did not hear: it was away, or the process died between the commit and the call. Told twice is told once.
/// </summary>
internal sealed partial class TellTemporal(TemporalLink link, RunStore store, TemporalRunStore own, JournalRunHost journal, SomaOptions options, TimeProvider clock, ILogger<TellTemporal> log) : BackgroundService
{
    private const int Callers = 16;
    private const int WaitingMost = 10_000;

    private static readonly TimeSpan AtStart = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly Channel<(string Tenant, string Run)> _heard = Channel.CreateBounded<(string, string)>(WaitingMost);
    private readonly ConcurrentDictionary<(string Tenant, string Run), bool> _waiting = new();
    private Dictionary<(string Tenant, string Run), Asked> _asked = [];

    /// <summary>What went wrong when the server was last told something; null when nothing did.</summary>
    public string? Trouble { get; private set; }

    /// <summary>More than fits is left to the next look.</summary>
    public void Hear(string tenant, string run)
    {
        if (_waiting.TryAdd((tenant, run), true) && !_heard.Writer.TryWrite((tenant, run))) _waiting.TryRemove((tenant, run), out _);
    }

    /// <summary>There is no way round it: a server that is told to use Temporal does not begin without it.</summary>
    /// <exception cref="Problem">503 <c>temporal_unreachable</c>.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await link.CheckAsync(AtStart, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Enumerable.Range(0, Callers).Select(_ => TellAsync(stoppingToken)).Append(options.HasRole("worker") ? LookAsync(stoppingToken) : Task.CompletedTask));

    private async Task TellAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var (tenant, run) in _heard.Reader.ReadAllAsync(stoppingToken))
            {
                // What comes from now on is told again.
                _waiting.TryRemove((tenant, run), out _);
                try
                {
                    await TellAsync(tenant, run, stoppingToken);
                    Trouble = null;
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    Trouble = exception.Message;
                    NotTold(log, run, exception.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; whoever looks next tells the rest.
        }
    }

    /// <summary>Starts the run's workflow, or wakes it.</summary>
    public async Task TellAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(tenant, run, cancellationToken) is not { } row) return;
        if (row.Identity.Host != TemporalRunHost.HostName)
        {
            journal.Hear(tenant, run);
            return;
        }
        var told = row.Inbox > row.Taken;
        if (!told && (row.EndedAt is not null || row.Epoch > 0)) return;
        var start = new WorkflowOptions(TemporalRunHost.IdOf(tenant, run), options.TemporalQueue)
        {
            IdConflictPolicy = WorkflowIdConflictPolicy.UseExisting, IdReusePolicy = WorkflowIdReusePolicy.AllowDuplicate,
            Rpc = new RpcOptions { CancellationToken = cancellationToken, Timeout = TimeSpan.FromSeconds(10) },
        };
        if (told) start.SignalWithStart(RunWorkflow.Told, []);
        await link.Client.StartWorkflowAsync((RunWorkflow workflow) => workflow.RunAsync(new RunReference(tenant, run)), start);
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Look, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested) return;
            try
            {
                await LookOnceAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                NotLooked(log, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Hears of every run that the server has not heard of; of the same again after ever longer pauses, since each signal is kept in its workflow's history.</summary>
    /// <returns>Of how many.</returns>
    public async Task<int> LookOnceAsync(CancellationToken cancellationToken)
    {
        var (now, asked, count) = (clock.NowMicros(), new Dictionary<(string, string), Asked>(), 0);
        foreach (var (tenant, run, inbox) in await own.UntoldAsync(cancellationToken))
        {
            var before = _asked.TryGetValue((tenant, run), out var known) && known.Inbox == inbox ? known : new Asked(inbox, now, Look);
            if (before.NextAt > now)
            {
                asked[(tenant, run)] = before;
                continue;
            }
            Hear(tenant, run);
            count++;
            asked[(tenant, run)] = new Asked(inbox, now + (long)before.Pause.TotalMicroseconds, before.Pause * 2 > LongestPause ? LongestPause : before.Pause * 2);
        }
        _asked = asked;
        return count;
    }

    private readonly record struct Asked(long Inbox, long NextAt, TimeSpan Pause);

    [LoggerMessage(LogLevel.Warning, "Temporal was not told about run {Run}; it is told again. {Why}")]
    private static partial void NotTold(ILogger log, string run, string why);

    [LoggerMessage(LogLevel.Warning, "Runs that Temporal has not heard of could not be looked for; this is tried again.")]
    private static partial void NotLooked(ILogger log, Exception exception);
}
