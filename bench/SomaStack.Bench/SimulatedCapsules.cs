using System.Globalization;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Bench;

/// <summary>Capsules made from a seed: every kind of step, edges to earlier steps only, so they are sound by construction.</summary>
internal static class SimulatedCapsules
{
    private static readonly string[] Actions =
        ["tools.act", "tools.act", "tools.act", "agent.ask", "flow.set", "wait.timer", "wait.signal", "approvals.request", "human.ask", "capsule.run", "tools.act", "agent.ask"];

    /// <param name="calm">Without limits of time and money, races for signals, and nested runs: what such a run gives does not depend on timing.</param>
    public static Capsule Make(Random random, string id, int depth, bool calm)
    {
        var steps = new List<CapsuleStep>();
        var count = random.Next(1, 9);
        for (var i = 0; i < count; i++) steps.Add(Step(random, i, steps, depth, calm));
        return new Capsule(id, "1.0.0", "Made from a seed.", "composite", "")
        {
            Inputs = [new CapsuleInput("n", "integer", Required: true), new CapsuleInput("list", "list", Required: false, Default: "[1,2,3]")],
            Outputs = new Dictionary<string, CapsuleOutput> { ["last"] = new(null, Json($"{{{{ steps.{steps[^1].Name} | default('none') }}}}"), null) },
            Tools = ["tools"],
            Budget = calm || random.Next(4) > 0
                ? new CapsuleBudget()
                : new CapsuleBudget(Tokens: random.Next(50, 2000), Steps: random.Next(2, 60), Time: random.Next(3) == 0 ? TimeSpan.FromMinutes(random.Next(1, 600)) : null),
            RequiresReview = !calm && random.Next(6) == 0,
            MaxParallel = random.Next(1, 6),
            Steps = steps,
        };
    }

    private static CapsuleStep Step(Random random, int index, List<CapsuleStep> earlier, int depth, bool calm)
    {
        var action = Actions[random.Next(Actions.Length)];
        if (action == "capsule.run" && (depth >= 3 || calm)) action = "tools.act";
        if (action == "wait.signal" && calm) action = "flow.set";
        var after = earlier.Where(_ => random.Next(3) == 0).Select(static step => step.Name).ToList();
        if (random.Next(2) == 0 && earlier.Count > 0 && !after.Contains(earlier[^1].Name)) after.Add(earlier[^1].Name);
        var each = random.Next(5) == 0 && action is not "human.ask";
        var works = action is "tools.act" or "agent.ask" or "capsule.run";
        var name = "S" + index.ToString(CultureInfo.InvariantCulture);
        var read = after.Count > 0 ? $"{{{{ steps.{after[0]} | default(0) | json }}}}" : "{{ n + 1 }}";
        return new CapsuleStep(name, action, Params(action, read, each, index), after)
        {
            When = random.Next(6) == 0 ? $"n % {random.Next(1, 4)} == 0" : null,
            ForEach = each ? random.Next(2) == 0 ? "list" : "[n, n * 2, n * 3, 4]" : null,
            MaxParallel = random.Next(1, 5),
            Retry = works && random.Next(2) == 0 ? new CapsuleRetry(random.Next(2, 5), TimeSpan.FromMilliseconds(random.Next(1, 5000))) : new CapsuleRetry(),
            TimeLimit = !calm && random.Next(4) == 0 ? TimeSpan.FromSeconds(random.Next(1, 900)) : null,
            Optional = random.Next(5) == 0,
            Compensate = works && random.Next(3) == 0 ? new CapsuleCompensation("tools.undo", "{\"of\":\"" + name + "\",\"result\":" + Json("{{ steps." + name + " | json }}") + "}") : null,
        };
    }

    private static string Params(string action, string read, bool each, int index)
    {
        var item = each ? "{{ index }}" : "0";
        return action switch
        {
            "agent.ask" => $$"""{"prompt":{{Json(read)}},"item":{{Json(item)}}}""",
            "capsule.run" => "{\"capsule\":\"child\",\"inputs\":{\"n\":" + Json("{{ n + 1 }}") + "}}",
            "wait.timer" => """{"for":"90s"}""",
            "wait.signal" => $$"""{"name":"signal_{{index % 2}}"}""",
            "approvals.request" => $$"""{"summary":{{Json("May " + read + "?")}}}""",
            "human.ask" => """{"title":"Say","form":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}""",
            _ => $$"""{"value":{{Json(read)}},"item":{{Json(item)}}}""",
        };
    }

    private static string Json(string text) => System.Text.Json.JsonSerializer.Serialize(text, BenchText.Default.String);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class BenchText : System.Text.Json.Serialization.JsonSerializerContext;
