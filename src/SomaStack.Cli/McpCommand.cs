using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>The Model Context Protocol, both ways: servers as tools here, and this server's tools for programs elsewhere.</summary>
internal static class McpCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, TypeInfoResolver = CliJson.Default };

    private static readonly Argument<string> Id = new("id") { Description = "The adapter's id: begins with a letter, holds a-z, 0-9, '-' and '_'." };
    private static readonly Argument<string[]> Words = new("command") { Description = "The server's program and its arguments, after --; the operator names it in SOMA_MCP_COMMANDS." };
    private static readonly Option<string?> Server = new("--server") { Description = "The address of a server elsewhere, e.g. https://example.com/mcp." };
    private static readonly Option<string> Version = new("--manifest-version") { Description = "Version of the manifest.", DefaultValueFactory = _ => "1.0.0" };
    private static readonly Option<string?> BearerEnv = new("--bearer-env") { Description = "Environment variable that holds the server's bearer token; used once, and bound later as the secret 'bearer'." };
    private static readonly Option<string?> Out = new("--out") { Description = "Write the draft to this file." };

    public static Command Create() => new("mcp", "The Model Context Protocol, both ways.\n\nExamples:\n  soma mcp add github --server https://example.com/mcp --out github.json\n  soma mcp add files -- node /opt/mcp/files.js /srv/docs\n  soma mcp list\n  soma mcp serve     what a client like Claude Desktop starts")
    {
        List(), Add(), Serve(),
    };

    private static Command List()
    {
        var command = new Command("list", "Adapters whose tools are those of MCP servers.") { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var rows = new JsonArray();
            string? cursor = null;
            do
            {
                var page = await client.GetAsync(cursor is null ? "/v1/adapters" : "/v1/adapters?cursor=" + Uri.EscapeDataString(cursor), cancellationToken);
                foreach (var row in page.GetProperty("data").EnumerateArray())
                    if (row.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String && kind.GetString() == "mcp") rows.Add(JsonNode.Parse(row.GetRawText()));
                cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
            }
            while (cursor is not null);
            if (parsed.GetValue(GlobalOptions.Json))
            {
                Console.WriteLine(new JsonObject { ["data"] = rows }.ToJsonString());
                return 0;
            }
            Console.WriteLine($"{"id",-24} {"version",-12} status");
            foreach (var row in rows) Console.WriteLine($"{row!["id"],-24} {row["version"],-12} {row["status"]}");
            return 0;
        });
        return command;
    }

    private static Command Add()
    {
        var command = new Command("add", "Ask an MCP server for its tools and print the draft of a manifest that pins them. Read it, set the risks, then sign and register it with soma tool.")
        {
            Id, Words, Server, Version, BearerEnv, Out, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var body = Request(parsed);
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var answer = (await client.SendAsync(HttpMethod.Post, "/v1/adapters/import/mcp", JsonDocument.Parse(body.ToJsonString()).RootElement, cancellationToken: cancellationToken)).Body;
            foreach (var note in answer.GetProperty("notes").EnumerateArray()) Console.Error.WriteLine("soma: " + note.GetString());
            var draft = parsed.GetValue(GlobalOptions.Json)
                ? answer.GetRawText()
                : JsonNode.Parse(answer.GetProperty("manifest").GetRawText())!.ToJsonString(Indented);
            if (parsed.GetValue(Out) is { } file) await File.WriteAllTextAsync(file, draft + "\n", cancellationToken);
            else Console.WriteLine(draft);
            return 0;
        });
        return command;
    }

    private static JsonObject Request(ParseResult parsed)
    {
        var words = parsed.GetValue(Words) ?? [];
        var server = parsed.GetValue(Server);
        if (words.Length > 0 == server is not null) throw new UsageException("Name either a command after -- or an address with --server.");
        var settings = server is null
            ? new JsonObject { ["transport"] = "stdio", ["command"] = words[0], ["args"] = new JsonArray([.. words.Skip(1).Select(static word => (JsonNode)word)]) }
            : new JsonObject { ["transport"] = "http", ["url"] = server };
        var body = new JsonObject { ["id"] = parsed.GetValue(Id), ["version"] = parsed.GetValue(Version), ["settings"] = settings };
        if (parsed.GetValue(BearerEnv) is not { } variable) return body;
        if (server is null) throw new UsageException("--bearer-env belongs to --server.");
        settings["bearer"] = "bearer";
        body["secrets"] = new JsonObject { ["bearer"] = Environment.GetEnvironmentVariable(variable) ?? throw new UsageException($"The environment variable {variable} is not set.") };
        return body;
    }

    private static Command Serve()
    {
        var command = new Command("serve", "Speak MCP on standard input and output for a client that starts its servers; what it asks goes to the server at --url with your sign-in.") { GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var url = new Uri(new Uri(GlobalOptions.Read(parsed).Url), "/mcp");
            using var bridge = new McpBridge(url, stop => GlobalOptions.CredentialAsync(parsed, stop));
            await bridge.RunAsync(Console.OpenStandardInput(), Console.OpenStandardOutput(), cancellationToken);
            return 0;
        });
        return command;
    }
}
