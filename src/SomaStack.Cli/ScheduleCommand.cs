using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Runs at set times.</summary>
internal static class ScheduleCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "As soma schedule list shows it." };
    private static readonly Argument<string> Name = new("name") { Description = "For people." };
    private static readonly Option<string> Cron = new("--cron") { Description = "Minute, hour, day of month, month, day of week, e.g. \"0 4 * * 1\".", Required = true };
    private static readonly Option<string> Zone = new("--time-zone") { Description = "An IANA name, e.g. Europe/Zurich.", DefaultValueFactory = _ => "UTC" };
    private static readonly Option<string?> Capsule = new("--capsule") { Description = "What to run; or --template." };
    private static readonly Option<string?> Version = new("--capsule-version") { Description = "Without it the newest approved one, each time." };
    private static readonly Option<string?> Template = new("--template") { Description = "What to run; or --capsule." };
    private static readonly Option<string?> Inputs = new("--inputs") { Description = "A file with a JSON object, or - for standard input." };
    private static readonly Option<string> CatchUp = new("--catch-up") { Description = "What becomes of times at which the program was down: skip, latest or all.", DefaultValueFactory = _ => "latest" };
    private static readonly Option<string> Overlap = new("--overlap") { Description = "While the run before still goes on: skip or allow.", DefaultValueFactory = _ => "skip" };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Shown to whoever wonders." };
    private static readonly Option<string> From = new("--from") { Description = "First time, e.g. 2026-11-01T00:00:00Z.", Required = true };
    private static readonly Option<string> To = new("--to") { Description = "Last time, not in the future.", Required = true };

    public static Command Create()
    {
        CatchUp.AcceptOnlyFromAmong("skip", "latest", "all");
        Overlap.AcceptOnlyFromAmong("skip", "allow");
        return new Command("schedule", "Run capsules and templates at set times.\n\nExamples:\n  soma schedule create \"Weekly digest\" --template digest --cron \"0 4 * * 1\" --time-zone Europe/Zurich\n  soma schedule list\n  soma schedule pause ID --reason holidays\n  soma schedule backfill ID --from 2026-11-01T00:00:00Z --to 2026-11-07T00:00:00Z")
        {
            Remote.List("list", "Schedules with the next time of each.", static _ => "/v1/schedules", [new("ID", "id", 36), new("NAME", "name", 24), new("CRON", "cron", 16), new("TIME ZONE", "time_zone", 16), new("PAUSED", "paused", 20), new("LAST", "last.state", 10)]),
            Remote.Show("show", "One schedule, with its next five times.", static parsed => Ask.Get(Path(parsed)), Id),
            Remote.List("fires", "What became of each time, newest first.", static parsed => Path(parsed) + "/fires", [new("DUE", "due_at", 26), new("KIND", "kind", 10), new("STATE", "state", 10), new("RUN", "run_id", 36), new("CODE", "code", 24)], Id),
            Remote.Change("create", "Begin runs at these times, as you.", CreateAsk, Name, Cron, Zone, Capsule, Version, Template, Inputs, CatchUp, Overlap),
            Remote.Change("pause", "Nothing comes until it is resumed.", static parsed => Ask.Post(Path(parsed) + "/pause", parsed.GetValue(Reason) is { } reason ? new JsonObject { ["reason"] = reason } : null), Id, Reason),
            Remote.Change("resume", "Go on from now.", static parsed => Ask.Post(Path(parsed) + "/resume"), Id),
            Remote.Change("trigger", "Begin one run now.", static parsed => Ask.Post(Path(parsed) + "/trigger"), Id),
            Remote.Change("backfill", "Make up for times that never came.", static parsed => Ask.Post(Path(parsed) + "/backfill", new JsonObject { ["from"] = parsed.GetValue(From), ["to"] = parsed.GetValue(To) }), Id, From, To),
            Remote.Change("delete", "Runs that it began go on.", static async (parsed, client, cancellationToken) => new Ask(HttpMethod.Delete, Path(parsed), null, await Remote.VersionAsync(client, Path(parsed), cancellationToken)), Id),
        };
    }

    private static string Path(ParseResult parsed) => "/v1/schedules/" + Remote.Part(parsed.GetValue(Id)!);

    private static Ask CreateAsk(ParseResult parsed)
    {
        var body = new JsonObject
        {
            ["name"] = parsed.GetValue(Name), ["cron"] = parsed.GetValue(Cron), ["time_zone"] = parsed.GetValue(Zone), ["catch_up"] = parsed.GetValue(CatchUp), ["overlap"] = parsed.GetValue(Overlap),
        };
        if (parsed.GetValue(Capsule) is { } capsule) body["capsule"] = capsule;
        if (parsed.GetValue(Version) is { } version) body["version"] = version;
        if (parsed.GetValue(Template) is { } template) body["template"] = template;
        if (parsed.GetValue(Inputs) is { } file) body["inputs"] = Remote.Document(file);
        return Ask.Post("/v1/schedules", body);
    }
}
