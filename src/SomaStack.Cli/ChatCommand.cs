using System.CommandLine;
using SomaStack.Client;

namespace SomaStack.Cli;

/// <summary>Talks to a persona; the words appear as they are released, the sources after them.</summary>
internal static class ChatCommand
{
    private static readonly Argument<string?> Message = new("message") { Arity = ArgumentArity.ZeroOrOne, Description = "What to say; without it the command reads lines from stdin." };
    private static readonly Option<string?> Persona = new("--persona", "-p") { Description = "Who answers (default guide)." };
    private static readonly Option<string?> Model = new("--model", "-m") { Description = "A model of GET /v1/models." };
    private static readonly Option<string?> Session = new("--session", "-s") { Description = "Go on with this session." };

    public static Command Create()
    {
        var command = new Command("chat", "Talk to a running server.\n\nExamples:\n  soma chat \"What is checked before an agent acts?\"\n  echo \"And who approves?\" | soma chat --session ID\n  soma chat --json \"Hello\" | jq -c .type")
        {
            Message, Persona, Model, Session, GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var client = await GlobalOptions.ConnectAsync(parsed, cancellationToken);
            var session = parsed.GetValue(Session);
            if (parsed.GetValue(Message) is { } message) return (await SayAsync(client, parsed, session, message, cancellationToken)).ExitCode;
            var exitCode = 0;
            while (await NextLineAsync(cancellationToken) is { } line)
            {
                if (string.IsNullOrWhiteSpace(line)) continue;
                (session, exitCode) = await SayAsync(client, parsed, session, line, cancellationToken);
            }
            return exitCode;
        });
        return command;
    }

    private static async Task<string?> NextLineAsync(CancellationToken cancellationToken)
    {
        if (!Console.IsInputRedirected) await Console.Error.WriteAsync("> ");
        return await Console.In.ReadLineAsync(cancellationToken);
    }

    private static async Task<(string? Session, int ExitCode)> SayAsync(SomaClient client, ParseResult parsed, string? session, string message, CancellationToken cancellationToken)
    {
        var json = parsed.GetValue(GlobalOptions.Json);
        await foreach (var item in client.StreamAsync(session, message, parsed.GetValue(Persona), parsed.GetValue(Model), cancellationToken))
        {
            if (json) Console.WriteLine($"{{\"id\":{item.Id},\"type\":\"{item.Type}\",\"data\":{item.Data.GetRawText()}}}");
            switch (item.Type)
            {
                case "approval_required":
                    session = item.Data.GetProperty("session_id").GetString();
                    if (!json) await Console.Error.WriteLineAsync($"soma: waits for somebody to decide approval {item.Data.GetProperty("approval").GetProperty("id").GetString()}");
                    break;
                case "turn.started":
                    session = item.Data.GetProperty("session_id").GetString();
                    break;
                case "text.delta" when !json:
                    await Console.Out.WriteAsync(item.Data.GetProperty("text").GetString());
                    break;
                case "turn.completed":
                    if (!json) WriteSources(item);
                    return (session, 0);
                case "turn.failed" or "turn.cancelled" or "turn.denied":
                    if (!json) await Console.Error.WriteLineAsync($"\nsoma: the turn ended as {item.Type}: {item.Data.GetRawText()}");
                    return (session, Failures.Failure);
            }
        }
        throw new IOException("The stream ended before the turn did. Read it again: soma chat --session " + session);
    }

    private static void WriteSources(SessionEvent item)
    {
        Console.WriteLine();
        foreach (var citation in item.Data.GetProperty("citations").EnumerateArray())
            Console.WriteLine($"  [{citation.GetProperty("marker")}] {citation.GetProperty("source")}:{citation.GetProperty("line")}");
        Console.Error.WriteLine($"  session {item.Data.GetProperty("session_id").GetString()}");
    }
}
