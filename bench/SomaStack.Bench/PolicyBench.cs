using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>
/// One decision over a hundred rules with conditions and reasons, all of which look at the kind of action that is asked about, beside
/// Cedar (npm, WebAssembly, policies parsed beforehand) on the same hundred rules and the same requests. Ours reads the arguments from
/// text, computes score and digest and looks at a constitution too; both name every rule that matched. Both are asked in their own process, one call at a time.
/// </summary>
public static class PolicyBench
{
    private const int Rules = 100;
    private const int Requests = 256;
    private const int OurCalls = 20_000;
    private const int CedarCalls = 2_000;

    public static readonly Benchmark Benchmark = new("policy", "Time of one decision over 100 rules with conditions, beside cedar-wasm.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var seed = options.Seed ?? Random.Shared.Next();
        options.Progress($"seed {seed}");
        var policy = Policy();
        var requests = Draw(new Random(seed));
        var project = await NodePackages.InstallAsync("policy", [], options.Progress, cancellationToken);
        var file = Path.Combine(Path.GetTempPath(), $"soma-policy-{Guid.CreateVersion7():N}.json");
        await File.WriteAllTextAsync(file, CedarInput(requests).ToJsonString(), cancellationToken);
        try
        {
            await using var cedar = await CedarProcess.StartAsync(project, file, cancellationToken);
            Compare(policy, requests, (await cedar.AskAsync("""{"do":"check"}""", cancellationToken)).GetProperty("decisions"));
            return await MeasureAsync(policy, requests, cedar, options, cancellationToken);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<BenchResult> MeasureAsync(PolicyInForce policy, Drawn[] requests, CedarProcess cedar, BenchOptions options, CancellationToken cancellationToken)
    {
        var rounds = options.Rounds ?? 9;
        List<double> p50 = [], p99 = [], cedar50 = [], cedar99 = [], bytes = [];
        // The first round warms both up and is not counted.
        for (var round = -1; round < rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (middle, late, allocated) = Ours(policy, requests);
            var answer = await cedar.AskAsync($$"""{"do":"time","calls":{{CedarCalls}}}""", cancellationToken);
            if (round < 0) continue;
            p50.Add(middle);
            p99.Add(late);
            bytes.Add(allocated);
            cedar50.Add(answer.GetProperty("p50").GetDouble());
            cedar99.Add(answer.GetProperty("p99").GetDouble());
            options.Progress($"round {round + 1}: ours {middle:0.00} µs, p99 {late:0.00} µs; cedar {cedar50[^1]:0.0} µs, p99 {cedar99[^1]:0.0} µs");
        }
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal)
        {
            ["p50_us"] = Figure.Of(p50, "µs"), ["p99_us"] = Figure.Of(p99, "µs"), ["allocated_bytes"] = Figure.Of(bytes, "bytes for a decision"),
            ["cedar_p50_us"] = Figure.Of(cedar50, "µs"), ["cedar_p99_us"] = Figure.Of(cedar99, "µs"),
        };
        foreach (var (name, figure) in await GateShare.MeasureAsync(options, rounds, cancellationToken)) figures[name] = figure;
        var ratios = new Dictionary<string, double>(StringComparer.Ordinal) { ["vs_cedar"] = Math.Round(figures["cedar_p50_us"].Median / figures["p50_us"].Median, 1) };
        return BenchResult.Of("policy", figures, ratios, rounds);
    }

    private static (double P50, double P99, double Bytes) Ours(PolicyInForce policy, Drawn[] requests)
    {
        var times = new double[OurCalls];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times.Length; i++)
        {
            var request = requests[i % requests.Length];
            var started = Stopwatch.GetTimestamp();
            PolicyDecider.Decide(policy, request.Action, request.Setting);
            times[i] = (Stopwatch.GetTimestamp() - started) * 1e6 / Stopwatch.Frequency;
        }
        var allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / times.Length;
        Array.Sort(times);
        return (times[times.Length / 2], times[(int)(times.Length * 0.99)], allocated);
    }

    /// <summary>The same request in both forms; the figures of the comparison mean nothing unless every decision and reason is the same.</summary>
    private static void Compare(PolicyInForce policy, Drawn[] requests, JsonElement decisions)
    {
        var denied = 0;
        for (var i = 0; i < requests.Length; i++)
        {
            var decision = PolicyDecider.Decide(policy, requests[i].Action, requests[i].Setting);
            var ours = decision.Reasons.Where(static reason => reason.Rule is not null).Select(static reason => reason.Rule!).Order(StringComparer.Ordinal).ToList();
            var theirs = decisions[i].EnumerateArray().Select(static rule => rule.GetString()!).Order(StringComparer.Ordinal).ToList();
            if (!ours.SequenceEqual(theirs) || (decision.Verdict == Verdict.Deny) != (ours.Count > 0)) throw new InvalidOperationException($"Request {i} is decided by {string.Join(", ", ours)} here and by {string.Join(", ", theirs)} there.");
            if (ours.Count > 0) denied++;
        }
        if (denied < requests.Length / 4 || denied > requests.Length * 3 / 4) throw new InvalidOperationException($"{denied} of {requests.Length} requests are denied: the set does not ask both ways.");
    }

    /// <summary>Four shapes in turn: a figure of the arguments, a principal, a label of the arguments in a region, a tool after untrusted content.</summary>
    private static (string Cel, string Cedar) Condition(int i) => (i % 4) switch
    {
        0 => ($"args.amount > {1000 + 10 * i} && args.currency == 'C{i}'", $"context.args.amount > {1000 + 10 * i} && context.args.currency == \"C{i}\""),
        1 => ($"principal.id == 'user-{i}' && context.mode == 'production'", $"principal == User::\"user-{i}\" && context.mode == \"production\""),
        2 => ($"context.region == 'region-{i}' && 'label-{i}' in args.labels", $"context.region == \"region-{i}\" && context.args.labels.contains(\"label-{i}\")"),
        _ => ($"action.resource == 'tool-{i}' && taints.exists(t, t == 'web')", $"resource == Tool::\"tool-{i}\" && context.taints.contains(\"web\")"),
    };

