using System.CommandLine;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>Mints an access token with the keys of the data folder: whoever can read those owns the installation.</summary>
internal static class TokenCommand
{
    private static readonly Option<string[]> Capabilities = new("--capability") { Description = "Repeat to narrow the token; default is all that the principal holds." };

    private static readonly Option<int> Minutes = new("--minutes") { Description = "Lifetime, 1 to 60.", DefaultValueFactory = _ => 15 };

    private static readonly Option<string?> Tenant = new("--tenant") { Description = "Whose principal (default demo)." };

    private static readonly Option<string?> Principal = new("--principal") { Description = "Who (default the owner)." };

    public static Command Create()
    {
        var command = new Command("token", "Print an access token for the demo tenant's owner, or for another principal.\n\nExamples:\n  curl -H \"Authorization: Bearer $(soma token)\" http://127.0.0.1:8080/v1/status\n  soma token --capability memory:read --minutes 5\n  SOMA_TOKEN=$(soma token --principal ana) soma approval list")
        {
            GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Json, Tenant, Principal, Capabilities, Minutes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var minutes = parsed.GetValue(Minutes);
            if (minutes is < 1 or > 60) throw new UsageException("--minutes must be 1 to 60.");
            var narrowed = parsed.GetValue(Capabilities) is { Length: > 0 } names ? names : null;
            var issued = await GlobalOptions.IssueAsync(
                GlobalOptions.Read(parsed), parsed.GetValue(Tenant), parsed.GetValue(Principal), narrowed, TimeSpan.FromMinutes(minutes), cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json)
                ? JsonSerializer.Serialize(new TokenInfo(issued.Token, issued.ExpiresAt, issued.Capabilities), CliJson.Default.TokenInfo)
                : issued.Token);
            return 0;
        });
        return command;
    }
}
