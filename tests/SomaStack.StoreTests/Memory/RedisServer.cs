using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SomaStack.Platform;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(SomaStack.StoreTests.Memory.RedisServer))]

namespace SomaStack.StoreTests.Memory;

/// <summary>
/// The Redis that <c>SOMA_TEST_REDIS</c> names, else a private one that the first test which needs it starts. All keys and channels of a run
/// begin with a name of its own; on a named server those keys are removed at its end, and nothing else there is touched.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Binary = "/usr/bin/redis-server";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "soma-redis-" + Guid.CreateVersion7().ToString("N"));
    private readonly string _mine = $"soma-selftest-{Ids.New()}:";
    private readonly SemaphoreSlim _starting = new(1);
    private Process? _process;
    private ConnectionMultiplexer? _connection;
    private string _address = "";
    private int _count;

    private static string? Named => Environment.GetEnvironmentVariable("SOMA_TEST_REDIS") is { Length: > 0 } named ? named : null;

    public async Task<(IDatabase Database, string Prefix)> OpenAsync()
    {
        Assert.SkipUnless(Named is not null || File.Exists(Binary), "Redis is not installed (apt-get install redis-server).");
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_connection is null)
            {
                _address = $"{Named ?? await StartAsync()},channelPrefix={_mine}";
                _connection = await ConnectionMultiplexer.ConnectAsync(_address + ",connectRetry=5,connectTimeout=5000");
            }
        }
        finally
        {
            _starting.Release();
        }
        return (SharedRedis.Keys(_connection, _address), $"{{t{Interlocked.Increment(ref _count)}}}");
    }

    /// <summary>For what connects by itself; its keys need names of their own.</summary>
    public async Task<string> AddressAsync()
    {
        await OpenAsync();
        return _address;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            if (Named is not null) await RemoveAsync(_connection);
            await _connection.DisposeAsync();
        }
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        _starting.Dispose();
    }

    private async Task RemoveAsync(ConnectionMultiplexer connection)
    {
        foreach (var server in connection.GetServers().Where(static server => server.IsConnected && !server.IsReplica))
            await foreach (var key in server.KeysAsync(pattern: _mine + "*", pageSize: 1000))
                await connection.GetDatabase().KeyDeleteAsync(key);
    }

    private async Task<string> StartAsync()
    {
        Directory.CreateDirectory(_folder);
        var port = FreePort();
        _process = Process.Start(new ProcessStartInfo(Binary, ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", _folder, "--appendonly", "yes", "--appendfsync", "everysec"]) { RedirectStandardOutput = true })!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
        return $"127.0.0.1:{port}";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
