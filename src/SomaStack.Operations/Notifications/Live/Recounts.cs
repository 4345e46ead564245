namespace SomaStack.Operations.Notifications;

/// <summary>Whose counts changed: each person once, however much happened, and never more than the database takes easily.</summary>
internal sealed class Recounts(CountsOf counts, TimeProvider clock)
{
    private const int Together = 20;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<(Feed Feed, string Principal)> _wanted = [];
    private TaskCompletionSource _some = New();

    /// <summary>At most one entry for each person who follows here.</summary>
    public void Want(Feed feed, string principal)
    {
        lock (_wanted)
        {
            _wanted.Add((feed, principal));
            _some.TrySetResult();
        }
    }

    /// <summary>Counts for those who want it, <see cref="Together"/> at a time with a pause.</summary>
    public async Task RunAsync(Action<Exception> failed, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task some;
            lock (_wanted) some = _some.Task;
            await some.WaitAsync(cancellationToken);
            await Task.Delay(Gathering, clock, cancellationToken);
            foreach (var (feed, principal) in Take())
            {
                try
                {
                    LiveMetrics.Framed(Frames.Counts, feed.OfferTo(principal, Frames.CountsOf(await counts(feed.Tenant, principal, cancellationToken))));
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // The next change counts again.
                    failed(exception);
                }
            }
        }
    }

    private List<(Feed Feed, string Principal)> Take()
    {
        lock (_wanted)
        {
            List<(Feed, string)> taken = [.. _wanted.Take(Together)];
            foreach (var one in taken) _wanted.Remove(one);
            if (_wanted.Count == 0) _some = New();
            return taken;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
