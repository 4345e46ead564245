using System.Net;
using System.Net.Sockets;

namespace SomaStack.EndToEndTests.Workflows;

/// <summary><c>soma serve --workflows temporal</c> where there is no server of Temporal: it says so and does nothing else instead.</summary>
public sealed class TemporalStartTests
{
    [Fact]
    public async Task Without_an_address_or_with_an_odd_one_it_is_not_begun()
    {
        foreach (string[] odd in (string[][])[[], ["--temporal", "localhost"], ["--temporal", "http://localhost:7233"], ["--temporal", "localhost:99999"]])
        {
            var (exit, _, error) = await SomaProcess.RunAsync(null, ["serve", "--workflows", "temporal", .. odd]);
            Assert.Equal(2, exit);
            Assert.Contains("HOST:PORT", error, StringComparison.Ordinal);
        }
        Assert.Equal(2, (await SomaProcess.RunAsync(null, ["serve", "--workflows", "cron"])).ExitCode);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_ends_the_start_with_what_to_do()
    {
        var data = Path.Combine(Path.GetTempPath(), "soma-e2e-" + Guid.CreateVersion7().ToString("N"));
        // Bound and not listening: nobody else takes the port meanwhile.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        var environment = new Dictionary<string, string> { ["SOMA_WORKFLOWS"] = "temporal", ["SOMA_TEMPORAL"] = $"127.0.0.1:{port}" };
        try
        {
            var (exit, _, error) = await SomaProcess.RunAsync(environment, ["serve", "--url", "http://127.0.0.1:0", "--data", data]);
            Assert.Equal(1, exit);
            Assert.Contains("temporal_unreachable", error, StringComparison.Ordinal);
            Assert.Contains($"127.0.0.1:{port}", error, StringComparison.Ordinal);
            Assert.Contains("SOMA_TEMPORAL", error, StringComparison.Ordinal);
            Assert.DoesNotContain("\nready ", error, StringComparison.Ordinal);
            // What only needs the database does not need Temporal.
            Assert.Equal(0, (await SomaProcess.RunAsync(environment, ["token", "--data", data])).ExitCode);
        }
        finally
        {
            if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
        }
    }
}
