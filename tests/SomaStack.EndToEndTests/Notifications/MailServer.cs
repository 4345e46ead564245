using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using SmtpServer;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>A mail server that others wrote (the SmtpServer package) on loopback; it keeps what it takes.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly Store _store = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _running;

    public MailServer()
    {
        Port = FreePort();
        var options = new SmtpServerOptionsBuilder().ServerName("mail.example").Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port))).Build();
        var services = new ServiceProvider();
        services.Add(_store);
        _running = new SmtpServer.SmtpServer(options, services).StartAsync(_ended.Token);
    }

    public int Port { get; }

    public ConcurrentQueue<(string To, string Text)> Taken => _store.Taken;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Record.ExceptionAsync(() => _running);
        _ended.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Store : MessageStore
    {
        public ConcurrentQueue<(string To, string Text)> Taken { get; } = new();

        public override Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            Taken.Enqueue((transaction.To[0].AsAddress(), System.Text.Encoding.Latin1.GetString(buffer.ToArray())));
            return Task.FromResult(SmtpResponse.Ok);
        }
    }
}
