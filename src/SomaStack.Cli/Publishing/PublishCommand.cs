using System.CommandLine;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace SomaStack.Cli;

/// <summary>Makes what an operator installs: a folder that needs no .NET, the same as an archive, and the archive's digest.</summary>
internal static class PublishCommand
{
    private static readonly Option<string?> Output = new("--output", "-o") { Description = "The folder to make (default artifacts/publish/RUNTIME); one that soma published earlier is replaced." };
    private static readonly Option<string> Runtime = new("--runtime") { Description = "linux-x64.", DefaultValueFactory = static _ => "linux-x64" };

    public static Command Create()
    {
        Runtime.AcceptOnlyFromAmong("linux-x64");
        var command = new Command("publish", "Make a folder and an archive that run without .NET; started once before they count.\n\nExamples:\n  ./soma publish\n  ./soma publish --output /srv/soma") { Output, Runtime };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var began = Stopwatch.GetTimestamp();
            var root = Checkout.Root() is { } found && Publication.Here() is null ? found : throw new UsageException("This is no checkout of SomaStack: it is published from its sources.");
            var (runtime, version) = (parsed.GetValue(Runtime)!, typeof(PublishCommand).Assembly.GetName().Version!.ToString(3));
            var output = Path.GetFullPath(parsed.GetValue(Output) ?? Path.Combine(root, "artifacts", "publish", runtime));
            if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any() && !File.Exists(Path.Combine(output, Notices.FileName)))
                throw new UsageException($"'{output}' holds something that soma did not publish. Name another folder.");
            try
            {
                return await MakeAsync(root, output, runtime, version, began, cancellationToken);
            }
            catch (PublishException refusal)
            {
                return Failures.Print(parsed, "not_published", refusal.Message, null, null, Failures.Failure, null);
            }
        });
        return command;
    }

    private static async Task<int> MakeAsync(string root, string output, string runtime, string version, long began, CancellationToken cancellationToken)
    {
        // Beside its place, so that it takes that place in one step and a failure leaves what was there.
        var beside = Path.GetDirectoryName(output)!;
        Directory.CreateDirectory(beside);
        var workshop = Path.Combine(beside, ".new-" + Path.GetFileName(output));
        if (Directory.Exists(workshop)) Directory.Delete(workshop, recursive: true);
        var name = $"soma-{version}-{runtime}";
        var made = Path.Combine(workshop, name);
        try
        {
            Directory.CreateDirectory(made);
            var publication = new Publication(root, made, runtime);
            await Console.Error.WriteLineAsync("soma: publishing");
            await publication.MakeAsync(cancellationToken);
            await Console.Error.WriteLineAsync("soma: starting it without .NET");
            await publication.TryAsync(cancellationToken);
            var archive = Path.Combine(beside, name + ".tar.gz");
            var digest = await PackAsync(made, Path.Combine(workshop, name + ".tar.gz"), cancellationToken);
            if (Directory.Exists(output)) Directory.Delete(output, recursive: true);
            Directory.Move(made, output);
            File.Move(Path.Combine(workshop, name + ".tar.gz"), archive, overwrite: true);
            await File.WriteAllTextAsync(archive + ".sha256", $"{digest}  {Path.GetFileName(archive)}\n", cancellationToken);
            var size = new DirectoryInfo(output).EnumerateFiles("*", SearchOption.AllDirectories).Where(static file => file.LinkTarget is null).Sum(static file => file.Length);
            Console.WriteLine($"{output}  {size / 1e6:0.0} MB\n{archive}  {new FileInfo(archive).Length / 1e6:0.0} MB\nsha256 {digest}\nIn {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s. Next: {Path.Combine(output, "soma")} up");
            return 0;
        }
        finally
        {
            if (Directory.Exists(workshop)) Directory.Delete(workshop, recursive: true);
        }
    }

    private static async Task<string> PackAsync(string folder, string archive, CancellationToken cancellationToken)
    {
        await using (var file = File.Create(archive))
        await using (var gzip = new GZipStream(file, CompressionLevel.Optimal))
            await TarFile.CreateFromDirectoryAsync(folder, gzip, includeBaseDirectory: true, cancellationToken);
        await using var written = File.OpenRead(archive);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancellationToken));
    }
}
