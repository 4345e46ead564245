using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A server that we started, spoken to over its standard input and output, one JSON message a line. Its process and all that it started die
/// with this object, with the first broken message, and with a request that is cancelled: nobody can know what it would still do.
/// </summary>
internal sealed class StdioWire : IMcpWire
{
    private const int ReadBytes = 16 << 10;

    private readonly Process _process;
    private readonly IReadOnlyList<IDisposable> _held;
    private readonly int _lineMax;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _asked = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _reading;
    private readonly Task _complaints;
    private Exception? _fault;
    private long _lastId;
    private int _unasked;
    private int _toolsChanged;

    /// <param name="lineMax">Bytes of one message.</param>
    public StdioWire(SandboxedServer server, int lineMax)
    {
        (_process, _held, _lineMax) = (server.Process, server.Held, lineMax);
        _reading = ReadAsync();
        _complaints = DrainAsync(_process.StandardError.BaseStream);
    }

    public TimeSpan? ProbeLimit => TimeSpan.FromSeconds(4);

    public int ToolsChanged => Volatile.Read(ref _toolsChanged);

    public async Task<JsonElement> AskAsync(McpAsk ask, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        try
        {
            if (_fault is { } broken) throw Gone(broken);
            await WriteAsync(McpProtocol.Request(id, ask.Method, ask.Version, ask.Parameters), cancellationToken);
            return McpProtocol.Result(await answer.Task.WaitAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            Break(new McpServerLost("The MCP server was stopped because it did not answer in time."));
            throw;
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
    }

    public Task TellAsync(string method, CancellationToken cancellationToken) => WriteAsync(McpProtocol.Notification(method), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Break(new McpServerLost("The MCP server was stopped."));
        await Task.WhenAll(_reading, _complaints);
        await _process.WaitForExitAsync();
        _process.Dispose();
        foreach (var held in _held) held.Dispose();
        _writing.Dispose();
        _ended.Dispose();
    }

    private static Problem Gone(Exception cause) => cause as Problem ?? ToolProblems.Unavailable.Because("The MCP server is not running.", cause);

    private async Task WriteAsync(byte[] message, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var input = _process.StandardInput.BaseStream;
            await input.WriteAsync(message, cancellationToken);
            await input.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await input.FlushAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            // It may have read the message before it went.
            throw new McpServerLost("The MCP server ended while it was being asked.", exception);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        var output = _process.StandardOutput.BaseStream;
        var buffer = new byte[ReadBytes];
        using var line = new MemoryStream();
        try
        {
            int read;
            while ((read = await output.ReadAsync(buffer, _ended.Token)) > 0)
            {
                var rest = buffer.AsMemory(0, read);
                for (var end = rest.Span.IndexOf((byte)'\n'); end >= 0; end = rest.Span.IndexOf((byte)'\n'))
                {
                    Gather(line, rest.Span[..end]);
                    await TakeAsync(line.GetBuffer().AsMemory(0, (int)line.Length));
                    line.SetLength(0);
                    rest = rest[(end + 1)..];
                }
                Gather(line, rest.Span);
            }
            Break(new McpServerLost("The MCP server ended."));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Break(exception is Problem ? exception : new McpServerLost("The MCP server was left.", exception));
        }
    }

    private void Gather(MemoryStream line, ReadOnlySpan<byte> bytes)
    {
        if (line.Length + bytes.Length > _lineMax) throw McpProblems.Invalid.Because($"The server sent a message of more than {_lineMax} bytes.");
        line.Write(bytes);
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.Trim(" \t\r"u8).IsEmpty) return;
        var message = McpProtocol.Read(utf8.Span);
        if (McpProtocol.AnsweredId(message) is { } id && _asked.TryRemove(id, out var asked))
        {
            _unasked = 0;
            asked.TrySetResult(message);
            return;
        }
        if (++_unasked > McpProtocol.UnaskedMax) throw McpProblems.Invalid.Because($"The server sent more than {McpProtocol.UnaskedMax} messages that nobody asked for.");
        if (!message.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String) return;
        if (method.GetString() == "notifications/tools/list_changed") Interlocked.Increment(ref _toolsChanged);
        if (!message.TryGetProperty("id", out var theirs) || theirs.ValueKind is not (JsonValueKind.Number or JsonValueKind.String)) return;
        // A server that does not read our refusals must not hold our reading up for ever.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        await WriteAsync(method.GetString() == "ping" ? McpProtocol.Pong(theirs) : McpProtocol.Refusal(theirs), patience.Token);
    }

    /// <summary>What it complains of is read so that it is not held up, and not kept: it may name secrets.</summary>
    private async Task DrainAsync(Stream errors)
    {
        var buffer = new byte[ReadBytes];
        try
        {
            while (await errors.ReadAsync(buffer, _ended.Token) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It is gone.
        }
    }

    private void Break(Exception why)
    {
        if (Interlocked.CompareExchange(ref _fault, why, null) is not null) return;
        try
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It was quicker.
        }
        _ended.Cancel();
        foreach (var (_, asked) in _asked) asked.TrySetException(why);
    }
}
