using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>One agent's part.</summary>
/// <param name="AgentId">A persona.</param>
/// <param name="Goal">Stands before the prompt.</param>
/// <param name="Capabilities">At most these of what you hold; left out for all of them.</param>
internal sealed record Directive(string AgentId, string Prompt, string? Goal = null, IReadOnlyList<string>? Capabilities = null, JsonElement? Metadata = null);

/// <summary>
/// Agents one after the other, as a capsule's graph. The words are inputs and never part of the capsule's text: what looks like a template in
/// them stays what it is.
/// </summary>
internal static class Directives
{
    public const string CapsuleId = "directives";

    private const int Most = 50;
    private const int PromptMost = 100_000;

    /// <summary>A model that does not answer, and a turn whose server died, are tried again; a refusal is not.</summary>
    private static readonly CapsuleRetry Patient = new(3);

    public static string StepOf(int index) => string.Create(CultureInfo.InvariantCulture, $"agent_{index + 1}");

    public static (Capsule Capsule, string Inputs) Compile(string? name, IReadOnlyList<Directive> directives)
    {
        Check.That(directives.Count is > 0 and <= Most, "directives", $"must be 1 to {Most}").OrThrow();
        var check = default(Check);
        for (var i = 0; i < directives.Count; i++)
        {
            var (one, field) = (directives[i], $"directives[{i}]");
            check = check.And(one.AgentId is { Length: > 0 and <= 64 }, field + ".agent_id", "must have 1 to 64 characters")
                .And(one.Prompt is { Length: > 0 } && one.Prompt.Length + (one.Goal?.Length ?? 0) <= PromptMost, field + ".prompt", $"must have 1 to {PromptMost} characters, the goal included")
                .And(one.Capabilities is null || one.Capabilities.All(Capability.All.Contains), field + ".capabilities", "must be published ones");
        }
        check.OrThrow();
        var steps = directives.Select(static (one, i) => new CapsuleStep(StepOf(i), "agent.ask", Params(i, one), i == 0 ? [] : [StepOf(i - 1)]) { Retry = Patient }).ToArray();
        var digest = TextDigest.Of(string.Join('\n', steps.Select(static step => step.Params)));
        var capsule = new Capsule(CapsuleId, "1", name ?? $"{directives.Count} agents, one after the other", "composite", digest)
        {
            Inputs = [new CapsuleInput("directives", "list", Required: true)], Steps = steps, MaxParallel = 1,
        };
        return (capsule, new JsonObject { ["directives"] = new JsonArray([.. directives.Select(static one => (JsonNode)Input(one))]) }.ToJsonString());
    }

    private static string Params(int i, Directive one)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"inputs.directives[{i}]");
        var parameters = new JsonObject { ["persona"] = $"{{{{ {place}.agent_id }}}}", ["prompt"] = $"{{{{ {place}.prompt }}}}" };
        if (one.Capabilities is not null) parameters["capabilities"] = $"{{{{ {place}.capabilities }}}}";
        return parameters.ToJsonString();
    }

    private static JsonObject Input(Directive one)
    {
        var input = new JsonObject { ["agent_id"] = one.AgentId, ["goal"] = one.Goal, ["prompt"] = one.Goal is { Length: > 0 } goal ? $"{goal}\n\n{one.Prompt}" : one.Prompt };
        if (one.Capabilities is { } capabilities) input["capabilities"] = new JsonArray([.. capabilities.Select(static name => (JsonNode)name)]);
        if (one.Metadata is { } metadata) input["metadata"] = JsonNode.Parse(metadata.GetRawText());
        return input;
    }
}
