using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Bench;

/// <summary>
/// What it costs to know who asks: a token that was verified a moment ago, and one that is seen for the first time (signature and database), through
/// the contract that the edge uses, in a whole server that looks for revocations once a second meanwhile.
/// </summary>
public static class IdentityBench
{
    public static readonly Benchmark Benchmark = new("identity", "Time to verify an access token, warm and at first sight, in microseconds.", RunAsync);

    private const int DefaultRounds = 5;
    private const int WarmCalls = 50_000;
    private const int ColdCalls = 200;

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("soma-bench-identity-").FullName;
        try
        {
            await using var app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Url = "http://127.0.0.1:0" }, cancellationToken);
            await app.StartAsync(cancellationToken);
            var identity = app.Services.GetRequiredService<IIdentity>();
            var (tenant, principal) = await identity.DemoOwnerAsync(cancellationToken);
            var rounds = options.Rounds ?? DefaultRounds;
            List<double> warm = [], tail = [], cold = [];
            // The first round compiles.
            for (var round = 0; round <= rounds; round++)
            {
                var token = (await identity.IssueTokenAsync(tenant, principal, null, TimeSpan.FromHours(1), cancellationToken)).Token;
                var times = await TimesAsync(identity, Enumerable.Repeat(token, WarmCalls), cancellationToken);
                List<string> others = [];
                for (var i = 0; i < ColdCalls; i++) others.Add((await identity.IssueTokenAsync(tenant, principal, null, TimeSpan.FromHours(1), cancellationToken)).Token);
                var first = await TimesAsync(identity, others, cancellationToken);
                if (round == 0) continue;
                warm.Add(times[times.Length / 2]);
                tail.Add(times[times.Length * 99 / 100]);
                cold.Add(first[first.Length / 2]);
                options.Progress($"round {round}/{rounds}: warm p50 {warm[^1]:0.00} µs, p99 {tail[^1]:0.00} µs, first sight p50 {cold[^1]:0} µs");
            }
            await app.StopAsync(cancellationToken);
            var figures = new Dictionary<string, Figure>(StringComparer.Ordinal)
            {
                ["token_verify_us"] = Figure.Of(warm, "µs (p50)"),
                ["token_verify_p99_us"] = Figure.Of(tail, "µs (p99)"),
                ["token_first_us"] = Figure.Of(cold, "µs (p50)"),
            };
            return BenchResult.Of("identity", figures, new Dictionary<string, double>(StringComparer.Ordinal), rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Microseconds of each call, ascending.</summary>
    private static async Task<double[]> TimesAsync(IIdentity identity, IEnumerable<string> tokens, CancellationToken cancellationToken)
    {
        List<double> times = [];
        foreach (var token in tokens)
        {
            var began = Stopwatch.GetTimestamp();
            if (await identity.AuthenticateAsync(token, cancellationToken) is null) throw new InvalidOperationException("A good token was refused.");
            times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        times.Sort();
        return [.. times];
    }
}
