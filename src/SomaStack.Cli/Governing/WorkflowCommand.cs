using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>Starts durable runs, looks at them and steers them.</summary>
internal static class WorkflowCommand
{
    private const string Path = "/v1/mao";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private static readonly Argument<string> Id = new("id") { Description = "A run as soma workflow list shows it." };
    private static readonly Argument<string> Capsule = new("capsule") { Description = "An approved capsule; with --agent the name of the run." };
    private static readonly Argument<string> Signal = new("name") { Description = "The signal as the capsule's step names it." };
    private static readonly Option<string?> Version = new("--version") { Description = "Of the capsule; the newest approved one by default." };
    private static readonly Option<string[]> Input = new("--input") { Description = "NAME=VALUE; VALUE is JSON, or text when it is none. Repeat for more." };
    private static readonly Option<string?> Inputs = new("--inputs") { Description = "A file with the inputs as a JSON object; - for standard input." };
    private static readonly Option<string[]> Agent = new("--agent") { Description = "PERSONA=PROMPT instead of a capsule; repeated, each is asked after the one before it." };
    private static readonly Option<string?> Data = new("--json-data") { Description = "JSON that goes with it." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why; the history keeps it." };
    private static readonly Option<string> From = new("--from") { Description = "The step that is done anew, with all that comes after it.", Required = true };
    private static readonly Option<string?> Status = new("--status") { Description = "running, waiting, compensating, completed, failed or cancelled." };
    private static readonly Option<string?> OfCapsule = new("--capsule") { Description = "Only runs of this capsule." };

    public static Command Create() => new(
        "workflow", "Durable runs: start one, follow it, steer it.\n\nExamples:\n  soma workflow start weekly_digest --input project_id=soma\n  soma workflow start \"Two looks\" --agent \"guide=What changed?\" --agent \"guide=What is missing?\""
        + "\n  soma workflow tail ID\n  soma workflow signal ID go --json-data '{\"by\":\"ops\"}'")
    {
        Remote.List(
            "list", "Runs, newest first.", static parsed => Remote.Query(Path, ("status", parsed.GetValue(Status)), ("capsule", parsed.GetValue(OfCapsule))),
            [new("id", "run_id", 37), new("status", "status", 12), new("capsule", "capsule", 24), new("name", "name", 40), new("starter", "starter", 16), new("created", "created_at", 28)], Status, OfCapsule),
        Remote.Change("start", "Start a run of a capsule, or of agents one after the other.", Start, Capsule, Version, Input, Inputs, Agent),
        Remote.Show("show", "One run with its steps, what it waits for and what it has used.", static parsed => Ask.Get(Of(parsed)), Print, Id),
        Tail(),
        Remote.Change("signal", "Send a run a signal.", static parsed => Ask.Post(Of(parsed, "signal"), new JsonObject { ["name"] = parsed.GetValue(Signal), ["data"] = Json(parsed.GetValue(Data)) }), Id, Signal, Data),
        Remote.Change("cancel", "Cancel a run and undo what it did.", static parsed => Ask.Post(Of(parsed, "cancel"), new JsonObject { ["reason"] = parsed.GetValue(Reason) }), Id, Reason),
        Remote.Change("retry", "Try a failed run again from the steps that failed.", static parsed => Ask.Post(Of(parsed, "retry")), Id),
        Remote.Change("fork", "Start a new run from a step of another.", static parsed => Ask.Post(Of(parsed, "fork"), Forked(parsed)), Id, From, Input, Inputs),
    };

    private static string Of(ParseResult parsed, string? verb = null) => $"{Path}/{Remote.Part(parsed.GetValue(Id)!)}{(verb is null ? "" : "/" + verb)}";

    private static Ask Start(ParseResult parsed)
    {
        if (parsed.GetValue(Agent) is not { Length: > 0 } agents)
            return Ask.Post(Path + "/start", new JsonObject { ["capsule"] = parsed.GetValue(Capsule), ["version"] = parsed.GetValue(Version), ["inputs"] = InputsOf(parsed) });
        var directives = new JsonArray();
        foreach (var agent in agents)
        {
            var (persona, prompt) = Pair(agent, "--agent");
            directives.Add(new JsonObject { ["agent_id"] = persona, ["prompt"] = prompt });
        }
        return Ask.Post(Path + "/start", new JsonObject { ["name"] = parsed.GetValue(Capsule), ["directives"] = directives });
    }

    private static JsonObject Forked(ParseResult parsed)
    {
        var body = new JsonObject { ["from_step"] = parsed.GetValue(From) };
        if (InputsOf(parsed) is { Count: > 0 } inputs) body["inputs"] = inputs;
        return body;
    }

    private static JsonObject InputsOf(ParseResult parsed)
    {
        var inputs = parsed.GetValue(Inputs) is { } file ? Remote.Document(file) : [];
        foreach (var one in parsed.GetValue(Input) ?? [])
        {
            var (name, value) = Pair(one, "--input");
            inputs[name] = Json(value);
        }
        return inputs;
    }

    private static (string Name, string Value) Pair(string text, string option)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 ? (text[..at], text[(at + 1)..]) : throw new UsageException($"{option} takes NAME=VALUE, and got '{text}'.");
    }

