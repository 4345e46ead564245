using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Identity;

/// <summary>The lower governance rooms over a fresh database, started as the server starts them, with a clock that the test moves.</summary>
internal sealed class Governed : IAsyncDisposable
{
    private static readonly Room[] Rooms = [IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, BillingModule.Room];

    private readonly ServiceProvider _services;

    private Governed(ServiceProvider services, FakeTimeProvider clock, SomaOptions options) => (_services, Clock, Options) = (services, clock, options);

    public FakeTimeProvider Clock { get; }

    public SomaOptions Options { get; }

    public Db Db => _services.GetRequiredService<Db>();

    public static async Task<Governed> StartAsync(Databases databases, string name) => await StartAsync(await databases.CreateAsync(name), null, null);

    /// <param name="keys">Null for a keys folder of its own, as on another machine.</param>
    /// <param name="redis">Where limits are counted besides the database; null for nowhere.</param>
    /// <param name="around">Puts something between the rooms and the database.</param>
    public static async Task<Governed> StartAsync(string database, string? keys, FakeTimeProvider? clock, string? redis = null, Func<Db, Db>? around = null)
    {
        var options = new SomaOptions { Redis = redis, Database = database, DataDirectory = keys ?? Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N")) };
        clock ??= new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton(_ => around is null ? Db.Open(database) : around(Db.Open(database))).AddSingleton<Journal>();
        services.AddLogging(logging => logging.ClearProviders());
        services.AddSingleton<ISettingsGate, NoGate>();
        foreach (var room in Rooms) room.Add(services, options);
        var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), [JournalModule.Room, .. Rooms], clock, TestContext.Current.CancellationToken);
        foreach (var room in Rooms) await room.Start(provider, TestContext.Current.CancellationToken);
        return new Governed(provider, clock, options);
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public Task<List<string>> JournalAsync(string tenant) => Db.QueryAsync(tenant, static reader => reader.GetString(0) + " " + reader.GetString(1),
        $"SELECT type, data FROM journal WHERE tenant = {tenant} ORDER BY position", TestContext.Current.CancellationToken);

    /// <summary>The gate's room is not in this house: every change of settings is allowed here. What it says is tested where it is.</summary>
    private sealed class NoGate : ISettingsGate
    {
        public Task<ApprovalRequest?> AskAsync(RequestContext context, RiskyChange change, CancellationToken cancellationToken) => Task.FromResult<ApprovalRequest?>(null);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Directory.Exists(Options.KeysDirectory)) Directory.Delete(Options.KeysDirectory, recursive: true);
    }
}
