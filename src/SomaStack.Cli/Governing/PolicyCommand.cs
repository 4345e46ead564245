using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Reads, tries and replaces the policy of the caller's tenant.</summary>
internal static class PolicyCommand
{
    private const string Policies = "/v1/policies";

    private static readonly Argument<string> File = new("file") { Description = "The policy as JSON; - reads standard input." };
    private static readonly Argument<string> Action = new("action") { Description = "A file with the fields of POST /v1/evaluate; - reads standard input." };
    private static readonly Argument<long> Version = new("version") { Description = "A version as soma policy versions shows it." };
    private static readonly Option<int?> Last = new("--last") { Description = "How many recorded actions are tried, newest first." };

    public static Command Create() => new("policy", "The rules that decide what may happen.\n\nExamples:\n  soma policy show --json | jq .document > policy.json\n  soma policy simulate policy.json\n  soma policy set policy.json --wait\n  echo '{\"kind\":\"tool.call\",\"resource\":\"mail\"}' | soma policy evaluate -")
    {
        Remote.Show("show", "The policy in force.", _ => Ask.Get(Policies)),
        Remote.List("versions", "All versions, newest first.", _ => Policies + "/versions", [new("version", "version", 8), new("hash", "hash", 16), new("by", "created_by", 16), new("at", "created_at", 28)]),
        Remote.Show("evaluate", "What the gate would say to an action; nothing happens.", parsed => Ask.Post("/v1/evaluate", Remote.Document(parsed.GetValue(Action)!)), Action),
        Remote.Show("simulate", "What a policy would have said to recorded actions; nothing is changed.",
            parsed => Ask.Post(Policies + "/simulate", new JsonObject { ["document"] = Remote.Document(parsed.GetValue(File)!), ["last"] = parsed.GetValue(Last) }), File, Last),
        Remote.Change("set", "Put a policy in force; needs a second person.", async (parsed, client, cancellationToken) =>
            new Ask(HttpMethod.Put, Policies, Remote.Document(parsed.GetValue(File)!), await Remote.VersionAsync(client, Policies, cancellationToken)), File),
        Remote.Change("restore", "Put an older version in force again, as a new version; needs a second person.", async (parsed, client, cancellationToken) =>
            new Ask(HttpMethod.Post, $"{Policies}/versions/{parsed.GetValue(Version)}/restore", new JsonObject(), await Remote.VersionAsync(client, Policies, cancellationToken)), Version),
    };
}
