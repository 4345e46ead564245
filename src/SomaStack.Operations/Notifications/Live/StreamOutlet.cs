using Microsoft.AspNetCore.Http;

namespace SomaStack.Operations.Notifications;

internal sealed class StreamOutlet(HttpContext http) : IOutlet
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the last event, or when the connection was ended.</summary>
    public Task Closed => _closed.Task;

    public async ValueTask WriteAsync(Frame frame)
    {
        var flushed = await http.Response.BodyWriter.WriteAsync(frame.ForStream, CancellationToken.None);
        if (flushed.IsCompleted) throw new IOException("Nobody reads the stream any more.");
    }

    public async ValueTask CloseAsync(Ending ending, long cursor)
    {
        await http.Response.BodyWriter.WriteAsync(Frames.Close(ending.Code, ending.Told(cursor), cursor).ForStream, CancellationToken.None);
        _closed.TrySetResult();
    }

    public void Abort()
    {
        http.Abort();
        _closed.TrySetResult();
    }
}
