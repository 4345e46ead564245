using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Settlements that nobody waits for. While the database is away they are tried again, for as long as this process lives; there are at
/// most <see cref="Most"/> of them, then answers wait for the books. None is lost by a stop in order; a crash leaves open calls.
/// </summary>
/// <param name="ended">Called once for each, however it ended.</param>
internal sealed partial class LateSettlements(Gathering<CallEnd> ends, Action<CallEnd> ended, TimeProvider clock, ILogger log)
{
    public const int Most = 2048;

    /// <summary>Settlements that gather this long do not each cost a commit that openings wait behind.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _outside = new();
    private int _inside;
    private TaskCompletionSource? _empty;

    public ValueTask AddAsync(CallEnd end)
    {
        TaskCompletionSource? turn = null;
        lock (_gate)
        {
            if (_inside < Most) _inside++;
            else _outside.Enqueue(turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        if (turn is not null) return WaitAsync(turn.Task, end);
        _ = WriteAsync(end);
        return ValueTask.CompletedTask;
    }

    /// <exception cref="OperationCanceledException">Some still wait; their calls stay open and will be found lost.</exception>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        ends.Hurry();
        Task empty;
        lock (_gate)
        {
            if (_inside == 0) return;
            empty = (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
        await empty.WaitAsync(cancellationToken);
    }

    private async ValueTask WaitAsync(Task turn, CallEnd end)
    {
        await turn;
        _ = WriteAsync(end);
    }

    private void Leave()
    {
        lock (_gate)
        {
            // Whoever waits outside takes the place.
            if (_outside.TryDequeue(out var next))
            {
                next.TrySetResult();
                return;
            }
            if (--_inside > 0) return;
            _empty?.TrySetResult();
            _empty = null;
        }
    }

    private async Task WriteAsync(CallEnd end)
    {
        try
        {
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                try
                {
                    await ends.AddAsync(end.Call.Context.Tenant, end);
                    return;
                }
                catch (Exception exception) when (exception is not Problem)
                {
                    LogWaiting(exception, end.Call.Id);
                }
                await Task.Delay(pause, clock);
            }
        }
        catch (Exception exception)
        {
            // Its reservation is gone or of another call: trying again would say the same.
            LogGivenUp(exception, end.Call.Id);
        }
        finally
        {
            ended(end);
            Leave();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The model call {CallId} could not be settled; it is tried again.")]
    private partial void LogWaiting(Exception exception, string callId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The model call {CallId} cannot be settled; it will be found lost.")]
    private partial void LogGivenUp(Exception exception, string callId);
}
