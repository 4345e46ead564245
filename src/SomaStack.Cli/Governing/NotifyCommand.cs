using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>Tells people something, and shows what they were told.</summary>
internal static class NotifyCommand
{
    private const string Path = "/v1/notifications";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    private static readonly Argument<string> Title = new("title") { Description = "What happened, on one line." };
    private static readonly Option<string?> Body = new("--body") { Description = "More of it." };
    private static readonly Option<string?> Severity = new("--severity") { Description = "info, warning, error or critical; in lists the lowest shown." };
    private static readonly Option<string?> Kind = new("--kind") { Description = "alert, review, success or budget." };
    private static readonly Option<string[]> To = new("--to") { Description = "A principal; repeat for more. Everybody by default." };
    private static readonly Option<string?> Holders = new("--holders") { Description = "Instead: whoever holds this capability." };
    private static readonly Option<string?> Dedupe = new("--dedupe") { Description = "The same key within an hour only raises the count." };
    private static readonly Option<bool> Ack = new("--ack") { Description = "Somebody must acknowledge it; it is escalated when nobody does." };
    private static readonly Option<string?> State = new("--state") { Description = "unread, read, attention, acknowledged, snoozed or muted." };

    public static Command Create() => new("notify", "Tell people something, and see what you were told.\n\nExamples:\n  soma notify send \"Backup failed\" --severity error --holders tenant:admin --ack\n  soma notify list --state attention\n  soma notify tail")
    {
        Remote.Change("send", "Tell everybody, or whom you name.", Send, Title, Body, Severity, Kind, To, Holders, Dedupe, Ack),
        Remote.List(
            "list", "Your notifications, newest first.", parsed => Remote.Query(Path, ("state", parsed.GetValue(State)), ("severity", parsed.GetValue(Severity)), ("kind", parsed.GetValue(Kind))),
            [new("id", "id", 37), new("severity", "severity", 9), new("kind", "kind", 8), new("title", "title", 60), new("count", "count", 6), new("at", "last_at", 28)], State, Severity, Kind),
        Tail(),
    };

    private static Ask Send(ParseResult parsed)
    {
        var body = new JsonObject { ["title"] = parsed.GetValue(Title), ["requires_ack"] = parsed.GetValue(Ack) };
        foreach (var (name, value) in new[] { ("body", parsed.GetValue(Body)), ("severity", parsed.GetValue(Severity)), ("kind", parsed.GetValue(Kind)), ("dedupe_key", parsed.GetValue(Dedupe)) })
            if (value is not null) body[name] = value;
        if (parsed.GetValue(To) is { Length: > 0 } people) body["audience"] = new JsonObject { ["principals"] = new JsonArray([.. people.Select(static one => (JsonNode)one)]) };
        else if (parsed.GetValue(Holders) is { } capability) body["audience"] = new JsonObject { ["capability"] = capability };
        return Ask.Post(Path, body);
    }

    /// <summary>Looks every two seconds; what came before it began is not shown.</summary>
    private static Command Tail()
    {
        var command = new Command("tail", "Print what you are told as it comes, until you stop it.") { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var last = (await NewerAsync(client, long.MaxValue - 1, cancellationToken)).Last;
            while (true)
            {
                await Task.Delay(Poll, cancellationToken);
                var (rows, newest) = await NewerAsync(client, last, cancellationToken);
                foreach (var row in rows) Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? row.GetRawText() : Line(row));
                last = Math.Max(last, newest);
            }
        });
        return command;
    }

    /// <summary>Those above a sequence, oldest first, and the newest sequence of all.</summary>
    private static async Task<(List<JsonElement> Rows, long Last)> NewerAsync(SomaClient client, long after, CancellationToken cancellationToken)
    {
        var (rows, last, path) = (new List<JsonElement>(), 0L, Path + "?limit=100");
        while (true)
        {
            var page = await client.GetAsync(path, cancellationToken);
            foreach (var row in page.GetProperty("data").EnumerateArray())
            {
                var sequence = row.GetProperty("sequence").GetInt64();
                last = Math.Max(last, sequence);
                if (sequence <= after) return ([.. Enumerable.Reverse(rows)], last);
                rows.Add(row);
            }
            if (page.GetProperty("next_cursor") is not { ValueKind: JsonValueKind.String } cursor) return ([.. Enumerable.Reverse(rows)], last);
            path = $"{Path}?limit=100&cursor={Uri.EscapeDataString(cursor.GetString()!)}";
        }
    }

    /// <summary>Titles may be anybody's: a control character must not reach the terminal.</summary>
    private static string Line(JsonElement row)
    {
        var text = $"{row.GetProperty("created_at").GetDateTimeOffset():HH:mm:ss} {row.GetProperty("severity").GetString(),-8} {row.GetProperty("title").GetString()}";
        return string.Concat(text.Select(static c => char.IsControl(c) ? '\uFFFD' : c));
    }
}
