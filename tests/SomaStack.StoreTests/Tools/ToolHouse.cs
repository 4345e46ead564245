using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Tools;

/// <summary>An adapter kind whose actions are what the test says, through the port that every kind implements.</summary>
internal sealed class CountingKind : IAdapterKind
{
    private int _done;

    public string Kind => "counting";

    public string? Unavailable { get; set; }

    /// <summary>How often anything was done.</summary>
    public int Done => _done;

    public Func<AdapterCall, CancellationToken, Task<AdapterAnswer>> Act { get; set; } = static (_, _) => Task.FromResult(new AdapterAnswer(false, "done"));

    public IReadOnlyList<FieldError> Check(Manifest manifest) => [];

    public Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _done);
        return Act(call, cancellationToken);
    }
}

/// <summary>Tools and what they stand on over a fresh database, with a clock that the test moves.</summary>
internal sealed class ToolHouse : IAsyncDisposable
{
    private static readonly Room[] Rooms = [IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, ConstitutionModule.Room, BillingModule.Room, PolicyModule.Room, ToolsModule.Room];

    private static readonly string[] Rights = [Capability.ApprovalDecide, Capability.ToolManage];

    private readonly ServiceProvider _services;
    private readonly string _keys;

    private ToolHouse(ServiceProvider services, FakeTimeProvider clock, string keys) => (_services, Clock, _keys) = (services, clock, keys);

    public FakeTimeProvider Clock { get; }

    public CountingKind Kind => _services.GetRequiredService<CountingKind>();

    public Db Db => _services.GetRequiredService<Db>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<ToolHouse> StartAsync(Databases databases, string name)
    {
        var database = await databases.CreateAsync(name);
        var options = new SomaOptions { Database = database, DataDirectory = Path.Combine(Path.GetTempPath(), "soma-keys-" + Guid.CreateVersion7().ToString("N")) };
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton(_ => Db.Open(database)).AddSingleton<Platform.Journal>();
        services.AddSingleton<ICounters, ProcessCounters>();
        services.AddLogging(logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        // Memory and benchmarks are rooms of their own with indexes and models; their adapters are tried over HTTP.
        services.Remove(services.Single(static one => one.ImplementationType == typeof(MemoryAdapter)));
        services.Remove(services.Single(static one => one.ImplementationType == typeof(BenchmarksAdapter)));
        services.AddSingleton<CountingKind>().AddSingleton<IAdapterKind>(static provider => provider.GetRequiredService<CountingKind>());
        var provider = services.BuildServiceProvider();
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), [JournalModule.Room, .. Rooms], clock, Stop);
        foreach (var room in Rooms) await room.Start(provider, Stop);
        var house = new ToolHouse(provider, clock, options.DataDirectory);
        foreach (var person in new[] { "ada", "bob" })
            await house.Get<PutUser>().RunAsync(person, new PutUserRequest(person, [.. Rights, Capability.ToolExecute]), Databases.Context("demo", "owner"), null, 0, Stop);
        return house;
    }

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public static RequestContext Caller(string principal = "ada") => Databases.Context("demo", principal) with { Mode = DeploymentMode.DeveloperLight };

    public static string Manifest(string version = "1.0.0", string more = "", string action = "\"risk\":\"low\",\"idempotent\":false") => $$$"""
        {"id":"counter","version":"{{{version}}}","kind":"counting","summary":"Counts.","actions":[{"name":"add","description":"Adds one.",
         "input":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false},{{{action}}} }]{{{more}}} }
        """;

    /// <summary>Registered by ada, approved by bob, registered again.</summary>
    public async Task<AdapterView> LetInAsync(string manifest, ManifestSignature? signature = null, RequestContext? context = null)
    {
        context ??= Caller();
        var asked = await RegisterAsync(manifest, signature, context);
        var wanted = Assert.IsType<Accepted<ApprovalWanted>>(asked).Value!.Approval;
        await ApproveAsync(wanted.Id, wanted.Digest);
        return Assert.IsType<Ok<AdapterView>>(await RegisterAsync(manifest, signature, context with { Approval = wanted.Id })).Value!;
    }

    public Task<IResult> RegisterAsync(string manifest, ManifestSignature? signature = null, RequestContext? context = null) =>
        Get<RegisterManifest>().RunAsync(context ?? Caller(), new RegisterRequest(JsonDocument.Parse(manifest).RootElement, signature), Stop);

    public Task ApproveAsync(string id, string digest) =>
        Get<DecideApproval>().RunAsync(Caller("bob") with { Capabilities = CapabilitySet.Of(Rights) }, id, new DecideRequest(ApprovalVote.Approve, digest), Stop);

    public Task<ToolResult> CallAsync(string key = "k", string arguments = """{"n":1}""", string? approval = null, RequestContext? context = null, params string[] taints) =>
        Get<ITools>().CallAsync(context ?? Caller(), new ToolCall("counter", "add", arguments, key) { Approval = approval, Taints = taints }, Stop);

    /// <summary>Another process over the same database.</summary>
    public ExecuteTool OtherReplica()
    {
        var running = new RunningCalls(Get<IKillSwitch>());
        return ActivatorUtilities.CreateInstance<ExecuteTool>(_services, running);
    }

    public static async Task<Problem> RefusedAsync(string code, Func<Task> action)
    {
        var problem = await Assert.ThrowsAsync<Problem>(action);
        Assert.Equal(code, problem.Code.Code);
        return problem;
    }

    /// <summary>Type and data of every line about tools.</summary>
    public Task<List<string>> JournalAsync(string prefix = "somastack.tools.") => Db.QueryAsync("demo", static reader => reader.GetString(0) + " " + reader.GetString(1),
        $"SELECT type, data FROM journal WHERE tenant = {"demo"} AND type LIKE {prefix + "%"} ORDER BY position", Stop);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (Directory.Exists(_keys)) Directory.Delete(_keys, recursive: true);
    }
}
