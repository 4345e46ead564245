using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Runs as tools, for agents and MCP clients: what the routes do, with the caller's own capabilities.</summary>
/// <param name="rooms">Runs call tools and are one: whoever starts them is looked up when it is needed.</param>
internal sealed class RunsAdapter(IServiceProvider rooms) : INativeAdapter
{
    private const string Id = """{"type":"object","additionalProperties":false,"required":["run"],"properties":{"run":{"type":"string","description":"The run's id."}}}""";

    public string Name => "runs";

    public string Description => "Starts durable runs of approved capsules, reads them, sends them signals and cancels them.";

    public IReadOnlyList<NativeAction> Actions { get; } =
    [
        new("start", "Starts a run of an approved capsule and answers at once; the run goes on by itself.", """
            {"type":"object","additionalProperties":false,"required":["capsule"],"properties":{"capsule":{"type":"string"},"version":{"type":"string"},"inputs":{"type":"object"},"name":{"type":"string"}}}
            """, null, "medium", Capability.RunStart, ReadOnly: false, Idempotent: true),
        new("show", "Reads a run: its status, steps, results and what it waits for.", Id, null, "low", Capability.RunRead, ReadOnly: true, Idempotent: true),
        new("signal", "Sends a waiting run a signal.", """
            {"type":"object","additionalProperties":false,"required":["run","name"],"properties":{"run":{"type":"string"},"name":{"type":"string"},"data":{}}}
            """, null, "medium", Capability.RunRead, ReadOnly: false, Idempotent: true),
        new("cancel", "Cancels a run and undoes what it did, as far as its capsule says how.", """
            {"type":"object","additionalProperties":false,"required":["run"],"properties":{"run":{"type":"string"},"reason":{"type":"string"}}}
            """, null, "medium", Capability.RunRead, ReadOnly: false, Idempotent: true),
    ];

    public async Task<NativeAnswer> CallAsync(RequestContext context, string action, string arguments, ToolCall call, CancellationToken cancellationToken)
    {
        using var document = JsonDocument.Parse(arguments);
        var given = document.RootElement;
        // What is done follows from the call's key, so that the same call begins one run and sends one signal.
        var asking = context with { IdempotencyKey = "tool/" + call.Key };
        switch (action)
        {
            case "start":
                context.Require(Capability.RunStart);
                var (row, wanted) = await rooms.GetRequiredService<StartRun>().BeginAsync(Text(given, "capsule")!, Text(given, "version"), Text(given, "name"), Raw(given, "inputs") ?? "{}", asking, cancellationToken);
                if (wanted is not null) throw new Problem(WorkflowProblems.Denied, "A second person must agree first; a person starts this run.") { Approval = wanted.Id };
                return Answer($"Run {row!.Id} of {row.Identity.Capsule} {row.Identity.CapsuleVersion} has begun.", new JsonObject { ["run"] = row.Id, ["status"] = row.Status });
            case "show":
                context.Require(Capability.RunRead);
                var view = await rooms.GetRequiredService<ReadRuns>().GetAsync(context, Text(given, "run")!, cancellationToken);
                var text = $"Run {view.RunId} of {view.Capsule} is {view.Status}.{(view.Failure is { } failure ? $" {failure.Code}: {failure.Detail}" : "")}";
                return new NativeAnswer(text, JsonSerializer.Serialize(view, WorkflowsJson.Default.RunDetail)) { Taints = view.Taints };
            case "signal":
                await rooms.GetRequiredService<SteerRun>().SignalAsync(Text(given, "run")!, new SteerRun.SignalRequest(Text(given, "name")!, given.TryGetProperty("data", out var data) ? data.Clone() : null), asking, cancellationToken);
                return Answer("The signal is kept.", new JsonObject { ["run"] = Text(given, "run") });
            case "cancel":
                await rooms.GetRequiredService<SteerRun>().CancelAsync(Text(given, "run")!, Text(given, "reason"), asking, cancellationToken);
                return Answer("The run is being cancelled.", new JsonObject { ["run"] = Text(given, "run") });
            default:
                throw PlatformProblems.NotFound.Because($"The adapter has no action '{action}'.");
        }
    }

    private static NativeAnswer Answer(string text, JsonObject structured) => new(text, structured.ToJsonString());

    private static string? Text(JsonElement given, string name) => given.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Raw(JsonElement given, string name) => given.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value.GetRawText() : null;
}
