using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>A column of a list: its title, the member it shows (dots go inside) and its width.</summary>
internal sealed record Shown(string Title, string Member, int Width);

/// <summary>One request of a command.</summary>
internal sealed record Ask(HttpMethod Method, string Path, JsonNode? Body = null, string? IfMatch = null)
{
    public static Ask Get(string path) => new(HttpMethod.Get, path);

    public static Ask Post(string path, JsonNode? body = null) => new(HttpMethod.Post, path, body ?? new JsonObject());
}

/// <summary>Commands that are one call to the server: a list, one thing, or a change that may wait for a second person.</summary>
internal static class Remote
{
    /// <summary>What a change that waits for a second person exits with, so that a script can tell it from done and from failed.</summary>
    public const int Waiting = 5;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private static readonly Option<string?> Approval = new("--approval") { Description = "The approval that a second person gave for exactly this command." };

    private static readonly Option<bool> Wait = new("--wait") { Description = "Wait until a second person has decided, then go on." };

    /// <summary>A list; all of its pages.</summary>
    public static Command List(string name, string description, Func<ParseResult, string> path, IReadOnlyList<Shown> columns, params Symbol[] symbols)
    {
        var command = Create(name, description, symbols);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var rows = new List<JsonElement>();
            var first = path(parsed);
            string? cursor = null;
            do
            {
                var page = await client.GetAsync(cursor is null ? first : $"{first}{(first.Contains('?') ? '&' : '?')}cursor={Uri.EscapeDataString(cursor)}", cancellationToken);
                rows.AddRange(page.GetProperty("data").EnumerateArray());
                cursor = Member(page, "next_cursor") is { ValueKind: JsonValueKind.String } next ? next.GetString() : null;
            }
            while (cursor is not null);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(new JsonObject { ["data"] = new JsonArray([.. rows.Select(static row => JsonNode.Parse(row.GetRawText()))]) }.ToJsonString());
            else Table(rows, columns);
            return 0;
        });
        return command;
    }

    public static Command Show(string name, string description, Func<ParseResult, Ask> ask, params Symbol[] symbols) => Show(name, description, ask, All, symbols);

    /// <param name="print">What people see; --json is the answer itself.</param>
    public static Command Show(string name, string description, Func<ParseResult, Ask> ask, Action<JsonElement> print, params Symbol[] symbols)
    {
        var command = Create(name, description, symbols);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            Print(parsed, (await SendAsync(client, ask(parsed), null, cancellationToken)).Body, print);
            return 0;
        });
        return command;
    }

    /// <summary>A change. The server may answer that a second person must agree; the same command with --approval, or --wait, goes on then.</summary>
    /// <param name="ask">May ask the server first, e.g. for the version that is replaced.</param>
    /// <param name="print">What people see; --json is the answer itself.</param>
    public static Command Change(string name, string description, Func<ParseResult, SomaClient, CancellationToken, Task<Ask>> ask, Action<JsonElement> print, params Symbol[] symbols)
    {
        var command = Create(name, description, [.. symbols, Approval, Wait]);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var call = await ask(parsed, client, cancellationToken);
            var answer = await SendAsync(client, call, parsed.GetValue(Approval), cancellationToken);
            if (answer.Status == 202 && Pending(answer.Body) is { } id)
            {
                if (!parsed.GetValue(Wait)) return Ask(parsed, answer.Body, id);
                Console.Error.WriteLine($"soma: waiting for a second person: soma approval approve {id}");
                await DecidedAsync(client, id, cancellationToken);
                answer = await SendAsync(client, call, id, cancellationToken);
            }
            Print(parsed, answer.Body, print);
            return 0;
        });
        return command;
    }

    public static Command Change(string name, string description, Func<ParseResult, SomaClient, CancellationToken, Task<Ask>> ask, params Symbol[] symbols) =>
        Change(name, description, ask, All, symbols);

    public static Command Change(string name, string description, Func<ParseResult, Ask> ask, Action<JsonElement> print, params Symbol[] symbols) =>
        Change(name, description, (parsed, _, _) => Task.FromResult(ask(parsed)), print, symbols);

    public static Command Change(string name, string description, Func<ParseResult, Ask> ask, params Symbol[] symbols) =>
        Change(name, description, ask, All, symbols);

    /// <summary>The JSON object in a file, or on standard input for <c>-</c>.</summary>
    public static JsonObject Document(string file)
    {
        try
        {
            var text = file == "-" ? Console.In.ReadToEnd() : File.ReadAllText(file);
            return JsonNode.Parse(text) as JsonObject ?? throw new UsageException($"'{file}' holds no JSON object.");
        }
        catch (JsonException broken)
        {
            throw new UsageException($"'{file}' is no JSON: {broken.Message}");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {unreadable.Message}");
        }
    }

    public static string Part(string text) => Uri.EscapeDataString(text);

    /// <summary>A path with those of the parameters that have a value.</summary>
    public static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = path;
        foreach (var (name, value) in parameters)
            if (value is not null) query += $"{(query.Contains('?') ? '&' : '?')}{name}={Part(value)}";
        return query;
    }

    /// <summary>The ETag of what a change replaces.</summary>
    public static async Task<string> VersionAsync(SomaClient client, string path, CancellationToken cancellationToken) =>
        (await client.SendAsync(HttpMethod.Get, path, cancellationToken: cancellationToken)).Headers.GetValueOrDefault("ETag") ?? "\"0\"";

    private static Command Create(string name, string description, Symbol[] symbols)
    {
        var command = new Command(name, description) { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json };
        foreach (var symbol in symbols)
            if (symbol is Argument argument) command.Add(argument);
            else command.Add((Option)symbol);
        return command;
    }

    private static Task<RawAnswer> SendAsync(SomaClient client, Ask ask, string? approval, CancellationToken cancellationToken)
    {
        JsonElement? body = ask.Body is null ? null : JsonElement.Parse(ask.Body.ToJsonString());
        return client.SendAsync(ask.Method, ask.Path, body, ask.IfMatch, approval, cancellationToken);
    }

    private static string? Pending(JsonElement body) => Member(body, "approval.id") is { ValueKind: JsonValueKind.String } id ? id.GetString() : null;

    private static int Ask(ParseResult parsed, JsonElement body, string id)
    {
        if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(body.GetRawText());
        Console.Error.WriteLine($"soma: this waits for a second person. They run: soma approval approve {id}\n      Then run this command again with: --approval {id}");
        return Waiting;
    }

    private static async Task DecidedAsync(SomaClient client, string id, CancellationToken cancellationToken)
    {
        while (Text(await client.GetAsync($"/v1/approvals/{Part(id)}", cancellationToken), "approval.state") == "pending") await Task.Delay(Poll, cancellationToken);
    }

    private static void Print(ParseResult parsed, JsonElement body, Action<JsonElement> print)
    {
        if (body.ValueKind == JsonValueKind.Undefined) return;
        if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(body.GetRawText());
        else print(body);
    }

    private static void All(JsonElement body) => Lines("", body);

    /// <summary>Some members of an object, a line for each value in them; those that it has not are left out.</summary>
    public static void Lines(JsonElement body, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Member(body, name) is { ValueKind: not JsonValueKind.Undefined } value) Lines(name, value);
    }

    private static void Lines(string prefix, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
            foreach (var member in element.EnumerateObject()) Lines(prefix.Length == 0 ? member.Name : $"{prefix}.{member.Name}", member.Value);
        else if (element.ValueKind == JsonValueKind.Array)
            for (var i = 0; i < element.GetArrayLength(); i++) Lines($"{prefix}[{i}]", element[i]);
        else Console.WriteLine($"{prefix,-34} {Printable(element)}");
    }

    /// <summary>Objects, a line each.</summary>
    public static void Table(IReadOnlyCollection<JsonElement> rows, IReadOnlyList<Shown> columns)
    {
        Console.WriteLine(string.Join(' ', columns.Select(static column => column.Title.PadRight(column.Width))).TrimEnd());
        foreach (var row in rows) Console.WriteLine(string.Join(' ', columns.Select(column => Printable(Member(row, column.Member)).PadRight(column.Width))).TrimEnd());
        if (rows.Count == 0) Console.Error.WriteLine("soma: there is none.");
    }

    /// <summary>Names and reasons come from people: a control character must not reach the terminal.</summary>
    private static string Printable(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "\u2014",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Array => string.Join(",", value.EnumerateArray().Select(Printable)),
        JsonValueKind.Number => value.GetDouble().ToString("0.######", CultureInfo.InvariantCulture),
        _ => string.Concat(value.ToString().Select(static c => char.IsControl(c) ? '\uFFFD' : c)),
    };

    private static JsonElement Member(JsonElement element, string path)
    {
        foreach (var name in path.Split('.'))
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element)) return default;
        return element;
    }

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
