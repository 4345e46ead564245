namespace SomaStack.Intelligence.Inference;

/// <summary>Rings when there may be work or a free place for it, so that the worker need not wait for its next look.</summary>
internal sealed class WorkSignal
{
    private TaskCompletionSource _next = New();

    /// <summary>Take this before looking; it completes when it rang after that.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Ring() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
