using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>Decides what waits for a second person.</summary>
internal static class ApprovalCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "An approval as soma approval list shows it." };
    private static readonly Option<string?> State = new("--state") { Description = "pending, approved, rejected, expired, voided or claimed." };
    private static readonly Option<string?> Kind = new("--kind") { Description = "e.g. policy.activate." };
    private static readonly Option<string?> Comment = new("--comment") { Description = "Why; the requester sees it." };

    public static Command Create() => new("approval", "What waits for a second person: see it, approve it, reject it.\n\nExamples:\n  soma approval list --state pending\n  soma approval show ID\n  soma approval approve ID --comment \"agreed in the change meeting\"")
    {
        Remote.List(
            "list", "Approvals, newest first.", parsed => Remote.Query("/v1/approvals", ("state", parsed.GetValue(State)), ("kind", parsed.GetValue(Kind))),
            [new("id", "id", 37), new("state", "state", 9), new("kind", "kind", 22), new("resource", "resource", 20), new("requester", "requester", 16), new("expires", "expires_at", 28)], State, Kind),
        Remote.Show("show", "One approval with the exact action that it is for.", parsed => Ask.Get("/v1/approvals/" + Remote.Part(parsed.GetValue(Id)!)), Id),
        Decide("approve", "Say yes to exactly what is shown. You cannot decide what you asked for yourself."),
        Decide("reject", "Say no; what was asked for does not happen."),
    };

    private static Command Decide(string decision, string description) => Remote.Change(
        decision, description, async (parsed, client, cancellationToken) =>
        {
            var path = "/v1/approvals/" + Remote.Part(parsed.GetValue(Id)!);
            // The digest goes along, so that nobody approves something else than what the server shows now.
            var digest = (await client.GetAsync(path, cancellationToken)).GetProperty("approval").GetProperty("digest").GetString();
            return Ask.Post(path + "/decision", new JsonObject { ["decision"] = decision, ["digest"] = digest, ["comment"] = parsed.GetValue(Comment) });
        },
        Id, Comment);
}
