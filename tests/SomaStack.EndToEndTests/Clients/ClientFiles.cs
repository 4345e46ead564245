using System.Diagnostics;

namespace SomaStack.EndToEndTests.Clients;

/// <summary>The folder of the clients in this checkout, and their programs.</summary>
internal static class ClientFiles
{
    public static string Folder { get; } = Path.Combine(Root(), "clients");

    public static string Scenario(string name) => Path.Combine(Folder, "scenario", name);

    /// <returns>Null when there is no such program here.</returns>
    public static async Task<(int ExitCode, string Output)?> RunAsync(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
            return (process.ExitCode, await output + await error);
        }
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run from a checkout.");
    }
}
