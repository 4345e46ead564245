using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Sessions with servers, one for each tenant, adapter, settings and secrets: no tenant's call ever meets another's process or credential. A
/// server on stdio does one call at a time, one elsewhere a few; more wait in a bounded queue. Idle ones are ended, and one that failed is
/// started again only after a pause that doubles. One that is ended because a caller gave up has not failed.
/// </summary>
internal sealed class McpPool(TimeProvider clock) : BackgroundService
{
    private const int SlotsMax = 64;
    private const int WaitingMax = 16;
    private const int Elsewhere = 8;

    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>Runs <paramref name="use"/> with an open session; what it throws ends the session when the server is to blame or nobody knows what it still does.</summary>
    /// <param name="limit">For all of it, waiting and opening included; <see cref="OperationCanceledException"/> when it is over.</param>
    public async Task<T> UseAsync<T>(
        string key, bool isStdio, Func<CancellationToken, Task<McpSession>> open, Func<McpSession, CancellationToken, Task<T>> use, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        within.CancelAfter(limit);
        while (true)
        {
            var slot = _slots.GetOrAdd(key, _ => new Slot(isStdio ? 1 : Elsewhere));
            if (_slots.Count > SlotsMax && slot.Open is null)
            {
                _slots.TryRemove(KeyValuePair.Create(key, slot));
                throw Full();
            }
            await EnterAsync(slot, within.Token);
            try
            {
                if (await SessionAsync(slot, open, within.Token, cancellationToken) is { } session) return await UseAsync(slot, session, use, within.Token, cancellationToken);
                // It was swept away between finding it and entering it.
            }
            finally
            {
                slot.Turns.Release();
            }
        }
    }

    public static string Key(string tenant, string adapter, McpSettings settings, IReadOnlyDictionary<string, string> secrets)
    {
        var parts = new StringBuilder().Append(tenant).Append('\n').Append(adapter).Append('\n').Append(JsonSerializer.Serialize(settings, McpJson.Default.McpSettings));
        foreach (var (name, value) in secrets.OrderBy(static pair => pair.Key, StringComparer.Ordinal)) parts.Append('\n').Append(name.Length).Append(name).Append(value);
        return TextDigest.Of(parts.ToString());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await SweepAsync(Idle);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        await SweepAsync(TimeSpan.Zero);
    }

    /// <summary>Ends what nobody used for so long.</summary>
    public async Task SweepAsync(TimeSpan idle)
    {
        foreach (var (key, slot) in _slots)
        {
            OpenSession? ended;
            await slot.Opening.WaitAsync();
            try
            {
                if (clock.GetUtcNow() - slot.UsedAt < idle || Volatile.Read(ref slot.Waiting) > 0 || slot.Turns.CurrentCount < slot.TurnsMax) continue;
                slot.IsSwept = true;
                (ended, slot.Open) = (slot.Open, null);
                _slots.TryRemove(key, out _);
            }
            finally
            {
                slot.Opening.Release();
            }
            if (ended is not null) await ended.Session.DisposeAsync();
        }
    }

    private static Problem Full() => new(McpProblems.Busy, $"At most {WaitingMax} calls wait for one MCP server, and {SlotsMax} servers are open at once.") { RetryAfter = TimeSpan.FromSeconds(1) };

    private static async Task EnterAsync(Slot slot, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref slot.Waiting) > WaitingMax) throw Full();
            await slot.Turns.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref slot.Waiting);
        }
    }

    /// <param name="stop">Ends the use: its time is over, or nobody wants it.</param>
    /// <param name="unwanted">Whoever asked gave up.</param>
    private async Task<T> UseAsync<T>(Slot slot, OpenSession open, Func<McpSession, CancellationToken, Task<T>> use, CancellationToken stop, CancellationToken unwanted)
    {
        try
        {
            var result = await use(open.Session, stop);
            slot.Failures = 0;
            return result;
        }
        catch (Exception exception) when (EndsSession(exception, slot))
        {
            await slot.Opening.WaitAsync(CancellationToken.None);
            if (slot.Open == open)
            {
                slot.Open = null;
                if (!unwanted.IsCancellationRequested) Pause(slot);
            }
            open.IsDead = true;
            slot.Opening.Release();
            throw;
        }
        finally
        {
            slot.UsedAt = clock.GetUtcNow();
            // Others may still be waiting for answers of their own.
            if (Interlocked.Decrement(ref open.Users) == 0 && open.IsDead) await open.Session.DisposeAsync();
        }
    }

    private static bool EndsSession(Exception exception, Slot slot) => exception switch
    {
        Problem problem => problem.Code == McpProblems.Invalid || problem.Code == ToolProblems.Unavailable,
        McpError or HttpRefusal => false,
        // One slow answer of a server elsewhere says nothing about its other ones; a process that was given up is dead.
        OperationCanceledException => slot.TurnsMax == 1,
        _ => true,
    };

    private async Task<OpenSession?> SessionAsync(Slot slot, Func<CancellationToken, Task<McpSession>> open, CancellationToken stop, CancellationToken unwanted)
    {
        await slot.Opening.WaitAsync(stop);
        try
        {
            if (slot.IsSwept) return null;
            slot.UsedAt = clock.GetUtcNow();
            if (slot.Open is null)
            {
                var wait = slot.NotBefore - slot.UsedAt;
                if (wait > TimeSpan.Zero) throw new Problem(ToolProblems.Unavailable, "The MCP server failed and is not started again yet.") { RetryAfter = wait };
                try
                {
                    slot.Open = new OpenSession(await open(stop));
                }
                catch (Exception exception) when (exception is not Problem { Code.Kind: ProblemKind.Forbidden } && !unwanted.IsCancellationRequested)
                {
                    Pause(slot);
                    throw;
                }
            }
            Interlocked.Increment(ref slot.Open.Users);
            return slot.Open;
        }
        finally
        {
            slot.Opening.Release();
        }
    }

    private void Pause(Slot slot)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(slot.Failures++, 10));
        slot.NotBefore = clock.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
    }

    private sealed class OpenSession(McpSession session)
    {
        public readonly McpSession Session = session;
        public int Users;
        public volatile bool IsDead;
    }

    /// <summary>Never disposed while somebody may wait in it: what it holds has no handle unless one is asked for.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "Semaphores whose wait handle is never asked for hold nothing.")]
    private sealed class Slot(int turns)
    {
        public readonly int TurnsMax = turns;
        public readonly SemaphoreSlim Turns = new(turns);
        public readonly SemaphoreSlim Opening = new(1);
        public int Waiting;
        public bool IsSwept;
        public OpenSession? Open;
        public int Failures;
        public DateTimeOffset NotBefore;
        public DateTimeOffset UsedAt;
    }
}
