using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Settings;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>The room over a fresh database with the rooms below that it calls, and a clock that the test moves. Nothing runs by itself.</summary>
internal sealed class NotificationHouse : IAsyncDisposable
{
    private static readonly Room[] Rooms = [JournalModule.Room, IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, BillingModule.Room, NotificationsModule.Room];

    private readonly ServiceProvider _services;

    private NotificationHouse(ServiceProvider services, FakeTimeProvider clock, SomaOptions options) => (_services, Clock, Options) = (services, clock, options);

    public FakeTimeProvider Clock { get; }

    public SomaOptions Options { get; }

    public Db Db => Get<Db>();

    public DateTimeOffset Now => Clock.GetUtcNow();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="beside">A second replica over the same database and clock.</param>
    /// <param name="over">A database that is there.</param>
    public static async Task<NotificationHouse> StartAsync(Databases databases, string name, NotificationHouse? beside = null, string? over = null)
    {
        var database = beside?.Options.Database ?? over ?? await databases.CreateAsync(name);
        var options = new SomaOptions { Database = database, DataDirectory = Path.Combine(Path.GetTempPath(), "soma-notify-" + Guid.CreateVersion7().ToString("N")), NotifyTenants = ["demo"] };
        var clock = beside?.Clock ?? new FakeTimeProvider(over is null ? new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero) : TimeProvider.System.GetUtcNow());
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton(_ => Db.Open(database)).AddSingleton<Journal>().AddSingleton<Subscriptions>();
        services.AddLogging(static logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        var house = new NotificationHouse(services.BuildServiceProvider(), clock, options);
        await Migrator.RunAsync(house.Db, Rooms, clock, Stop);
        return house;
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public RequestContext As(string principal, string tenant = "demo", CapabilitySet? held = null) => Databases.Context(tenant, principal) with { Capabilities = held ?? CapabilitySet.All };

    public Task AddPersonAsync(string id, string tenant = "demo", params string[] capabilities) => Db.WriteAsync(tenant, async work =>
    {
        await IdentityStore.AddTenantAsync(work, tenant, tenant, Now.ToMicros());
        await IdentityStore.TryWritePrincipalAsync(work, new PrincipalRow(tenant, id, "user", id, true, capabilities, 1, 1, Now, Now), 0);
    }, Stop);

    /// <summary>A verified address, as its own room's routes would leave it.</summary>
    public Task AddAddressAsync(string principal, string channel, string address, string tenant = "demo") => Db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        INSERT INTO notification_addresses (tenant, principal, channel, address, code_tries, verified_at, created_at, version) VALUES ({tenant}, {principal}, {channel}, {address}, 0, {1L}, {1L}, 1)
        """), Stop);

    public Task PreferAsync(string principal, NotificationPreferences preferences, long version = 0) =>
        Get<ChangeNotificationPreferences>().WriteAsync(As("owner"), principal, preferences, version, Stop);

    public Task<PublishedNotification> PublishAsync(NotificationDraft draft, string tenant = "demo") =>
        Db.WriteAsync(tenant, work => Get<PublishNotification>().PublishAsync(work, As("service", tenant), draft), Stop);

    public Task<List<InboxItem>> SeenAsync(string principal, long after = 0, string tenant = "demo") => Get<NotificationStore>().ReadAfterAsync(tenant, principal, after, 1000, Stop);

    public async Task<List<string>> ListAsync(string principal, string state = "all", string tenant = "demo") =>
        [.. (await Get<InboxReader>().ListAsync(tenant, principal, new InboxFilter(state, 0, "", ""), long.MaxValue, 200, Now.ToMicros(), Stop)).Select(static row => row.Item.Notification.Title)];

    public async Task<(long Unread, long Attention)> CountsAsync(string principal) =>
        await Get<InboxReader>().CountsAsync("demo", principal, Now.ToMicros(), Stop) is var counts ? (counts.Unread, counts.Attention) : default;

    /// <summary>Everything that is due, until nothing is.</summary>
    public async Task RunTimersAsync()
    {
        while (await Get<RunTimers>().OnceAsync(Stop) > 0)
        {
            // The next batch.
        }
    }

    /// <summary>The ledger, as principal, channel, target, reason and minutes from now.</summary>
    public Task<List<string>> LedgerAsync(string tenant = "demo") => Db.QueryAsync(tenant, reader =>
            $"{reader.GetString(0)} {reader.GetString(1)} {reader.GetString(2)} {reader.GetString(3)} {(reader.Instant(4) - Now).TotalMinutes:0}",
        $"SELECT principal, channel, target, reason, due_at FROM notification_deliveries WHERE tenant = {tenant} ORDER BY created_at, principal, channel, target", Stop);

    public Task<List<string>> JournalAsync(string type, string tenant = "demo") => Db.QueryAsync(tenant, static reader => reader.GetString(0),
        $"SELECT data FROM journal WHERE tenant = {tenant} AND type = {type} ORDER BY position", Stop);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Directory.Exists(Options.DataDirectory)) Directory.Delete(Options.DataDirectory, recursive: true);
    }
}
