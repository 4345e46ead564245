using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Applies what waits: the items of a key one after the other, several keys at once. An item is marked after it was applied, so a crash in between
/// applies it again, and its idempotency key makes that the same memory.
/// </summary>
internal sealed partial class Reconciler(Buffers buffers, IBrain brain, Lease lease, BufferMonitor monitor, TimeProvider clock, ILogger<Reconciler> log) : BackgroundService
{
    /// <summary>Keys at once: enough to share commits, few beside the requests of callers.</summary>
    private const int KeysAtOnce = 8;

    /// <summary>Items of one key before another key has its turn.</summary>
    private const int RunMax = 64;

    /// <summary>Failures that may be the item's fault before it is a dead letter: with the pauses below about four minutes.</summary>
    private const int AttemptsMax = 10;

    /// <summary>Longer than a call may take, so that nobody else takes what is still being applied.</summary>
    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>One pass over all buffers.</summary>
    /// <returns>Items applied or buried.</returns>
    internal async Task<int> PassAsync(CancellationToken cancellationToken)
    {
        var settled = 0;
        foreach (var buffer in buffers.All)
        {
            var room = Math.Min(brain.Room, KeysAtOnce);
            if (room == 0) break;
            var due = await buffer.DueAsync(lease.Holder, room == 1 ? 1 : 4 * KeysAtOnce, cancellationToken);
            if (due.Count == 0) continue;
            await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = room, CancellationToken = cancellationToken }, async (key, stop) =>
                Interlocked.Add(ref settled, await DrainAsync(buffer, key, stop)));
        }
        return settled;
    }

    internal static TimeSpan Pause(long attempts)
    {
        var full = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempts, 20)), LongestPause.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + Random.Shared.NextDouble() / 2));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = buffers.Accepted.Next;
            var settled = 0;
            try
            {
                await lease.WhenHeldAsync(stoppingToken);
                settled = await PassAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The buffer itself did not answer; nothing was lost, the next look sees the same.
                Stumbled(exception);
            }
            if (settled == 0) await next.WaitAsync(Look, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<int> DrainAsync(IOfflineBuffer buffer, BufferKey key, CancellationToken cancellationToken)
    {
        var settled = 0;
        while (settled < RunMax && await buffer.TakeAsync(key, lease.Holder, Claim, cancellationToken) is { } item)
        {
            if (!await SettleAsync(buffer, item, cancellationToken)) break;
            settled++;
        }
        return settled;
    }

    /// <returns>True when the key may go on.</returns>
    private async Task<bool> SettleAsync(IOfflineBuffer buffer, BufferedItem item, CancellationToken cancellationToken)
    {
        var answer = await ApplyAsync(item, cancellationToken);
        switch (answer.Outcome)
        {
            case Outcome.Applied:
                if (await buffer.DoneAsync(item, cancellationToken)) monitor.Replayed(1);
                return true;
            case Outcome.Refused when answer.Status == 404 && await FollowsAnotherAsync(buffer, item, cancellationToken):
            case Outcome.Later:
                await buffer.DeferAsync(item, answer.RetryAfter ?? Pause(0), answer.Reason, counts: false, cancellationToken);
                return false;
            case Outcome.Failed when item.Attempts + 1 < AttemptsMax:
                Failed(item.Item.Op, item.Item.Id, item.Attempts + 1, answer.Reason);
                await buffer.DeferAsync(item, Pause(item.Attempts), answer.Reason, counts: true, cancellationToken);
                return false;
            default:
                Buried(item.Item.Op, item.Item.Id, answer.Reason);
                return await buffer.BuryAsync(item, answer.Reason, cancellationToken);
        }
    }

    private async Task<BrainAnswer> ApplyAsync(BufferedItem item, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(CallLimit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await brain.ApplyAsync(item, both.Token);
        }
        catch (BrainUnreachableException exception)
        {
            return new BrainAnswer(503, GatewayProblems.Unreachable.Code, exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new BrainAnswer(504, PlatformProblems.Timeout.Code, $"No answer within {CallLimit.TotalSeconds} s.");
        }
    }

    /// <summary>What it names may be a write of another key that waits as well: only when nothing older waits is it really missing.</summary>
    private static async Task<bool> FollowsAnotherAsync(IOfflineBuffer buffer, BufferedItem item, CancellationToken cancellationToken) =>
        await buffer.ListAsync(item.Tenant, null, BufferState.Queued, 0, 1, cancellationToken) is [{ } oldest] && oldest.Seq < item.Seq;

    [LoggerMessage(Level = LogLevel.Warning, Message = "A pass over the memory buffer failed.")]
    private partial void Stumbled(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Buffered {Op} {Id} failed, attempt {Attempt}: {Reason}")]
    private partial void Failed(string op, string id, long attempt, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Buffered {Op} {Id} was refused and is a dead letter now: {Reason}")]
    private partial void Buried(string op, string id, string reason);
}
