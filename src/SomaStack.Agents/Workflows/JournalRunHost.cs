using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// The runner on the database. A replica drives the runs whose rows name it: their state is in memory, their histories are read only when it
/// takes one over. What it decides is committed before anything is done about it, and what was done is committed before it is used.
/// </summary>
internal sealed partial class JournalRunHost(
    Db db, RunStore store, RunWriter writer, RunInputStore inputs, RunProgress progress, RunEffects effects, FairSlots slots, IKillSwitch killSwitch,
    TimeProvider clock, ILogger<JournalRunHost> log) : IRunHost, IDisposable
{
    /// <summary>Runs in memory; what begins beyond that waits in the database for a place.</summary>
    public const int HotMost = 4096;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Tenant, string Run), HotRun> _hot = new();
    private CancellationTokenSource _life = new();

    public string Name => "journal";

    /// <summary>Rings when a run may have fallen due that nobody drives.</summary>
    public JournalSignal Due { get; } = new();

    public int Free => HotMost - _hot.Count;

    /// <summary>This replica as an owner; empty while it may drive nothing.</summary>
    public string Replica { get; private set; } = "";

    /// <summary>From now on it may drive runs under this name.</summary>
    public void Enlist(string replica)
    {
        _life = new CancellationTokenSource();
        Replica = replica;
    }

    /// <summary>Forgets everything at once, without a word to the database: what it wrote after this would be refused or is repeated by the next owner.</summary>
    public async Task ForgetAsync()
    {
        Replica = "";
        await _life.CancelAsync();
        foreach (var run in _hot.Values) Drop(run);
    }

    /// <summary>Begins no more effects, lets those under way end for a while, and forgets what is left.</summary>
    public async Task DrainAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        Replica = "";
        foreach (var run in _hot.Values) run.Drain();
        var ended = Task.WhenAll(_hot.Values.Select(static run => run.Idle));
        await Task.WhenAny(ended, Task.Delay(atMost, clock, cancellationToken));
        await ForgetAsync();
    }

    public void Dispose() => _life.Dispose();

    public async Task StartAsync(RunBeginning beginning, CancellationToken cancellationToken)
    {
        // Beyond what fits, and on a replica that drives nothing, it waits for whoever has a place.
        var replica = Free > 0 ? Replica : "";
        var step = progress.Begin(beginning, replica);
        if (await PersistAsync(step, cancellationToken) == WriteOutcome.Done) Adopt(step, replica.Length > 0);
    }

    public async Task TellAsync(RequestContext context, string run, RunInput input, CancellationToken cancellationToken)
    {
        await inputs.KeepAsync(context.Tenant, run, input, clock.NowMicros(), cancellationToken);
        Hear(context.Tenant, run);
    }

    /// <summary>Something was kept for the run: by this process, or by another that said so.</summary>
    public void Hear(string tenant, string run)
    {
        if (_hot.TryGetValue((tenant, run), out var hot)) Post(hot, null);
        else Due.Ring();
    }

    /// <summary>Drives a run that this replica has claimed: reads its history and goes on where it stands.</summary>
    public async Task TakeAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (Stopped(row.Tenant, row.Identity.Capsule) is { } reason)
        {
            await store.ReleaseAsync(row, null, reason, cancellationToken);
            return;
        }
        var state = await progress.ReadAsync(row, cancellationToken);
        var run = new HotRun(row, state, _life.Token);
        if (!_hot.TryAdd((row.Tenant, row.Id), run))
        {
            // An earlier ownership of this process has not noticed yet that it is over.
            if (_hot.TryGetValue((row.Tenant, row.Id), out var stale)) Drop(stale);
            _hot[(row.Tenant, row.Id)] = run;
        }
        WorkflowMetrics.Hot.Add(1);
        Post(run, null);
    }

    /// <summary>A run that could not be taken on is tried again after a while.</summary>
    public async Task PutBackAsync(RunRow row, Exception why)
    {
        Stuck(log, row.Id, why);
        await store.ReleaseAsync(row, (clock.GetUtcNow() + LongestPause).ToMicros(), null, CancellationToken.None);
    }

    /// <summary>Ends what runs of stopped tenants and capsules do here, and gives those runs back as paused: they fail for nothing that was not theirs.</summary>
    public async Task PauseEngagedAsync()
    {
        foreach (var run in _hot.Values)
            if (Stopped(run.Row.Tenant, run.Row.Identity.Capsule) is { } reason) await PauseAsync(run, reason);
    }

    private string? Stopped(string tenant, string capsule) => killSwitch.Stopped(tenant, new KillTarget(KillScope.Capsule, capsule))?.Detail;

    private async Task PauseAsync(HotRun run, string reason)
    {
        Drop(run);
        try
        {
            await store.ReleaseAsync(run.Row, null, reason, CancellationToken.None);
        }
        catch (Exception exception)
        {
            NotReleased(log, run.Row.Id, exception);
        }
    }

    private void Adopt(Step step, bool mine)
    {
        if (!mine)
        {
            if (step.Write.After.WakeAt is not null) Due.Ring();
            return;
        }
        if (step.Write.After.Owner.Length == 0) return;
        var run = new HotRun(step.Write.After, step.State, _life.Token);
        if (!_hot.TryAdd((run.Row.Tenant, run.Row.Id), run)) return;
        WorkflowMetrics.Hot.Add(1);
        if (!run.TryDrive()) return;
        WorkflowMetrics.FirstEffect.Record(TimeSpan.FromMicroseconds(clock.NowMicros() - run.Row.Identity.CreatedAt).TotalSeconds);
        // The first effects go out before the caller hears of the start.
        Carry(run, step.Due);
        _ = DriveAsync(run);
    }

    private void Post(HotRun run, RunInput? input)
    {
        if (run.Add(input)) _ = DriveAsync(run);
    }

    /// <summary>One at a time for each run: takes what has come, decides, commits, and only then does what is due.</summary>
    private async Task DriveAsync(HotRun run)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (run.Take() is { } came)
            {
                var step = await DecideAsync(run, came);
                if (step.Write.Events.Count == 0 && step.Write.After.Taken == run.Row.Taken && step.Write.After.Owner.Length > 0)
                {
                    run.Became(step.State, run.Row);
                    Carry(run, step.Due);
                    continue;
                }
                if (await PersistAsync(step, run.Token) == WriteOutcome.Refused)
                {
                    TakenOver(log, run.Row.Id);
                    WorkflowMetrics.Fenced.Add(1);
                    Drop(run);
                    return;
                }
                run.Became(step.State, step.Write.After);
                // What it begins to wait for may have been decided before, and was then kept with this step.
                if (step.Write.Approvals.Count > 0) run.Add(null);
                if (step.Write.After.Owner.Length == 0)
                {
                    Drop(run);
                    if (step.Write.After.WakeAt is not null || step.Write.Report is not null || run.HasMore) Due.Ring();
                    if (step.Write.Report is { } report) Hear(run.Row.Tenant, report.Run);
                    return;
                }
                if (step.Write.Report is { } told) Hear(run.Row.Tenant, told.Run);
                Carry(run, step.Due);
            }
        }
        catch (OperationCanceledException) when (run.Token.IsCancellationRequested)
        {
            // It is nobody's here any more.
        }
        catch (Exception exception)
        {
            // A fault of the program: the run stays where it is and is tried again, never passed off as failed or done.
            Stuck(log, run.Row.Id, exception);
            await GiveUpAsync(run);
        }
    }

    private async Task<Step> DecideAsync(HotRun run, Came came)
    {
        var taken = run.Row.Taken;
        List<RunInput> all = [.. came.Inputs];
        if (came.Told)
            foreach (var (number, input) in await ReadInputsAsync(run, taken))
            {
                all.Add(input);
                taken = number;
            }
        return progress.Next(run, all, taken);
    }

    private async Task<List<(long Number, RunInput Input)>> ReadInputsAsync(HotRun run, long after)
    {
        for (var pause = FirstPause; ; pause = Longer(pause))
            try
            {
                return await inputs.ReadAsync(run.Row.Tenant, run.Row.Id, after, run.Token);
            }
            catch (System.Data.Common.DbException exception)
            {
                DatabaseAway(log, run.Row.Id, exception);
                await Task.Delay(pause, clock, run.Token);
            }
    }

    /// <summary>The database may be away for a while: the same step is written again until it holds or is refused.</summary>
    private async Task<WriteOutcome> PersistAsync(Step step, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = Longer(pause))
            try
            {
                return await writer.WriteAsync(step.Write);
            }
            catch (Exception exception) when (db.IsUniqueViolation(exception))
            {
                // Its events are there: written by this very step, whose commit was not heard of, or by another owner.
                var row = await store.FindAsync(step.Write.Tenant, step.Write.After.Id, cancellationToken);
                return row is not null && row.Chain.AsSpan().SequenceEqual(step.Write.After.Chain) ? WriteOutcome.Done : WriteOutcome.Refused;
            }
            catch (System.Data.Common.DbException exception) when (!step.Write.Begins)
            {
                DatabaseAway(log, step.Write.After.Id, exception);
                await Task.Delay(pause, clock, cancellationToken);
            }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 > LongestPause ? LongestPause : pause * 2;
}
