using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Settings;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>
/// Runs and all that governs them over a fresh database, with a clock that the test moves. Several may share a database, as replicas do. The
/// tools are the test's own: they remember in memory that all replicas share what was done under which key, as the room of tools does in its tables.
/// </summary>
internal sealed class RunHouse : IAsyncDisposable
{
    private static readonly Room[] Rooms =
    [
        IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, ConstitutionModule.Room, BillingModule.Room, PolicyModule.Room, WorkflowsModule.Room,
    ];

    private readonly ServiceProvider _services;
    private readonly RunHouse? _first;

    private RunHouse(ServiceProvider services, FakeTimeProvider clock, SomaOptions options, RecordedEffects effects, RunHouse? first) =>
        (_services, Clock, Options, Effects, _first) = (services, clock, options, effects, first);

    public FakeTimeProvider Clock { get; }

    public SomaOptions Options { get; }

    public RecordedEffects Effects { get; }

    /// <summary>
    /// What the contract of hosts runs on: the journal's host on two databases, and Temporal's on the SDK's own client and workers over
    /// <see cref="TemporalProtocol"/>, and over a server when <c>SOMA_TEST_TEMPORAL</c> names one.
    /// </summary>
    public static TheoryData<string> Hosts => ["sqlite", "postgres", "protocol", "temporal"];

    /// <summary>What the house speaks with on "protocol".</summary>
    public TemporalProtocol? Protocol => _protocol;

    private TemporalProtocol? _protocol;

    public Db Db => Get<Db>();

    public JournalRunHost Host => Get<JournalRunHost>();

    /// <summary>The host that begins runs here.</summary>
    public IRunHost Runs => Get<IRunHost>();

    public bool OnTemporal => Options.Workflows == "temporal";

    /// <summary>Of a run that nothing is done for.</summary>
    public string RestingOwner => OnTemporal ? "temporal" : "";

