using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Has models measured, so that a schedule can do it every night.</summary>
internal sealed class BenchmarksAdapter(IBenchmarks benchmarks) : INativeAdapter
{
    public string Name => "benchmarks";

    public string Description => "Measures the primary models on benchmark capsules.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        new("run", "Begins a benchmark run, of one task or of all. It goes on in the background; who may run benchmarks is told when it has failed, and scores are at /v1/scores.", """
            {"type":"object","properties":{"task":{"type":"string","minLength":1,"maxLength":64}},"additionalProperties":false}
            """, """{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}""", "medium", Capability.BenchmarkRun, ReadOnly: false, Idempotent: true),
    ];

    public async Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.BenchmarkRun);
        using var document = JsonDocument.Parse(arguments);
        var id = Ids.Derive($"tool-benchmark\n{context.Tenant}\n{call.Key}");
        await benchmarks.BeginAsync(context, id, document.RootElement.TryGetProperty("task", out var task) ? [task.GetString()!] : null, cancellationToken);
        return new NativeAnswer($"Benchmark run {id} has begun.", new JsonObject { ["id"] = id }.ToJsonString());
    }
}
