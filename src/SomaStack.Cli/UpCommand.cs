using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Client;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using SomaStack.Server;
using SomaStack.Server.Console;

namespace SomaStack.Cli;

/// <summary>
/// The first minute: starts the server; on the first start has it remember this repository's documents and answer one question about
/// them through its own HTTP API, and shows the answer with everything that led to it.
/// </summary>
internal static class UpCommand
{
    private const string Question = "What happens before an agent acts?";
    private const int BatchMax = 256;

    private static readonly Option<bool> Once = new("--once") { Description = "Stop after the answer." };

    public static Command Create()
    {
        var command = new Command("up", "Start everything, remember this repository's documents and answer one question about them.\n\nExamples:\n  soma up\n  soma up --once --json | jq .proof.policy")
        {
            Once, GlobalOptions.Data, GlobalOptions.Url, GlobalOptions.Database, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var began = Stopwatch.GetTimestamp();
            var options = GlobalOptions.Read(parsed);
            await using var app = await SomaServer.BuildAsync(options, cancellationToken);
            await app.StartAsync(cancellationToken);
            var readyMs = Math.Round(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 1);
            var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            await Console.Error.WriteLineAsync($"ready {address}");

            var welcome = await WelcomeAsync(app, options, new Uri(address), readyMs, cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? JsonSerializer.Serialize(welcome, CliJson.Default.Welcome) : WelcomeText.Render(welcome, options));
            if (parsed.GetValue(Once)) await app.StopAsync(cancellationToken);
            else await app.WaitForShutdownAsync(cancellationToken);
            return 0;
        });
        return command;
    }

    private static async Task<Welcome> WelcomeAsync(WebApplication app, SomaOptions options, Uri address, double readyMs, CancellationToken cancellationToken)
    {
        var identity = app.Services.GetRequiredService<IIdentity>();
        var (tenant, principal) = await identity.DemoOwnerAsync(cancellationToken);
        var token = await identity.IssueTokenAsync(tenant, principal, null, TimeSpan.FromMinutes(15), cancellationToken);
        var client = SomaClient.Connect(address, token.Token);

        var note = Path.Combine(options.DataDirectory, "first-start.json");
        var isFirst = !File.Exists(note);
        var turn = isFirst ? await FirstAsync(client, note, cancellationToken) : await AgainAsync(client, note, cancellationToken);
        var proof = turn.Proof ?? throw new SomaException(503, turn.Failure?.Code ?? "turn_failed", turn.Failure?.Detail ?? "The first question was not answered.", null, null);
        // Until the owner has a password, a link is his only way in.
        var link = isFirst || !await identity.HasPasswordAsync(tenant, principal, cancellationToken) ? await identity.CreateSignInLinkAsync(tenant, principal, TimeSpan.FromMinutes(30), cancellationToken) : null;
        if (link is not null && ConsoleModule.IsShown(options)) link += "&return_to=%2Fsetup";
        return new Welcome(
            address.ToString().TrimEnd('/'), turn.Answer, [.. turn.Citations.Select(citation => new WelcomeCitation(citation.Source, citation.Line, citation.Quote))],
            new WelcomeProof(proof.Constitution, proof.Policy, proof.Memories, proof.Provider, proof.Model, proof.Usage, proof.TimingsMs, proof.JournalPosition),
            link, turn.DegradedReasons, isFirst, readyMs);
    }

    /// <summary>Every write carries a key, so a first start that was cut short is continued, not doubled.</summary>
    private static async Task<Turn> FirstAsync(SomaClient client, string note, CancellationToken cancellationToken)
    {
        var root = Publication.Here() ?? Checkout.Root();
        var files = root is null ? [] : Checkout.Documents(root);
        var items = new List<MemoryItem>();
        foreach (var file in files)
        {
            var source = Path.GetRelativePath(root!, file).Replace('\\', '/');
            foreach (var (text, line) in MarkdownChunks.Split(await File.ReadAllTextAsync(file, cancellationToken)))
                items.Add(new MemoryItem(text, "document", source, line, Tags: ["documentation"]));
        }
        await Console.Error.WriteLineAsync(root is null ? "No checkout here: nothing to remember yet." : $"remembering {files.Count} documents in {items.Count} passages");
        for (var i = 0; i < items.Count; i += BatchMax)
        {
            var batch = items.GetRange(i, Math.Min(BatchMax, items.Count - i));
            await client.RememberAsync(batch, "first-start/" + Ids.Derive(string.Concat(batch.Select(item => $"{item.Source}:{item.Line}\n{item.Text}\n"))), cancellationToken);
        }
        var turn = await client.StartSessionAsync(Question, idempotencyKey: "first-start/question", cancellationToken: cancellationToken);
        await File.WriteAllTextAsync(note, JsonSerializer.Serialize(new FirstStart(turn.SessionId, Question, files.Count, items.Count), CliJson.Default.FirstStart), cancellationToken);
        return turn;
    }

    /// <summary>Later starts repeat nothing: they show what the first one was answered.</summary>
    private static async Task<Turn> AgainAsync(SomaClient client, string note, CancellationToken cancellationToken)
    {
        var first = JsonSerializer.Deserialize(await File.ReadAllTextAsync(note, cancellationToken), CliJson.Default.FirstStart)!;
        return (await client.GetSessionAsync(first.SessionId, cancellationToken)).Turns[0];
    }
}
