using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Stops what acts, at once.</summary>
internal static class KillCommand
{
    private static readonly Option<string> Scope = new("--scope") { Description = "platform, tenant, persona, capsule or tool.", DefaultValueFactory = _ => "tenant" };
    private static readonly Option<string?> Target = new("--target") { Description = "Which persona, capsule or tool." };
    private static readonly Option<string> Reason = new("--reason") { Description = "Everybody who is refused reads it.", Required = true };

    public static Command Create()
    {
        Scope.AcceptOnlyFromAmong("platform", "tenant", "persona", "capsule", "tool");
        return new Command("kill", "The kill switch: stops sessions, model calls and tools within a second.\n\nExamples:\n  soma kill engage --reason \"odd tool calls\"\n  soma kill status\n  soma kill release --reason \"found and fixed\" --wait")
        {
            Remote.Show("status", "What is stopped, by whom and why.", _ => Ask.Get("/v1/killswitch")),
            Remote.Change("engage", "Stop. One key suffices.", parsed => Switch(parsed, engaged: true), Scope, Target, Reason),
            Remote.Change("release", "Go on; needs a second person.", parsed => Switch(parsed, engaged: false), Scope, Target, Reason),
        };
    }

    private static Ask Switch(ParseResult parsed, bool engaged)
    {
        var body = new JsonObject { ["engaged"] = engaged, ["scope"] = parsed.GetValue(Scope), ["reason"] = parsed.GetValue(Reason) };
        if (parsed.GetValue(Target) is { } target) body["target"] = target;
        return Ask.Post("/v1/killswitch", body);
    }
}
