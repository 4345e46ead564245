using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using SomaStack.Cli;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests;

/// <summary>The built <c>soma</c> binary on a real port with its own data folder; <see cref="KillAsync"/> is SIGKILL.</summary>
public sealed class SomaProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _drained;
    private readonly IReadOnlyDictionary<string, string>? _place;

    private SomaProcess(Process process, Uri url, string data, IReadOnlyDictionary<string, string>? environment, ConcurrentQueue<string> log, Task drained) =>
        (_process, Url, Data, _place, Log, _drained) = (process, url, data, environment?.Where(static pair => pair.Key is "SOMA_DATABASE" or "SOMA_KEYS").ToDictionary(), log, drained);

    /// <summary>The newest lines that the server wrote to stderr.</summary>
    public IReadOnlyCollection<string> Log { get; }

    public Uri Url { get; }

    public string Data { get; }

    /// <summary>The binary that the build put beside the tests.</summary>
    public static string Binary { get; } = Path.Combine(AppContext.BaseDirectory, "soma.dll");

    public static Task<SomaProcess> StartAsync(string? data = null, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments) =>
        StartAtAsync("http://127.0.0.1:0", data, environment, arguments);

    /// <summary>At an address that others know before it is there, or again after a kill.</summary>
    public static async Task<SomaProcess> StartAtAsync(string url, string? data = null, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        data ??= Path.Combine(Path.GetTempPath(), "soma-e2e-" + Guid.CreateVersion7().ToString("N"));
        var process = Start(environment, ["serve", "--url", url, "--data", data, .. arguments]);
        var log = new List<string>();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            log.Add(line);
            if (!line.StartsWith("ready ", StringComparison.Ordinal)) continue;
            // Keep draining, or the server would block on a full pipe.
            var kept = new ConcurrentQueue<string>(log);
            return new SomaProcess(process, new Uri(line["ready ".Length..]), data, environment, kept, DrainAsync(process.StandardError, kept));
        }
        throw new InvalidOperationException("soma serve ended before it was ready:\n" + string.Join('\n', log));
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        using var process = Start(environment, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>
    /// A client that presents a token of the demo tenant's owner, or of whom the arguments of <c>soma token</c> name, from this server's own
    /// database and keys. The command's code runs in this process: one of its own for every client costs a second of processor time.
    /// </summary>
    public async Task<HttpClient> ClientAsync(params string[] tokenArguments)
    {
        var parsed = TokenCommand.Create().Parse(tokenArguments);
        var options = new SomaOptions
        {
            DataDirectory = Data, Database = parsed.GetValue(GlobalOptions.Database) ?? _place?.GetValueOrDefault("SOMA_DATABASE"), Keys = _place?.GetValueOrDefault("SOMA_KEYS"),
        };
        var issued = await TokenCommand.IssueAsync(options, parsed, TestContext.Current.CancellationToken);
        var client = new HttpClient { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issued.Token);
        return client;
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        await _drained;
        _process.Dispose();
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
    }

    private static async Task DrainAsync(StreamReader reader, ConcurrentQueue<string> kept)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            kept.Enqueue(line);
            if (kept.Count > 5000) kept.TryDequeue(out _);
        }
    }

    private static Process Start(IReadOnlyDictionary<string, string>? environment, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Binary, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        // What else runs on this machine is none of the tests' business.
        start.Environment["SOMA_DETECT"] = "0";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
