using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Capsules: write one, check it, submit it, review it, look.</summary>
internal static class CapsuleCommand
{
    private const string Template = """
        id: NAME
        version: 0.1.0
        summary: What it does, in one sentence that a reviewer understands.
        inputs:
          - {name: topic, type: string, required: true}
        # Adapters and actions that the steps use, e.g. - {adapter: memory, actions: [recall]}
        tools: []
        policies: {budget_tokens: 5000, budget_steps: 20}
        workflow:
          steps:
            - name: Write
              action: agent.ask
              params:
                prompt: "Say in three sentences what matters about {{ topic }}."
            - name: Approve
              action: approvals.request
              params:
                summary: "Is this right about {{ topic }}?"
                text: "{{ steps.Write.text }}"
        outputs:
          text: "{{ steps.Write.text }}"

        """;

    private static readonly Argument<string> Name = new("name") { Description = "The capsule's id: a-z, 0-9, '_', '-' and '.'." };
    private static readonly Argument<string> File = new("file") { Description = "The capsule in YAML or JSON; - reads standard input." };
    private static readonly Argument<string> Id = new("id") { Description = "A capsule as soma capsule list shows it." };
    private static readonly Argument<string> Submission = new("submission") { Description = "A submission as soma capsule submissions shows it." };
    private static readonly Argument<string> Decision = new("decision") { Description = "approve or reject." };
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "The file to write (default NAME.yaml)." };
    private static readonly Option<string?> Version = new("--capsule-version") { Description = "A version; without it the one that would run." };
    private static readonly Option<string?> Notes = new("--notes") { Description = "Why; needed to reject and to revoke." };
    private static readonly Option<string?> Status = new("--status") { Description = "pending, approved, rejected or revoked." };

    public static Command Create()
    {
        Decision.AcceptOnlyFromAmong("approve", "reject");
        return new("capsule", "Versioned descriptions of work: write, check, submit, review.\n\nExamples:\n  soma capsule new weekly_digest\n  soma capsule validate weekly_digest.yaml\n  soma capsule submit weekly_digest.yaml"
            + "\n  soma capsule submissions --status pending\n  soma capsule review ID approve")
        {
            New(),
            Validate(),
            Remote.Change("submit", "Put a version before a reviewer; it never changes afterwards.", parsed => Ask.Post("/v1/submissions", new JsonObject { ["definition"] = Text(parsed.GetValue(File)!) }), PrintSubmission, File),
            Remote.List("submissions", "Your submissions, or all if you may review; newest first.", parsed => Remote.Query("/v1/submissions", ("status", parsed.GetValue(Status))),
                [new("id", "id", 37), new("capsule", "capsule_id", 28), new("version", "version", 10), new("status", "status", 9), new("owner", "owner", 37)], Status),
            Remote.Change("review", "Approve or reject what somebody else submitted.", async (parsed, client, cancellationToken) =>
            {
                var path = "/v1/submissions/" + Remote.Part(parsed.GetValue(Submission)!);
                // The digest goes along, so that nobody approves something else than what the server shows now.
                var digest = (await client.GetAsync(path, cancellationToken)).GetProperty("digest").GetString();
                return Ask.Post(path + "/review", new JsonObject { ["decision"] = parsed.GetValue(Decision), ["digest"] = digest, ["notes"] = parsed.GetValue(Notes) });
            }, PrintSubmission, Submission, Decision, Notes),
            Remote.Change("revoke", "Take an approval back.", parsed => Ask.Post($"/v1/submissions/{Remote.Part(parsed.GetValue(Submission)!)}/revoke", new JsonObject { ["notes"] = parsed.GetValue(Notes) }), PrintSubmission, Submission, Notes),
            Remote.List("list", "The capsules that may run.", _ => "/v1/capsules",
                [new("id", "id", 28), new("version", "version", 10), new("source", "source", 8), new("type", "type", 10), new("summary", "summary", 60)]),
            Remote.Show("show", "One capsule as it was written.", parsed => Ask.Get(Remote.Query("/v1/capsules/" + Remote.Part(parsed.GetValue(Id)!), ("version", parsed.GetValue(Version)))), PrintCapsule, Id, Version),
        };
    }

    private static Command New()
    {
        var command = new Command("new", "Write the beginning of a capsule into a file.\n\nExample:\n  soma capsule new weekly_digest") { Name, Output, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(Name)!;
            if (name.Length > 64 || !char.IsAsciiLetterLower(name[0]) || !name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-' or '.')) throw new UsageException("A capsule's id has 1 to 64 characters of a-z, 0-9, '_', '-' and '.', and begins with a letter.");
            var file = parsed.GetValue(Output) ?? name + ".yaml";
            try
            {
                await using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
                await using var writer = new StreamWriter(stream);
                await writer.WriteAsync(Template.Replace("NAME", name, StringComparison.Ordinal).AsMemory(), cancellationToken);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"'{file}' cannot be written: {exception.Message}");
            }
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? new JsonObject { ["file"] = file }.ToJsonString() : $"{file} is written. Next: soma capsule validate {file}");
            return 0;
        });
        return command;
    }

    private static Command Validate()
    {
        var command = new Command("validate", "Find every fault of a capsule; nothing is kept.\n\nExample:\n  soma capsule validate weekly_digest.yaml") { File, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetValue(File)!;
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            using var body = JsonDocument.Parse(new JsonObject { ["definition"] = Text(file) }.ToJsonString());
            var answer = (await client.SendAsync(HttpMethod.Post, "/v1/capsules/validate", body.RootElement.Clone(), cancellationToken: cancellationToken)).Body;
            var passed = answer.GetProperty("passed").GetBoolean();
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(answer.GetRawText());
            else
            {
                // As compilers write it, so that editors find the place.
                foreach (var fault in answer.GetProperty("faults").EnumerateArray())
                    Console.WriteLine($"{file}:{fault.GetProperty("line").GetInt32()}:{fault.GetProperty("column").GetInt32()}: {fault.GetProperty("severity").GetString()} {fault.GetProperty("code").GetString()}: {Printable(fault.GetProperty("message").GetString()!)}");
                if (passed) Console.WriteLine($"{file} is sound: {answer.GetProperty("id").GetString()} {answer.GetProperty("version").GetString()}, sha256 {answer.GetProperty("digest").GetString()}");
            }
            return passed ? 0 : Failures.Failure;
        });
        return command;
    }

    private static void PrintCapsule(JsonElement capsule)
    {
        string Member(string name) => Printable(capsule.GetProperty(name).GetString() ?? "");
        Console.WriteLine($"# {Member("id")} {Member("version")}, {Member("status")} ({Member("source")}), sha256 {Member("digest")}");
        Console.WriteLine(Printable(capsule.GetProperty("text").GetString()!));
    }

    private static void PrintSubmission(JsonElement submission) => Remote.Lines(submission, "id", "capsule_id", "version", "status", "owner", "digest", "reviewer", "notes");

    private static string Printable(string text) => string.Concat(text.Select(static c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c));

    private static string Text(string file)
    {
        try
        {
            return file == "-" ? Console.In.ReadToEnd() : System.IO.File.ReadAllText(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {unreadable.Message}");
        }
    }
}
