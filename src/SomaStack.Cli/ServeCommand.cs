using System.CommandLine;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Cli;

internal static class ServeCommand
{
    private static readonly Option<string?> Roles = new("--roles") { Description = "Comma-separated: api, brain, worker, console (default all, or SOMA_ROLES)." };

    private static readonly Option<string?> Brain = new("--brain") { Description = "Address of a remote brain, for a replica without the role brain (or SOMA_BRAIN)." };

    private static readonly Option<string?> Workflows = new("--workflows") { Description = "Who hosts runs: journal (default) or temporal (or SOMA_WORKFLOWS)." };

    private static readonly Option<string?> Temporal = new("--temporal") { Description = "Address of Temporal's server, HOST:PORT (or SOMA_TEMPORAL)." };

    /// <summary>Where older clients look for the memory service.</summary>
    private const string BrainUrl = "http://127.0.0.1:9696";

    public static Command Create()
    {
        var command = new Command("serve", "Run the server.\n\nExamples:\n  soma serve\n  SOMA_DATABASE=postgres://soma@db/soma soma serve --roles api,worker --url http://127.0.0.1:8081\n  soma serve --roles brain,worker      listens on 9696\n  soma serve --roles api,worker --brain http://127.0.0.1:9696\n  soma serve --workflows temporal --temporal 127.0.0.1:7233")
        {
            GlobalOptions.Data, GlobalOptions.Url, GlobalOptions.Database, Roles, Brain, Workflows, Temporal,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = GlobalOptions.Read(parsed);
            if (parsed.GetValue(Roles) is { } roles) options = options with { Roles = roles.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) };
            if (options.Roles.Count == 0 || options.Roles.FirstOrDefault(role => !SomaOptions.AllRoles.Contains(role)) is { } unknown && unknown is not null)
                throw new UsageException($"Roles are: {string.Join(", ", SomaOptions.AllRoles)}.");
            if (parsed.GetValue(Brain) is { } brain) options = options with { Brain = brain };
            if (options.IsOnlyBrain && parsed.GetValue(GlobalOptions.Url) is null && Environment.GetEnvironmentVariable("SOMA_URL") is null) options = options with { Url = BrainUrl };
            if (options.Brain is { Length: > 0 } named && !(Uri.TryCreate(named, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                throw new UsageException("--brain is the http or https address of the brain, e.g. http://127.0.0.1:9696.");
            options = options with { Workflows = parsed.GetValue(Workflows) ?? options.Workflows, Temporal = parsed.GetValue(Temporal) ?? options.Temporal };
            if (options.Workflows is not ("journal" or "temporal")) throw new UsageException("--workflows is journal or temporal.");
            if (options.Workflows == "temporal" && !IsAddress(options.Temporal))
                throw new UsageException("--workflows temporal needs the address of Temporal's server, HOST:PORT: --temporal 127.0.0.1:7233 or SOMA_TEMPORAL.");
            await using var app = await SomaServer.BuildAsync(options, cancellationToken);
            await app.StartAsync(cancellationToken);
            var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            await Console.Error.WriteLineAsync($"ready {address}");
            await app.WaitForShutdownAsync(cancellationToken);
            return 0;
        });
        return command;
    }

    /// <summary>A host and a port, without a scheme.</summary>
    private static bool IsAddress(string? text) =>
        text?.LastIndexOf(':') is > 0 and var colon && !text.Contains('/', StringComparison.Ordinal) && int.TryParse(text[(colon + 1)..], out var port) && port is > 0 and <= 65_535;
}
