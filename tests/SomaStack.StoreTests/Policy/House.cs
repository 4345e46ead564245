using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Policy;

/// <summary>Constitution and Policy, with what they stand on, over a fresh database, started as the server starts them, with a clock that the test moves.</summary>
internal sealed class House : IAsyncDisposable
{
    private static readonly Room[] Rooms = [IdentityModule.Room, ApprovalsModule.Room, ConstitutionModule.Room, PolicyModule.Room];

    private readonly ServiceProvider _services;
    private readonly bool _ownsKeys;

    private House(ServiceProvider services, FakeTimeProvider clock, SomaOptions options, bool ownsKeys) => (_services, Clock, Options, _ownsKeys) = (services, clock, options, ownsKeys);

    public FakeTimeProvider Clock { get; }

    public SomaOptions Options { get; }

    public Db Db => _services.GetRequiredService<Db>();

    public static async Task<House> StartAsync(Databases databases, string name, Action<IServiceCollection>? more = null) => await StartAsync(await databases.CreateAsync(name), null, more);

    /// <param name="keys">The keys of another replica; null for new ones.</param>
    public static async Task<House> StartAsync(string database, string? keys, Action<IServiceCollection>? more = null)
    {
        var options = new SomaOptions { Database = database, DataDirectory = keys ?? Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N")) };
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton(_ => Db.Open(database)).AddSingleton<Platform.Journal>();
        services.AddLogging(logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        more?.Invoke(services);
        var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), [JournalModule.Room, .. Rooms], clock, TestContext.Current.CancellationToken);
        foreach (var room in Rooms) await room.Start(provider, TestContext.Current.CancellationToken);
        return new House(provider, clock, options, keys is null);
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    /// <summary>What these rooms wrote; people and approvals are set-up.</summary>
    public async Task<List<string>> JournalAsync(string tenant) => [.. (await Db.QueryAsync(tenant, static reader => reader.GetString(0),
        $"SELECT type FROM journal WHERE tenant = {tenant} ORDER BY position", TestContext.Current.CancellationToken))
        .Where(static type => !type.StartsWith("somastack.identity.", StringComparison.Ordinal) && !type.StartsWith("somastack.approval.", StringComparison.Ordinal))];

    /// <summary>Creates a person.</summary>
    public Task AddAsync(string id, params string[] capabilities) =>
        Get<PutUser>().RunAsync(id, new PutUserRequest(id, capabilities), Databases.Context("demo", "owner"), null, 0, TestContext.Current.CancellationToken);

    /// <summary>A second person says yes.</summary>
    public Task ApproveAsync(WantedApproval wanted) => SecondPerson.ApproveAsync(Get<IdentityStore>(), Get<PutUser>(), Get<DecideApproval>(), Caller(), wanted.Id, wanted.Digest);

    /// <summary>Puts a policy in force as set-up, without the two people whom the routes ask for.</summary>
    public async Task GovernAsync(string tenant, string text, long version)
    {
        var policy = new PolicyVersion(tenant, version, text, PoliciesInForce.Hash(text), "set-up", Clock.GetUtcNow());
        await Db.WriteAsync(tenant, work => PolicyStore.InsertAsync(work, policy), TestContext.Current.CancellationToken);
        Get<PoliciesInForce>().Changed(tenant);
    }

    public Task<Decision> CheckAsync(RequestContext context, string kind = "session.start") =>
        Get<IGate>().CheckAsync(context, new GatedAction(kind, "persona", "{}"), TestContext.Current.CancellationToken).AsTask();

    /// <summary>A caller without the bypass, as everybody should be.</summary>
    public static RequestContext Caller(string tenant = "demo", string principal = "ada", params string[] capabilities) =>
        Databases.Context(tenant, principal) with { Capabilities = CapabilitySet.Of(capabilities) };

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_ownsKeys && Directory.Exists(Options.DataDirectory)) Directory.Delete(Options.DataDirectory, recursive: true);
    }
}
