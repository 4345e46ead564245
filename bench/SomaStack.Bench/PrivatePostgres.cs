using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SomaStack.Bench;

/// <summary>A PostgreSQL cluster of our own in a temporary folder, durable as the defaults are (fsync on); gone when disposed.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const string User = "soma-pg";

    private readonly string _bin;
    private readonly string _folder;
    private readonly int _port;
    private int _databases;

    private PrivatePostgres(string bin, string folder, int port) => (_bin, _folder, _port) = (bin, folder, port);

    /// <summary>Null when no PostgreSQL of at least version 15 is installed.</summary>
    public static async Task<PrivatePostgres?> StartAsync()
    {
        if (FindBin() is not { } bin) return null;
        var folder = Path.Combine(Path.GetTempPath(), "soma-bench-pg-" + Guid.CreateVersion7().ToString("N"));
        Directory.CreateDirectory(folder);
        var cluster = new PrivatePostgres(bin, folder, FreePort());
        if (IsRoot) await RunAsync("sh", "-c", $"id -u {User} >/dev/null 2>&1 || useradd -r -M {User}; chown {User} {folder}; chmod 755 {folder}");
        await AsServerAsync($"{bin}/initdb -D {folder}/pg -U app -A trust --no-sync -E UTF8 --locale=C.UTF-8");
        await AsServerAsync($"{bin}/pg_ctl -D {folder}/pg -w -o '-p {cluster._port} -c listen_addresses=127.0.0.1 -c max_connections=200 -k {folder}' -l {folder}/pg.log start");
        await cluster.SqlAsync("CREATE ROLE soma LOGIN CREATEDB");
        return cluster;
    }

    /// <summary>The address of the cluster itself, for a role that may make databases, or for its superuser.</summary>
    public string AddressFor(string role = "soma") => string.Create(CultureInfo.InvariantCulture, $"postgres://{role}@127.0.0.1:{_port}/postgres");

    /// <summary>The address of a new, empty database, owned by a role that row-level security binds.</summary>
    public async Task<string> CreateAsync()
    {
        var name = $"b{Interlocked.Increment(ref _databases)}";
        await SqlAsync($"CREATE DATABASE {name} OWNER soma");
        return string.Create(CultureInfo.InvariantCulture, $"postgres://soma@127.0.0.1:{_port}/{name}");
    }

    public async ValueTask DisposeAsync()
    {
        await AsServerAsync($"{_bin}/pg_ctl -D {_folder}/pg -m immediate stop");
        Directory.Delete(_folder, recursive: true);
    }

    private static bool IsRoot => Environment.UserName == "root";

    private static string? FindBin()
    {
        const string versions = "/usr/lib/postgresql";
        if (!Directory.Exists(versions)) return null;
        return Directory.GetDirectories(versions)
            .Where(static folder => int.TryParse(Path.GetFileName(folder), out var version) && version >= 15 && File.Exists(folder + "/bin/initdb"))
            .OrderBy(static folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)).Select(static folder => folder + "/bin").LastOrDefault();
    }

    private Task SqlAsync(string sql) =>
        RunAsync(_bin + "/psql", "-q", "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", "app", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql);

    /// <summary>The server refuses to run as root.</summary>
    private static Task AsServerAsync(string command) =>
        IsRoot ? RunAsync("su", "-s", "/bin/sh", User, "-c", $"cd / && {command} >/dev/null") : RunAsync("sh", "-c", command + " >/dev/null");

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} exited with {process.ExitCode}: {error}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