    /// <summary>Rules of each sort, none of which speaks, since Cedar knows none of them.</summary>
    private static readonly CompiledConstitution Constitution = new(1, 1, new ConstitutionRules(
        new HashSet<string> { "capsule.install" }, new Dictionary<string, double> { ["risk"] = 0.9, ["output_tokens"] = 4096 }, new Dictionary<string, int> { ["settings.change"] = 1 }));

    private static PolicyInForce Policy()
    {
        var rules = new JsonArray();
        for (var i = 0; i < Rules; i++)
            rules.Add(new JsonObject
            {
                ["id"] = $"rule-{i}", ["kinds"] = new JsonArray("tool.call"), ["effect"] = "deny", ["code"] = $"code_{i}", ["message"] = $"Rule {i} objects.",
                ["remedy"] = "Ask a policy owner.", ["condition"] = Condition(i).Cel,
            });
        var document = JsonNode.Parse(StarterPolicy.Text())!;
        document["rules"] = rules;
        var issues = new List<string>();
        var compiled = CompiledPolicy.Parse(document.ToJsonString(), issues);
        return compiled is not null ? new PolicyInForce("demo", 1, "", compiled, null) : throw new InvalidOperationException(issues[0]);
    }

    private static Drawn[] Draw(Random random)
    {
        var drawn = new Drawn[Requests];
        for (var i = 0; i < drawn.Length; i++)
        {
            var rule = random.Next(Rules);
            // Half of the requests are made to meet a rule's first half, and half of those its second.
            var (first, second) = (random.Next(2) == 0, random.Next(4) > 0);
            var shape = rule % 4;
            var (amount, currency) = (shape == 0 && first ? 5000 : random.Next(900), shape == 0 && second ? $"C{rule}" : "EUR");
            var principal = shape == 1 && first ? $"user-{rule}" : $"guest-{random.Next(1000)}";
            var mode = shape == 1 && !second ? DeploymentMode.Test : DeploymentMode.Production;
            var region = shape == 2 && first ? $"region-{rule}" : "eu-west";
            string[] labels = ["draft", shape == 2 && second ? $"label-{rule}" : "internal", "customer"];
            var tool = shape == 3 && first ? $"tool-{rule}" : $"tool-x{random.Next(1000)}";
            string[] taints = shape == 3 && second ? ["user", "web"] : ["user"];
            var args = new JsonObject { ["to"] = $"customer-{random.Next(10_000)}", ["amount"] = amount, ["currency"] = currency, ["labels"] = new JsonArray([.. labels.Select(static label => JsonValue.Create(label))]) };
            drawn[i] = new Drawn(
                new GatedAction("tool.call", tool, args.ToJsonString(), 0.1, 0.9) { Session = "s", Taints = taints },
                new DecisionSetting("demo", mode, "b4d1f00d") { Constitution = Constitution, PrincipalId = principal, PrincipalKind = "user", ClientType = "sdk", Region = region }, args);
        }
        return drawn;
    }

    private static JsonObject CedarInput(Drawn[] requests)
    {
        var policies = new JsonObject { ["everybody"] = "permit(principal, action, resource);" };
        for (var i = 0; i < Rules; i++) policies[$"rule-{i}"] = $"forbid(principal, action == Action::\"tool.call\", resource) when {{ {Condition(i).Cedar} }};";
        static JsonObject Entity(string type, string id) => new() { ["type"] = type, ["id"] = id };
        return new JsonObject
        {
            ["policies"] = policies,
            ["requests"] = new JsonArray([.. requests.Select(static request => new JsonObject
            {
                ["principal"] = Entity("User", request.Setting.PrincipalId), ["action"] = Entity("Action", request.Action.Kind), ["resource"] = Entity("Tool", request.Action.Resource),
                ["context"] = new JsonObject
                {
                    ["args"] = request.Args.DeepClone(), ["mode"] = request.Setting.Mode.Name(), ["region"] = request.Setting.Region, ["tenant"] = request.Setting.Tenant,
                    ["taints"] = new JsonArray([.. request.Action.Taints.Select(static taint => JsonValue.Create(taint))]),
                },
            })]),
        };
    }

    internal sealed record Drawn(GatedAction Action, DecisionSetting Setting, JsonObject Args);

    /// <summary>bench/policy/engine.mjs.</summary>
    private sealed class CedarProcess(Process process) : IAsyncDisposable
    {
        public static async Task<CedarProcess> StartAsync(string project, string file, CancellationToken cancellationToken)
        {
            var start = new ProcessStartInfo("node", ["engine.mjs", file]) { WorkingDirectory = project, RedirectStandardInput = true, RedirectStandardOutput = true };
            var cedar = new CedarProcess(Process.Start(start)!);
            await cedar.ReadAsync(cancellationToken);
            return cedar;
        }

        public async Task<JsonElement> AskAsync(string command, CancellationToken cancellationToken)
        {
            await process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
            await process.StandardInput.FlushAsync(cancellationToken);
            return await ReadAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            process.StandardInput.Close();
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        private async Task<JsonElement> ReadAsync(CancellationToken cancellationToken)
        {
            var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("node stopped without an answer.");
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.TryGetProperty("error", out var error)) throw new InvalidOperationException(error.GetString());
            return document.RootElement.Clone();
        }
    }
}
