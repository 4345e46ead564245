using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(SomaStack.StoreTests.Memory.RedisServer))]

namespace SomaStack.StoreTests.Memory;

/// <summary>A private Redis for the run, started by the first test that needs it; every asker gets keys of its own.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Binary = "/usr/bin/redis-server";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "soma-redis-" + Guid.CreateVersion7().ToString("N"));
    private readonly SemaphoreSlim _starting = new(1);
    private Process? _process;
    private ConnectionMultiplexer? _connection;
    private int _count;

    public async Task<(IDatabase Database, string Prefix)> OpenAsync()
    {
        Assert.SkipUnless(File.Exists(Binary), "Redis is not installed (apt-get install redis-server).");
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            _connection ??= await StartAsync();
        }
        finally
        {
            _starting.Release();
        }
        return (_connection.GetDatabase(), $"{{t{Interlocked.Increment(ref _count)}}}");
    }

    /// <summary>For what connects by itself; its keys need names of their own.</summary>
    public async Task<string> AddressAsync()
    {
        var (database, _) = await OpenAsync();
        return database.Multiplexer.GetEndPoints()[0].ToString()!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        _starting.Dispose();
    }

    private async Task<ConnectionMultiplexer> StartAsync()
    {
        Directory.CreateDirectory(_folder);
        var port = FreePort();
        _process = Process.Start(new ProcessStartInfo(Binary, ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", _folder, "--appendonly", "yes", "--appendfsync", "everysec"]) { RedirectStandardOutput = true })!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
        return await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},connectRetry=5,connectTimeout=5000");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