    public RunPump Pump => Get<RunPump>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RunHouse> StartAsync(Databases databases, string name, Func<Db, Db>? around = null)
    {
        if (name is not ("temporal" or "protocol")) return await StartAsync(await databases.CreateAsync(name), null, around);
        var protocol = name == "protocol" ? await TemporalProtocol.StartAsync() : null;
        var server = protocol?.Address ?? Environment.GetEnvironmentVariable("SOMA_TEST_TEMPORAL");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "SOMA_TEST_TEMPORAL names no Temporal server (host:port).");
        var house = await StartAsync(await databases.CreateAsync("sqlite"), null, around, server);
        house._protocol = protocol;
        await house.WorkAsync();
        return house;
    }

    /// <summary>Speaks with Temporal from now on, and works for it.</summary>
    public async Task WorkAsync()
    {
        foreach (var service in OfTemporal) await service.StartAsync(Stop);
    }

    public async Task StopWorkAsync()
    {
        foreach (var service in OfTemporal.Reverse()) await service.StopAsync(CancellationToken.None);
    }

    private IEnumerable<IHostedService> OfTemporal => _services.GetServices<IHostedService>().Where(static service => service is TellTemporal or WorkTemporal);

    /// <summary>Temporal is the host and no server is there: whatever a worker would do, the test does.</summary>
    public static async Task<RunHouse> WithoutServerAsync(Databases databases, string name, Func<Db, Db>? around = null) => await StartAsync(await databases.CreateAsync(name), null, around, "127.0.0.1:1");

    /// <summary>Another replica over the same database, clock and tools.</summary>
    public Task<RunHouse> ReplicaAsync(Func<Db, Db>? around = null) => StartAsync(Options.Database!, this, around);

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public static RequestContext Caller(string principal = "ada", string tenant = "demo") =>
        Databases.Context(tenant, principal) with { Capabilities = CapabilitySet.Of([Capability.RunStart, Capability.RunRead, Capability.ToolExecute]) };

    /// <summary>Takes up the work: registers the replica and takes what is due.</summary>
    public async Task LookAsync()
    {
        if (OnTemporal) await Get<TellTemporal>().LookOnceAsync(Stop);
        await Pump.LookAsync(Stop);
    }

    public async Task<string> StartAsync(Capsule capsule, string inputs = "{}", RequestContext? by = null, string? id = null, RunBudget? budget = null)
    {
        var context = by ?? Caller();
        id ??= Ids.New(Clock);
        var now = Clock.NowMicros();
        var plan = new RunPlan(capsule, id, null, 0, budget ?? new RunBudget(null, null, null, null));
        var identity = new RunIdentity(context.Tenant, id, "capsule", capsule.Id, capsule.Id, capsule.Version, Runs.Name, RunStarter.Of(context), null, null, new RunAbout(), now);
        await Runs.StartAsync(new RunBeginning(identity, RunDecider.Decide(RunState.None, new BeginRun(now, plan, inputs, RunDecider.Version))), Stop);
        return id;
    }

    public Task SignalAsync(string run, string name, string id, string data = "{}") =>
        Runs.TellAsync(Caller(), run, new SignalCame(Clock.NowMicros(), id, name, data, "ada"), Stop);

    public Task<RunRow> OverAsync(string run, string tenant = "demo") => Get<RunStreams>().WhenOverAsync(tenant, run, Stop).WaitAsync(TimeSpan.FromSeconds(20), Stop);

    /// <summary>Waits until the run's row is as wanted; woken by the commits of this replica.</summary>
    public async Task<RunRow> WhenAsync(string run, Func<RunRow, bool> wanted)
    {
        using var listening = Get<RunSignals>().Listen("demo", run);
        while (true)
        {
            var next = listening.Next;
            var row = await RowAsync(run);
            if (wanted(row)) return row;
            await next.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        }
    }

    public Task<RunRow> WaitingAsync(string run) => WhenAsync(run, row => row.Status == "waiting" && row.Owner == RestingOwner);

    /// <summary>Waits until nothing is done for a run that has ended.</summary>
    public async Task SettledAsync(string run)
    {
        if (OnTemporal) await Get<TemporalLink>().Client.GetWorkflowHandle(TemporalRunHost.IdOf("demo", run)).GetResultAsync();
        else await WhenAsync(run, static row => row.Owner.Length == 0);
    }

    public Task<RunRow> RowAsync(string run) => Get<RunStore>().GetAsync("demo", run, Stop);

    public async Task<RunDetail> ViewAsync(string run) => await Get<ReadRuns>().GetAsync(Caller(), run, Stop);

    public async Task<List<string>> HistoryAsync(string run) => [.. (await Get<RunStore>().EventsAsync("demo", run, 0, 10_000, Stop)).Select(static one => one.Type)];

    public Task<List<string>> JournalAsync(string run) => Db.QueryAsync("demo", static reader => reader.GetString(0)["somastack.workflows.".Length..^".v1".Length],
        $"SELECT type FROM journal WHERE tenant = {"demo"} AND subject = {"run/" + run} ORDER BY version", Stop);

    /// <summary>Lets the room hear what was decided about approvals, as the bus does.</summary>
    public async Task HearApprovalsAsync()
    {
        var (reader, desk) = (new JournalReader(Db), Get<RunApprovalDesk>());
        var written = await Db.NumberAsync("demo", $"SELECT COUNT(*) FROM journal WHERE tenant = {"demo"} AND type IN ({ApprovalEvents.Decided}, {ApprovalEvents.Returned})", Stop);
        List<JournalLine> lines;
        // PostgreSQL shows the journal up to the oldest transaction under way, whoever's it is: other tests have some.
        do lines = await reader.ReadAsync(JournalPoint.Start, await reader.EndAsync(Stop), [ApprovalEvents.Decided, ApprovalEvents.Returned], 1000, Stop);
        while (lines.Count < written);
        foreach (var line in lines) await Db.WriteAsync(line.Tenant, work => desk.HearAsync(line, work, Runs.Hear), Stop);
    }

    public async Task PutAsync(string id, string[] capabilities, bool active = true)
    {
        var current = await Get<IdentityStore>().FindPrincipalAsync("demo", id, Stop);
        await Get<PutUser>().RunAsync(id, new PutUserRequest(id, capabilities, Active: active), Databases.Context("demo", "owner"), current, current?.Version ?? 0, Stop);
    }

    public async Task DecideAsync(string approval, ApprovalVote vote = ApprovalVote.Approve)
    {
        var row = await Get<ApprovalStore>().FindAsync("demo", approval, Stop);
        var bob = Databases.Context("demo", "bob") with { Capabilities = CapabilitySet.Of([Capability.ApprovalDecide]) };
        await Get<DecideApproval>().RunAsync(bob, approval, new DecideRequest(vote, row!.Digest, "Seen."), Stop);
    }

    /// <summary>As if the process had been killed: nothing is written any more, nothing is handed over.</summary>
    public Task KillAsync() => Host.ForgetAsync();

    public async ValueTask DisposeAsync()
    {
        await Host.ForgetAsync();
        if (OnTemporal) await StopWorkAsync();
        await _services.DisposeAsync();
        if (_protocol is not null)
        {
            Assert.Empty(_protocol.Failed);
            await _protocol.DisposeAsync();
        }
        if (_first is null && Directory.Exists(Options.DataDirectory)) Directory.Delete(Options.DataDirectory, recursive: true);
    }

    private static async Task<RunHouse> StartAsync(string database, RunHouse? first, Func<Db, Db>? around, string? temporal = null)
    {
        var options = first?.Options ?? new SomaOptions { Database = database, DataDirectory = Path.Combine(Path.GetTempPath(), "soma-runs-" + Guid.CreateVersion7().ToString("N")) };
        // A queue of its own: other tests use the same server.
        if (temporal is not null) options = options with { Workflows = "temporal", Temporal = temporal, TemporalQueue = "test-" + Guid.CreateVersion7().ToString("N") };
        var clock = first?.Clock ?? new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var effects = first?.Effects ?? new RecordedEffects();
        var services = new ServiceCollection().AddSingleton(options).AddSingleton<TimeProvider>(clock).AddSingleton<Platform.Journal>().AddSingleton<Lease>().AddSingleton(effects);
        services.AddSingleton(_ => around is null ? Db.Open(database) : around(Db.Open(database)));
        services.AddSingleton<ITools, RecordedTools>().AddSingleton<IConversations, RecordedAgents>().AddSingleton<ICapsules>(effects);
        services.AddLogging(static logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        var provider = services.BuildServiceProvider();
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), [JournalModule.Room, .. Rooms], clock, Stop);
        foreach (var room in Rooms) await room.Start(provider, Stop);
        var house = new RunHouse(provider, clock, options, effects, first);
        if (first is null)
        {
            await house.PutAsync("ada", [Capability.RunStart, Capability.RunRead, Capability.ToolExecute]);
            await house.PutAsync("bob", [Capability.ApprovalDecide]);
        }
        await house.LookAsync();
        return house;
    }
}

