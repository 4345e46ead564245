namespace SomaStack.Operations.Notifications;

/// <summary>Rings when a delivery was queued here, so that the worker need not wait for its next look.</summary>
internal sealed class DeliverySignal
{
    private TaskCompletionSource _next = New();

    /// <summary>Take this before looking; it completes when it rang after that.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Ring() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
