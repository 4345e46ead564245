using System.CommandLine;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Cli;

/// <summary>Runs the contract suites that are about one kind of server against the server of whoever asks, and says what did not hold.</summary>
internal static class SelftestCommand
{
    private static readonly Argument<string> Name = new("name") { Description = string.Join(", ", TestedServer.All.Select(static server => server.Name)) + "." };
    private static readonly Option<string?> Address = new("--address") { Description = "The server; without it what SOMA_TEST_NAME or SOMA_TEST_NAME_FILE says, e.g. SOMA_TEST_POSTGRES. Give one with a password in that way." };

    private static readonly Option<string?> Only = new("--only") { Description = "Only tests whose full name contains this, e.g. DbContract." };

    public static Command Create()
    {
        Name.AcceptOnlyFromAmong([.. TestedServer.All.Select(static server => server.Name)]);
        var command = new Command("selftest", "Test a server of your own with the suites that SomaStack is held to; the last line is 'N passed, N failed'.\n\nEverything goes into databases, keys, topics and collections with a fresh name, which are removed afterwards.\n\n"
            + "Examples:\n  soma selftest redis --address 127.0.0.1:6379\n  SOMA_TEST_POSTGRES_FILE=address.txt soma selftest postgres\n  soma selftest kafka --address 10.0.0.5:9092 --json")
        {
            Name, Address, Only, GlobalOptions.Json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var server = TestedServer.All.Single(server => server.Name == parsed.GetValue(Name));
            var address = parsed.GetValue(Address) ?? new EnvironmentSecrets(Environment.GetEnvironmentVariable).Find(server.Variable);
            if (string.IsNullOrWhiteSpace(address)) throw new UsageException($"Which {server.Name}? Name it with --address {server.Example}, or with {server.Variable} when the address holds a password.");
            if (SuiteRun.Program() is not { } program)
                return Failures.Print(parsed, "suites_missing", "The contract suites are not beside this program.", null, null, Failures.Failure, "From a checkout, ./soma selftest builds them; a published build holds them.");
            if (parsed.GetValue(Address) is not null && server.Masked(address, address) != address)
                await Console.Error.WriteLineAsync($"soma: a password on the command line can be read by every user of this machine; set {server.Variable} instead.");
            try
            {
                await server.ReachAsync(address, cancellationToken);
            }
            catch (ServerUnfitException unfit)
            {
                return Failures.Print(parsed, unfit.Code, server.Masked(unfit.Message, address), null, null, Failures.Failure, unfit.Remedy);
            }
            var json = parsed.GetValue(GlobalOptions.Json);
            await Console.Error.WriteLineAsync($"soma: testing the {server.Name} at {server.Masked(address, address)}");
            var result = await new SuiteRun(server, address, parsed.GetValue(Only), failure => { if (!json) Console.WriteLine($"FAILED  {failure.Test}\n        {failure.Reason.ReplaceLineEndings("\n        ")}"); }).RunAsync(program, cancellationToken);
            if (result is { Passed: 0, Failed: 0 }) return Failures.Print(parsed, "suite_missing", parsed.GetValue(Only) is { } only ? $"No test for {server.Name} has '{only}' in its name: nothing ran." : $"This build has no contract suite for {server.Name}: nothing ran.",
                    null, null, Failures.Failure, "Nothing is known about this server now. soma version says which build this is.");
            Console.WriteLine(json ? JsonSerializer.Serialize(result, CliJson.Default.SuiteResult) : $"{result.Passed} passed, {result.Failed} failed");
            return result is { Passed: > 0, Failed: 0 } ? 0 : Failures.Failure;
        });
        return command;
    }
}
