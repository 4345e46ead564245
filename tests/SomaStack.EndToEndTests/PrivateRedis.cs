using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SomaStack.EndToEndTests;

/// <summary>A Redis of our own.</summary>
internal sealed class PrivateRedis(Process process, string address) : IAsyncDisposable
{
    private const string Binary = "/usr/bin/redis-server";

    public string Address => address;

    public static async Task<PrivateRedis> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Binary), "Redis is not installed (apt-get install redis-server).");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        listener.Stop();
        var process = Process.Start(new ProcessStartInfo(Binary, ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]) { RedirectStandardOutput = true })!;
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) break;
        return new PrivateRedis(process, "127.0.0.1:" + port);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }
}