    /// <summary>What is no JSON is meant as text.</summary>
    private static JsonNode? Json(string? text)
    {
        if (text is null) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    private static void Print(JsonElement run)
    {
        Remote.Lines(run, "run_id", "status", "capsule", "version", "starter", "paused", "created_at", "ended_at", "failure", "outputs");
        Console.WriteLine();
        Remote.Table([.. run.GetProperty("steps").EnumerateArray()], [new("STEP", "path", 24), new("ACTION", "action", 24), new("STATUS", "status", 10), new("TRIES", "attempt", 5), new("CODE", "failure.code", 24), new("RECORD", "record", 48)]);
        if (run.GetProperty("waits").GetArrayLength() == 0) return;
        Console.WriteLine();
        Remote.Table([.. run.GetProperty("waits").EnumerateArray()], [new("WAITS", "path", 24), new("FOR", "kind", 10), new("WHICH", "reference", 40)]);
    }

    private static Command Tail()
    {
        var command = new Command("tail", "Print a run's events as they come, until it has ended.") { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json, Id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            for (var after = 0L; ;)
            {
                // Before the events: what ended meanwhile has its last event among those that are read now.
                var status = (await client.GetAsync(Of(parsed), cancellationToken)).GetProperty("status").GetString();
                var (shown, last) = await PrintAsync(parsed, client, after, cancellationToken);
                after = last;
                if (shown > 0) continue;
                if (status is "completed" or "failed" or "cancelled") return status == "completed" ? 0 : 1;
                await Task.Delay(Poll, cancellationToken);
            }
        });
        return command;
    }

    private static async Task<(int Shown, long Last)> PrintAsync(ParseResult parsed, SomaClient client, long after, CancellationToken cancellationToken)
    {
        var page = await client.GetAsync($"{Of(parsed, "history")}?limit=200&after={after.ToString(CultureInfo.InvariantCulture)}", cancellationToken);
        var shown = 0;
        foreach (var one in page.GetProperty("data").EnumerateArray())
        {
            (shown, after) = (shown + 1, one.GetProperty("seq").GetInt64());
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? one.GetRawText() : Line(one));
        }
        return (shown, after);
    }

    private static string Line(JsonElement one)
    {
        var data = one.GetProperty("data");
        var at = DateTimeOffset.UnixEpoch.AddMicroseconds(data.GetProperty("at").GetInt64());
        var path = data.TryGetProperty("path", out var where) ? where.GetString() : "";
        var why = data.TryGetProperty("failure", out var failure) && failure.ValueKind == JsonValueKind.Object ? $"{failure.GetProperty("code").GetString()}: {failure.GetProperty("detail").GetString()}" : "";
        return string.Concat($"{at:HH:mm:ss.fff} {one.GetProperty("seq").GetInt64(),5} {one.GetProperty("type").GetString(),-18} {path,-24} {why}".TrimEnd().Select(static c => char.IsControl(c) ? '\uFFFD' : c));
    }
}