/// <summary>What took effect, as seen from outside every replica: the world that a crash does not reset.</summary>
internal sealed class RecordedEffects : ICapsules
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new(StringComparer.Ordinal);

    /// <summary>Key to what was done; the order is that of the effects.</summary>
    public ConcurrentQueue<string> Done { get; } = new();

    public ConcurrentDictionary<string, ToolResult> Results { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, Capsule> Capsules { get; } = new(StringComparer.Ordinal);

    /// <summary>Called before an effect happens, and after it happened and before anybody hears of it.</summary>
    public Action<string>? Before { get; set; }

    public Action<string>? After { get; set; }

    /// <summary>Called with the approval that a tool asked for, before the run hears that it has to wait.</summary>
    public Func<string, Task>? Asked { get; set; }

    /// <summary>Actions named <c>gated</c> wait here for their key; <c>at KEY</c> says that they do.</summary>
    public TaskCompletionSource Gate(string name) => _gates.GetOrAdd(name, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public Task<Capsule> ApprovedAsync(RequestContext context, string id, string? version, CancellationToken cancellationToken) => Task.FromResult(Capsules[id]);
}

internal sealed class RecordedTools(RecordedEffects effects, IApprovals approvals, Db db) : ITools
{
    private static readonly Lock Doing = new();

    public ValueTask<IReadOnlyList<ToolOffer>> OfferedAsync(RequestContext context, IReadOnlyList<string>? names, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<ToolOffer>>([]);

    public async Task<ToolResult> CallAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken)
    {
        if (effects.Results.TryGetValue(call.Key, out var known)) return known with { Replayed = true };
        if (call.Action == "gated")
        {
            effects.Gate("at " + call.Key).TrySetResult();
            await effects.Gate(call.Key).Task.WaitAsync(cancellationToken);
        }
        if (call.Action == "approved" && call.Approval is null)
        {
            var asked = await db.WriteAsync(context.Tenant, work => approvals.ProposeAsync(work, context, Request(call)), cancellationToken);
            if (effects.Asked is { } ask) await ask(asked.Id);
            return new ToolResult(call.Key, ToolOutcome.Awaiting, "") { Awaits = asked };
        }
        if (call is { Action: "approved", Approval: { } yes }) await db.WriteAsync(context.Tenant, work => approvals.ClaimAsync(work, context, yes, Request(call)), cancellationToken);
        if (call.Action == "fail") return new ToolResult(call.Key, ToolOutcome.Failed, "It does not work.") { Code = "tool_failed" };
        if (call.Action == "unknown") return new ToolResult(call.Key, ToolOutcome.Unknown, "Nobody knows.") { Code = "tool_outcome_unknown" };
        effects.Before?.Invoke(call.Key);
        ToolResult result;
        lock (Doing)
        {
            // Two replicas may ask at the same moment; the room of tools does a key once.
            if (!effects.Results.TryGetValue(call.Key, out result!))
            {
                effects.Done.Enqueue(call.Key);
                effects.Results[call.Key] = result = new ToolResult(call.Key, ToolOutcome.Succeeded, "done", call.Arguments) { CostNanos = 5 };
            }
        }
        effects.After?.Invoke(call.Key);
        return result;
    }

    private static ApprovalRequest Request(ToolCall call) => new("tool.call", call.Adapter, call.Arguments, "c0", 0, "A tool is called.");
}

internal sealed class RecordedAgents(RecordedEffects effects) : IConversations
{
    public Task<TurnAnswer> AskAsync(RequestContext context, TurnQuestion question, CancellationToken cancellationToken)
    {
        effects.Done.Enqueue(question.Id);
        return Task.FromResult(new TurnAnswer("s-" + question.Id, "t1", "completed", "Answer to: " + question.Prompt, null, null, 7, 3, 11, "USD"));
    }

    public string SessionOf(RequestContext context, string question) => "s-" + question;

    public Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken) => Task.FromResult(false);
}
