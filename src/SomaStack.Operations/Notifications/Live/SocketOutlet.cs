using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace SomaStack.Operations.Notifications;

internal sealed class SocketOutlet(WebSocket socket, HttpContext http) : IOutlet
{
    public ValueTask WriteAsync(Frame frame) => socket.SendAsync(frame.ForSocket.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public async ValueTask CloseAsync(Ending ending, long cursor)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync((WebSocketCloseStatus)ending.Code, ending.Told(cursor), CancellationToken.None);
    }

    public void Abort()
    {
        socket.Abort();
        http.Abort();
    }
}
