using System.Diagnostics;
using System.Text.Json;
using SomaStack.EndToEndTests.Clients;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>A real HTTP server of Node that verifies with Standard Webhooks' own library (clients/conformance/webhooks).</summary>
internal sealed class NodeReceiver : IAsyncDisposable
{
    private readonly Process _process;

    private NodeReceiver(Process process) => _process = process;

    /// <exception cref="Exception">Skips the test where there is no npm or node.</exception>
    public static async Task<NodeReceiver> StartAsync(int port, IReadOnlyList<string> secrets, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(ClientFiles.Folder, "conformance", "webhooks");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            var npm = await ClientFiles.RunAsync("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], null, cancellationToken);
            Assert.SkipWhen(npm is not { ExitCode: 0 }, "Standard Webhooks' library could not be installed: " + (npm?.Output ?? "there is no npm here."));
        }
        var start = new ProcessStartInfo("node", [Path.Combine(folder, "receiver.mjs"), string.Join(',', secrets), port.ToString(System.Globalization.CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        var receiver = new NodeReceiver(Process.Start(start)!);
        await receiver.NextAsync(cancellationToken);
        return receiver;
    }

    /// <summary>What it says of the next post.</summary>
    public async Task<JsonElement> NextAsync(CancellationToken cancellationToken)
    {
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The receiver ended.");
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
