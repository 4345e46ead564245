using System.CommandLine;
using SomaStack.Bench;

namespace SomaStack.Cli;

/// <summary>Every benchmark prints a table, or with --json one object; ratios compare within one run.</summary>
internal static class BenchCommand
{
    private static readonly Argument<string?> Name = new("name") { Arity = ArgumentArity.ZeroOrOne, Description = "Which one; --list shows them." };
    private static readonly Option<int?> Rounds = new("--rounds") { Description = "Repetitions (each benchmark has its own default)." };
    private static readonly Option<int?> Seed = new("--seed") { Description = "Of everything random; printed when drawn." };
    private static readonly Option<FileSystemInfo?> Data = new("--data") { Description = "A file or folder to measure on, for benchmarks that read one (memory: LoCoMo's form; moderation: a folder)." };
    private static readonly Option<string?> Versus = new("--vs") { Description = "Another program to measure in the same run (gateway: portkey; npm and a network namespace are needed)." };
    private static readonly Option<int?> Soak = new("--soak") { Description = "Minutes to keep half of the load up, looking at memory (gateway)." };
    private static readonly Option<DirectoryInfo?> Folder = new("--dir") { Description = "A folder to measure on, for benchmarks that read one (recordings)." };
    private static readonly Option<int?> Connections = new("--connections") { Description = "How many clients to connect (fanout)." };
    private static readonly Option<int?> Waiting = new("--waiting") { Description = "How many runs to let wait (workflows)." };
    private static readonly Option<int?> Simulate = new("--simulate") { Description = "Play so many seeds in place of measuring (workflows)." };
    private static readonly Option<bool> List = new("--list") { Description = "Show the benchmarks." };

    public static Command Create()
    {
        var command = new Command("bench", "Measure; a timing is a benchmark, never a test.\n\nExamples:\n  soma bench --list\n  soma bench gateway --vs portkey --json"
            + "\n  soma bench memory --data locomo10.json\n  soma bench recordings --dir ../shared/data/provider-recordings\n  soma bench crash --rounds 50 --json")
        {
            Name, Rounds, Seed, Data, Folder, Versus, Soak, Connections, Waiting, Simulate, List, GlobalOptions.Json,
        };
        Name.CompletionSources.Add(_ => Benchmarks.All.Select(benchmark => new System.CommandLine.Completions.CompletionItem(benchmark.Name)));
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(List) || parsed.GetValue(Name) is not { } name)
            {
                foreach (var known in Benchmarks.All) Console.WriteLine($"{known.Name,-12} {known.Description}");
                return 0;
            }
            var benchmark = Benchmarks.All.FirstOrDefault(known => known.Name == name)
                ?? throw new UsageException($"There is no benchmark '{name}'. There are: {string.Join(", ", Benchmarks.All.Select(known => known.Name))}.");
            if (parsed.GetValue(Data) is { Exists: false } absent) throw new UsageException($"There is nothing at '{absent.FullName}'.");
            if (parsed.GetValue(Soak) is < 1) throw new UsageException("--soak must be at least 1 minute.");
            if (parsed.GetValue(Connections) is < 1 or > 15_000) throw new UsageException("--connections must be between 1 and 15000.");
            if (parsed.GetValue(Waiting) is < 1 or > 1_000_000) throw new UsageException("--waiting must be between 1 and 1000000.");
            if (parsed.GetValue(Simulate) is < 1) throw new UsageException("--simulate must be at least 1.");
            if (parsed.GetValue(Folder) is { Exists: false } none) throw new UsageException($"There is no folder '{none.FullName}'.");
            if (parsed.GetValue(Rounds) is < 1) throw new UsageException("--rounds must be at least 1.");
            var options = new BenchOptions(parsed.GetValue(Rounds), parsed.GetValue(Seed), Console.Error.WriteLine)
            {
                Data = parsed.GetValue(Data)?.FullName,
                Directory = parsed.GetValue(Folder)?.FullName,
                Connections = parsed.GetValue(Connections) ?? parsed.GetValue(Waiting),
                Simulate = parsed.GetValue(Simulate),
                Versus = parsed.GetValue(Versus),
                Soak = parsed.GetValue(Soak) is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            };
            var result = await benchmark.RunAsync(options, cancellationToken);
            Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? result.ToJson() : result.ToTable());
            return 0;
        });
        return command;
    }
}
