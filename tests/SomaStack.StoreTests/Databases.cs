using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using Npgsql;
using SomaStack.Platform;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(SomaStack.StoreTests.Databases))]
[assembly: SomaStack.StoreTests.DropsItsDatabases]

namespace SomaStack.StoreTests;

/// <summary>
/// Fresh databases on both engines: PostgreSQL is the server that <c>SOMA_TEST_POSTGRES</c> names, else a private cluster that the first test
/// which needs it starts. On a named server a test's databases go when it has ended, and nothing else there is touched. The role is no
/// superuser, so row-level security applies to it. Tests take <c>Databases</c> as a constructor parameter.
/// </summary>
public sealed class Databases : IAsyncDisposable
{
    public static readonly TheoryData<string> Names = new TheoryData<string>("sqlite", "postgres").Marked();

    private readonly string _folder = Directory.CreateTempSubdirectory("soma-store-").FullName;
    private readonly string _run = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly ConcurrentDictionary<string, string?> _made = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _templates = new();
    private readonly SemaphoreSlim _starting = new(1);
    private PrivatePostgres? _private;
    private NpgsqlDataSource? _server;
    private Uri? _address;
    private int _count;

    public Databases() => Current = this;

    /// <summary>Those of this run.</summary>
    internal static Databases? Current { get; private set; }

    private static string? Named => Environment.GetEnvironmentVariable("SOMA_TEST_POSTGRES") is { Length: > 0 } named ? named : null;

    /// <summary>The address of a new database with every room's tables: a copy of one that was migrated once.</summary>
    public async Task<string> CreateAsync(string name)
    {
        var template = await _templates.GetOrAdd(name, new Lazy<Task<string>>(() => MigratedAsync(name))).Value;
        if (name == "postgres") return await CopyAsync(template, TestContext.Current.Test?.UniqueID);
        var file = NewFile();
        File.Copy(template, file);
        return "sqlite:" + file;
    }

    /// <summary>The address of a new database without tables.</summary>
    public async Task<string> CreateEmptyAsync(string name) => name == "sqlite" ? "sqlite:" + NewFile() : await CopyAsync("template0", TestContext.Current.Test?.UniqueID);

    /// <summary>An open database with every room's tables, and with those of rooms of the test's own.</summary>
    public async Task<Db> OpenAsync(string name, IReadOnlyList<Room>? rooms = null)
    {
        var db = Db.Open(await CreateAsync(name));
        if (rooms is not null) await Migrator.RunAsync(db, rooms, TimeProvider.System, TestContext.Current.CancellationToken);
        return db;
    }

    public static RequestContext Context(string tenant = "demo", string principal = "ada") =>
        new(tenant, new Principal(principal, "user"), CapabilitySet.All, "cli", DeploymentMode.Test, "local", Ids.NewTraceId());

    /// <summary>Removes what a test had made on a named server; a private cluster goes as a whole.</summary>
    internal void Drop(string test)
    {
        if (Named is null) return;
        foreach (var (database, owner) in _made)
            if (owner == test) Drop(database, _server!);
    }

    public async ValueTask DisposeAsync()
    {
        if (Named is not null)
            foreach (var database in _made.Keys) Drop(database, _server!);
        if (_server is not null) await _server.DisposeAsync();
        if (_private is not null) await _private.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _starting.Dispose();
    }

    private string NewFile() => $"{_folder}/{Interlocked.Increment(ref _count)}.db";

    /// <returns>File or name of a database that nobody uses any more. It outlives the test that needed it first.</returns>
    private async Task<string> MigratedAsync(string name)
    {
        var file = NewFile();
        var address = name == "sqlite" ? "sqlite:" + file : await CopyAsync("template0", null);
        await using (var db = Db.Open(address)) await Migrator.RunAsync(db, Server.SomaServer.Rooms, TimeProvider.System, CancellationToken.None);
        return name == "sqlite" ? file : new Uri(address).AbsolutePath[1..];
    }

    private async Task<string> CopyAsync(string template, string? owner)
    {
        await ConnectAsync();
        var database = $"soma_selftest_{_run}_{Interlocked.Increment(ref _count)}";
        _made[database] = owner;
        await using (var create = _server!.CreateCommand($"CREATE DATABASE {database} TEMPLATE {template}")) await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var user = _address!.UserInfo.Length == 0 ? "" : _address.UserInfo + "@";
        return $"postgres://{user}{_address.Authority}/{database}{_address.Query}";
    }

    private async Task ConnectAsync()
    {
        if (Volatile.Read(ref _server) is not null) return;
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_server is not null) return;
            if (Named is null)
            {
                Assert.SkipWhen(!PrivatePostgres.IsInstalled, "PostgreSQL 15 is not installed (apt-get install postgresql-15).");
                _private = await PrivatePostgres.StartAsync();
            }
            _address = new Uri(Named ?? _private!.Address);
            var settings = PostgresDb.Settings(_address);
            (settings.MaxPoolSize, settings.ApplicationName) = (4, "soma-selftest");
            Volatile.Write(ref _server, NpgsqlDataSource.Create(settings));
        }
        finally
        {
            _starting.Release();
        }
    }

    private void Drop(string database, NpgsqlDataSource server)
    {
        using (var drop = server.CreateCommand($"DROP DATABASE IF EXISTS {database} WITH (FORCE)")) drop.ExecuteNonQuery();
        _made.TryRemove(database, out _);
    }
}

/// <summary>So that an operator's server never holds the databases of more tests than run at once.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class DropsItsDatabasesAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => Databases.Current?.Drop(test.UniqueID);
}
