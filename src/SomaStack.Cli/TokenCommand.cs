using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Cli;

/// <summary>Mints an access token with the keys of the data folder: whoever can read those owns the installation.</summary>
internal static class TokenCommand
{
    private static readonly Option<string[]> Capabilities = new("--capability") { Description = "Repeat to narrow the token; default is all that the principal holds." };

    private static readonly Option<int> Minutes = new("--minutes") { Description = "Lifetime, 1 to 60.", DefaultValueFactory = _ => 15 };

    private static readonly Option<string?> Tenant = new("--tenant") { Description = "Whose principal (default demo)." };

    private static readonly Option<string?> Principal = new("--principal") { Description = "Who (default the owner)." };

    private static readonly Option<bool> Link = new("--link")
    {
        Description = "Print, instead of a token, a link by which a user sets a password, once within a day. Every other way into the account ends with it, and nobody else counts as having it in his hand.",
    };

    public static Command Create()
    {
        var command = new Command("token", "Print an access token for the demo tenant's owner, or for another principal.\n\nExamples:\n  curl -H \"Authorization: Bearer $(soma token)\" http://127.0.0.1:8080/v1/status\n  soma token --capability memory:read --minutes 5\n  SOMA_TOKEN=$(soma token --principal ana) soma approval list\n  soma token --principal ana --link")
        {
            GlobalOptions.Data, GlobalOptions.Database, GlobalOptions.Url, GlobalOptions.Json, Tenant, Principal, Capabilities, Minutes, Link,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(Link)) return await PrintLinkAsync(parsed, cancellationToken);
            var issued = await IssueAsync(GlobalOptions.Read(parsed), parsed, cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json)
                ? JsonSerializer.Serialize(new TokenInfo(issued.Token, issued.ExpiresAt, issued.Capabilities), CliJson.Default.TokenInfo)
                : issued.Token);
            return 0;
        });
        return command;
    }

    internal static Task<IssuedToken> IssueAsync(SomaOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        var minutes = parsed.GetValue(Minutes);
        if (minutes is < 1 or > 60) throw new UsageException("--minutes must be 1 to 60.");
        var narrowed = parsed.GetValue(Capabilities) is { Length: > 0 } names ? names : null;
        return GlobalOptions.IssueAsync(options, parsed.GetValue(Tenant), parsed.GetValue(Principal), narrowed, TimeSpan.FromMinutes(minutes), cancellationToken);
    }

    private static async Task<int> PrintLinkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Principal) is not { } principal) throw new UsageException("--link needs --principal.");
        if (parsed.GetValue(Capabilities) is { Length: > 0 }) throw new UsageException("--link gives no token, so it takes no --capability.");
        await using var app = await SomaServer.BuildAsync(GlobalOptions.Read(parsed), cancellationToken);
        var identity = app.Services.GetRequiredService<IIdentity>();
        var tenant = parsed.GetValue(Tenant) ?? (await identity.DemoOwnerAsync(cancellationToken)).Tenant;
        var link = await identity.CreateStartOverLinkAsync(tenant, principal, TimeSpan.FromDays(1), cancellationToken);
        Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? JsonSerializer.Serialize(new LinkInfo(link), CliJson.Default.LinkInfo) : link);
        return 0;
    }
}
