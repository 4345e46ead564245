namespace SomaStack.Operations.Notifications;

/// <summary>The way to one follower: a WebSocket or an event stream. One call at a time, but for <see cref="Abort"/>.</summary>
internal interface IOutlet
{
    /// <summary>Returns when the connection has taken the frame; at once while its peer keeps up.</summary>
    ValueTask WriteAsync(Frame frame);

    /// <summary>Tells the peer why it ends. The peer may still answer.</summary>
    ValueTask CloseAsync(Ending ending, long cursor);

    /// <summary>Ends the connection now; whatever waits for it fails.</summary>
    void Abort();
}
