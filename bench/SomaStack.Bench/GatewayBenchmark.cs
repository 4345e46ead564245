using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;

namespace SomaStack.Bench;

/// <summary>
/// <c>gateway</c>: what <c>/v1/chat/completions</c> adds to a call of the same server made directly, with authentication, gate, price,
/// daily budget and metering on and SQLite embedded; a bare YARP proxy does the same beside it, and with <c>--vs portkey</c> Portkey's
/// gateway. The ways take turns within each round. The main figures are over an upstream that thinks for 20 ms, less than model calls
/// take, so that what overlaps with its thinking is seen to overlap; the <c>instant_</c> figures are over one that answers at once,
/// where the durable commit before the first byte shows.
/// </summary>
public static class GatewayBenchmark
{
    private const int WarmUp = 600;

    /// <summary>Set in the process that runs in the network namespace: where Portkey's package is.</summary>
    private const string PortkeyFolder = "SOMA_BENCH_PORTKEY";

    public static readonly Benchmark Benchmark = new("gateway", "Latency that the gateway adds to a chat completion, over a direct call, a bare YARP proxy and (--vs portkey) Portkey's gateway.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (options.Versus is not (null or "portkey")) throw new InvalidOperationException($"'{options.Versus}' cannot be measured here; --vs takes portkey.");
        var portkeyFolder = Environment.GetEnvironmentVariable(PortkeyFolder);
        if (options.Versus is not null && portkeyFolder is null) return await InNamespaceAsync(options, cancellationToken);
        var rounds = options.Rounds ?? 5;
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "soma-bench-" + Guid.CreateVersion7().ToString("N"))).FullName;
        await using var upstream = await GatewayServers.UpstreamAsync();
        await using var yarp = await GatewayServers.YarpAsync(upstream.Urls.First());
        try
        {
            await using var soma = await SomaAsync(options, folder, upstream.Urls.First(), cancellationToken);
            await using var portkey = portkeyFolder is null ? null : await GatewayServers.PortkeyAsync(portkeyFolder, cancellationToken);
            var token = await soma.TokenAsync(cancellationToken);
            await SetBudgetAsync(soma.Url, token, cancellationToken);
            List<GatewayWay> ways = [new("direct", upstream.Urls.First(), token), new("yarp", yarp.Urls.First(), token), new("soma", soma.Url, token) { ProcessId = soma.Id }];
            if (portkey is not null) ways.Add(new("portkey", portkey.Url, token, ("x-portkey-provider", "openai"), ("x-portkey-custom-host", upstream.Urls.First() + "/v1")) { Streaming = false, ProcessId = portkey.Id });
            foreach (var way in ways) await way.ClosedAsync(1, WarmUp, cancellationToken);
            foreach (var way in ways) await way.ClosedAsync(GatewayWay.Callers, WarmUp * 4, cancellationToken);
            var seen = new GatewaySamples();
            for (var round = 1; round <= rounds; round++)
            {
                var turn = new Dictionary<string, GatewayTurn>(StringComparer.Ordinal);
                // A different way begins in each round, so that no way always profits from what ran before it.
                for (var i = 0; i < ways.Count; i++) turn[ways[(i + round) % ways.Count].Name] = await ways[(i + round) % ways.Count].TurnAsync(cancellationToken);
                seen.Add(turn);
                options.Progress($"round {round}/{rounds}: {seen.Latest()}");
            }
            if (options.Soak is { } time) await SoakAsync(options, ways.First(static way => way.Name == "soma"), soma.Id, time, seen, cancellationToken);
            foreach (var way in ways) way.Dispose();
            return seen.Result(rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The upstream goes under OpenAI's name, so that its models have OpenAI's prices and every call moves money.</summary>
    private static Task<SomaServerProcess> SomaAsync(BenchOptions options, string folder, string upstream, CancellationToken cancellationToken)
    {
        var providers = Path.Combine(folder, "providers.json");
        File.WriteAllText(providers, $$"""[{"name":"openai","kind":"openai","url":"{{upstream}}/v1"}]""");
        return SomaServerProcess.StartAsync(options, Path.Combine(folder, "data"), new() { ["SOMA_PROVIDERS"] = providers, ["SOMA_DETECT"] = "0" }, cancellationToken);
    }

    private static async Task SetBudgetAsync(string url, string token, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        client.DefaultRequestHeaders.IfMatch.Add(new("\"0\""));
        using var content = new StringContent("""{"display_name":"Measured","daily_budget":1000000}""", Encoding.UTF8, "application/json");
        using var response = await client.PutAsync("/v1/settings", content, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException("The budget could not be set: " + await response.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Half of the throughput that was just seen; the process's resident memory every second.</summary>
    private static async Task SoakAsync(BenchOptions options, GatewayWay way, int process, TimeSpan time, GatewaySamples seen, CancellationToken cancellationToken)
    {
        var rate = seen.Middle("throughput_rps") / 2;
        var resident = new List<(double Seconds, double Mib)>();
        var answered = await way.SustainAsync(rate, time, elapsed =>
        {
            resident.Add((elapsed.TotalSeconds, StartBenchmark.ResidentBytes(process) / (1024.0 * 1024)));
            if ((int)elapsed.TotalSeconds % 60 == 0) options.Progress($"soak {elapsed.TotalMinutes:0}/{time.TotalMinutes:0} min at {rate:0}/s: {resident[^1].Mib:0} MiB");
        }, cancellationToken);
        seen.AddSoak(rate, answered, SoakDrift.Of(resident));
    }

    /// <summary>Runs this command again where only its own processes can be reached.</summary>
    private static async Task<BenchResult> InNamespaceAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = await NodePackages.InstallAsync("gateway", [], options.Progress, cancellationToken);
        List<string> arguments = [options.Soma, "bench", "gateway", "--vs", options.Versus!, "--json"];
        if (options.Rounds is { } rounds) arguments.AddRange(["--rounds", $"{rounds}"]);
        if (options.Soak is { } soak) arguments.AddRange(["--soak", $"{(int)soak.TotalMinutes}"]);
        string[] root = Environment.UserName == "root" ? [] : ["--map-root-user"];
        var start = new ProcessStartInfo("unshare", [.. root, "--net", "sh", "-c", "ip link set lo up && exec dotnet \"$@\"", "sh", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[PortkeyFolder] = folder;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("unshare (util-linux) does not start.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line) options.Progress(line);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? BenchResult.FromJson(await output) : throw new InvalidOperationException("The run in the network namespace failed; its words are above.");
    }
}
