using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace SomaStack.StoreTests;

/// <summary>A PostgreSQL cluster for one run (started in under a second) with a role that may make databases and is no superuser.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private const string Bin = "/usr/lib/postgresql/15/bin";
    private readonly string _folder = Directory.CreateTempSubdirectory("soma-pg-").FullName;
    private readonly int _port = FreePort();

    public static bool IsInstalled => File.Exists(Bin + "/initdb");

    public string Address => $"postgres://soma@127.0.0.1:{_port}/postgres";

    private static bool IsRoot => Environment.UserName == "root";

    public static async Task<PrivatePostgres> StartAsync()
    {
        var cluster = new PrivatePostgres();
        var folder = cluster._folder;
        if (IsRoot) await RunAsync("sh", "-c", $"id -u soma-pg >/dev/null 2>&1 || useradd -r -M soma-pg; chown soma-pg {folder}; chmod 755 {folder}");
        await AsServerUserAsync($"{Bin}/initdb -D {folder}/pg -U app -A trust --no-sync -E UTF8 --locale=C.UTF-8");
        await AsServerUserAsync($"{Bin}/pg_ctl -D {folder}/pg -w -o '-p {cluster._port} -c listen_addresses=127.0.0.1 -c max_connections=300 -k {folder} -c fsync=off' -l {folder}/pg.log start");
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={cluster._port};Username=app;Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var role = new NpgsqlCommand("CREATE ROLE soma LOGIN CREATEDB", connection);
        await role.ExecuteNonQueryAsync();
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await AsServerUserAsync($"{Bin}/pg_ctl -D {_folder}/pg -m immediate stop");
        Directory.Delete(_folder, recursive: true);
    }

    private static Task AsServerUserAsync(string command) =>
        IsRoot ? RunAsync("su", "-s", "/bin/sh", "soma-pg", "-c", $"cd / && {command} >/dev/null") : RunAsync("sh", "-c", command + " >/dev/null");

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
