using System.Diagnostics;
using System.Security.Cryptography;

namespace SomaStack.Bench;

/// <summary>Programs of others that are measured beside ours, from npm.</summary>
internal static class NodePackages
{
    /// <summary>
    /// Installs <c>bench/NAME</c> into the user's cache, one folder for each lock file. Not <c>npm ci</c>: it insists on the packages of
    /// all platforms, and mirrors may hold this one's only.
    /// </summary>
    /// <param name="compile">Packages that are compiled here.</param>
    public static async Task<string> InstallAsync(string name, string[] compile, Action<string> progress, CancellationToken cancellationToken)
    {
        var source = Source(name);
        var key = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(source, "package-lock.json"), cancellationToken)))[..16];
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var folder = Directory.CreateDirectory(Path.Combine(cache, "somastack", $"{name}-{key}")).FullName;
        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        if (File.Exists(Path.Combine(folder, "installed"))) return folder;
        progress($"installing bench/{name} into {folder}");
        await RunAsync(folder, ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cancellationToken);
        foreach (var package in compile) await RunAsync(folder, ["rebuild", package, "--loglevel=error"], cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "installed"), "", cancellationToken);
        return folder;
    }

    private static string Source(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "bench", name) is var path && File.Exists(Path.Combine(path, "package-lock.json"))) return path;
        throw new InvalidOperationException($"bench/{name} is not beside the program; run from a checkout.");
    }

    private static async Task RunAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("npm", arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await output;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"npm {arguments[0]} exited with {process.ExitCode}: {error.Split('\n')[0]}");
    }
}
