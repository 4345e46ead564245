using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SomaStack.StoreTests.Notifications;

/// <summary>
/// A mail server on loopback that speaks SMTP (RFC 5321) over a real socket and can be told to fall silent, to hang up or to answer
/// something at any stage: connect, ehlo, auth, mail, rcpt, data, body.
/// </summary>
internal sealed class SmtpFaults : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<Task, bool> _sessions = new();
    private readonly Task _accepting;
    private int _connections;

    public SmtpFaults()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"smtp://127.0.0.1:{Port}";

    /// <summary>What is answered at a stage instead of yes: a line, <c>silence</c> or <c>hang up</c>.</summary>
    public ConcurrentDictionary<string, string> Answers { get; } = new();

    /// <summary>Messages that were taken, as they came over the wire, with who sent them to whom.</summary>
    public ConcurrentQueue<(string From, string To, string Text)> Taken { get; } = new();

    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_sessions.Keys);
        _ended.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_ended.Token);
                Interlocked.Increment(ref _connections);
                _sessions.TryAdd(SessionAsync(client), true);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task SessionAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            await using var writer = new StreamWriter(stream, Encoding.Latin1) { NewLine = "\r\n", AutoFlush = true };
            if (!await SayAsync(writer, "connect", "220 faults.example ESMTP")) return;
            var (from, to) = ("", "");
            while (await reader.ReadLineAsync(_ended.Token) is { } line)
            {
                var verb = line.Split(' ', ':')[0].ToUpperInvariant();
                if (verb == "QUIT")
                {
                    await writer.WriteLineAsync("221 bye");
                    return;
                }
                if (verb == "MAIL") from = Path(line);
                if (verb == "RCPT") to = Path(line);
                var going = verb switch
                {
                    "EHLO" => await SayAsync(writer, "ehlo", "250-faults.example\r\n250-AUTH PLAIN\r\n250 SIZE 1000000"),
                    "AUTH" => await SayAsync(writer, "auth", "235 welcome"),
                    "MAIL" => await SayAsync(writer, "mail", "250 ok"),
                    "RCPT" => await SayAsync(writer, "rcpt", "250 ok"),
                    "DATA" => await DataAsync(reader, writer, from, to),
                    "RSET" or "NOOP" => await SayAsync(writer, verb.ToLowerInvariant(), "250 ok"),
                    _ => await SayAsync(writer, "other", "502 no"),
                };
                if (!going) return;
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side left, or the test ends.
        }
    }

    private async Task<bool> DataAsync(StreamReader reader, StreamWriter writer, string from, string to)
    {
        if (Answers.TryGetValue("data", out _)) return await SayAsync(writer, "data", "");
        await writer.WriteLineAsync("354 go on");
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(_ended.Token) is { } line && line != ".") text.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        if (!Answers.ContainsKey("body")) Taken.Enqueue((from, to, text.ToString()));
        return await SayAsync(writer, "body", "250 taken");
    }

    private async Task<bool> SayAsync(StreamWriter writer, string stage, string yes)
    {
        var answer = Answers.GetValueOrDefault(stage, yes);
        if (answer == "hang up") return false;
        if (answer == "silence") await Task.Delay(Timeout.Infinite, _ended.Token);
        await writer.WriteLineAsync(answer);
        return true;
    }

    private static string Path(string line) => line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
}
