using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Approvals;

/// <summary>Identity and Approvals over a fresh database, with people in it and a clock that the test moves.</summary>
internal sealed class ApprovalHouse : IAsyncDisposable
{
    public static readonly ApprovalRequest Action = new("tool.call", "shell", """{"command":"ls","n":1}""", "c0", 7, "Ada wants to run ls.");

    private static readonly Room[] Rooms = [IdentityModule.Room, ApprovalsModule.Room];

    private readonly ServiceProvider _services;
    private readonly string _keys;

    private ApprovalHouse(ServiceProvider services, FakeTimeProvider clock, string keys) => (_services, Clock, _keys) = (services, clock, keys);

    public FakeTimeProvider Clock { get; }

    public Db Db => _services.GetRequiredService<Db>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<ApprovalHouse> StartAsync(Databases databases, string name)
    {
        var database = await databases.CreateAsync(name);
        var options = new SomaOptions { Database = database, DataDirectory = Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N")) };
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton(_ => Db.Open(database)).AddSingleton<Journal>();
        services.AddLogging(logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), [JournalModule.Room, .. Rooms], clock, Stop);
        foreach (var room in Rooms) await room.Start(provider, Stop);
        var house = new ApprovalHouse(provider, clock, options.DataDirectory);
        foreach (var person in new[] { "ada", "bob", "eve" }) await house.PutAsync(person, [Capability.ApprovalDecide, Capability.PlatformAdmin]);
        return house;
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public static RequestContext Caller(string principal, string tenant = "demo", params string[] capabilities) =>
        Databases.Context(tenant, principal) with { Capabilities = CapabilitySet.Of(capabilities.Length == 0 ? [Capability.ApprovalDecide, Capability.PlatformAdmin] : capabilities) };

    /// <summary>Creates or changes a person.</summary>
    public async Task PutAsync(string id, string[] capabilities, bool active = true)
    {
        var current = await Get<IdentityStore>().FindPrincipalAsync("demo", id, Stop);
        await Get<PutUser>().RunAsync(id, new PutUserRequest(id, capabilities, Active: active), Databases.Context("demo", "owner"), current, current?.Version ?? 0, Stop);
    }

    public Task<Approval> ProposeAsync(ApprovalRequest? request = null, string by = "ada", string tenant = "demo") =>
        Db.WriteAsync(tenant, work => Get<IApprovals>().ProposeAsync(work, Caller(by, tenant), request ?? Action), Stop);

    public Task<Approval> ClaimAsync(Approval approval, ApprovalRequest? request = null, string by = "ada", string tenant = "demo") =>
        Db.WriteAsync(tenant, work => Get<IApprovals>().ClaimAsync(work, Caller(by, tenant), approval.Id, request ?? Action), Stop);

    public async Task<ApprovalLine> DecideAsync(Approval approval, RequestContext? by = null, ApprovalVote vote = ApprovalVote.Approve, string? digest = null) =>
        (await Get<DecideApproval>().RunAsync(by ?? Caller("bob"), approval.Id, new DecideRequest(vote, digest ?? approval.Digest, "Seen."), Stop)).Value!.Approval;

    /// <summary>Proposed by ada, approved by bob.</summary>
    public async Task<Approval> ApprovedAsync(ApprovalRequest? request = null)
    {
        var approval = await ProposeAsync(request);
        await DecideAsync(approval);
        return approval;
    }

    public async Task<ApprovalView> ReadAsync(Approval approval) => (await Get<ReadApprovals>().GetAsync(Caller("bob"), approval.Id, Stop)).Value!;

    public static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);

    /// <summary>Type and data of every line about approvals.</summary>
    public Task<List<string>> JournalAsync(string tenant = "demo") => Db.QueryAsync(tenant, static reader => reader.GetString(0) + " " + reader.GetString(1),
        $"SELECT type, data FROM journal WHERE tenant = {tenant} AND subject LIKE 'approval/%' ORDER BY position", Stop);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Directory.Exists(_keys)) Directory.Delete(_keys, recursive: true);
    }
}
