using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Settings;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>
/// The room of runs, and what governs it, in this process on a database of its own, with the journal sealed and its rights asked as in the server.
/// A step is a function of this process, as it is for the others.
/// </summary>
internal sealed class WorkflowRoom : IAsyncDisposable
{
    private static readonly Room[] Rooms =
    [
        JournalModule.Room, IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, ConstitutionModule.Room, BillingModule.Room, PolicyModule.Room, WorkflowsModule.Room,
    ];

    private readonly ServiceProvider _services;
    private readonly IHostedService[] _hosted;
    private readonly string _folder;
    private readonly RequestContext _context;

    private WorkflowRoom(ServiceProvider services, IHostedService[] hosted, string folder, RequestContext context) => (_services, _hosted, _folder, _context) = (services, hosted, folder, context);

    public StepFunctions Steps => _services.GetRequiredService<StepFunctions>();

    public static async Task<WorkflowRoom> OpenAsync(string database, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("soma-bench-").FullName;
        var options = new SomaOptions { Database = database, DataDirectory = folder };
        var services = new ServiceCollection().AddSingleton(options).AddSingleton(TimeProvider.System).AddSingleton(_ => Db.Open(database)).AddSingleton<Journal>().AddSingleton<Subscriptions>();
        services.AddSingleton<StepFunctions>().AddSingleton<ITools>(static provider => provider.GetRequiredService<StepFunctions>()).AddSingleton<IConversations, NothingElse>().AddSingleton<ICapsules, NothingElse>();
        services.AddLogging(static logging => logging.ClearProviders());
        foreach (var room in Rooms) room.Add(services, options);
        var provider = services.BuildServiceProvider();
        await Migrator.RunAsync(provider.GetRequiredService<Db>(), Rooms, TimeProvider.System, cancellationToken);
        foreach (var room in Rooms)
        {
            await room.Start(provider, cancellationToken);
            room.Handle(provider.GetRequiredService<Subscriptions>(), provider);
        }
        IHostedService[] hosted = [.. provider.GetServices<IHostedService>()];
        foreach (var one in hosted) await one.StartAsync(cancellationToken);
        var (tenant, owner) = await provider.GetRequiredService<IIdentity>().DemoOwnerAsync(cancellationToken);
        while (provider.GetRequiredService<JournalRunHost>().Replica.Length == 0) await Task.Delay(20, cancellationToken);
        return new WorkflowRoom(provider, hosted, folder, new RequestContext(tenant, new Principal(owner, "user"), CapabilitySet.All, "cli", DeploymentMode.Test, "local", Ids.NewTraceId()));
    }

    /// <summary>Begins a run; returns when it is durable.</summary>
    public async Task<string> StartAsync(Capsule capsule, CancellationToken cancellationToken)
    {
        var (id, now) = (Ids.New(), TimeProvider.System.NowMicros());
        await StartAsync(id, capsule, now, cancellationToken);
        return id;
    }

    /// <summary>Begins a run and waits for its end.</summary>
    public async Task RunAsync(Capsule capsule, CancellationToken cancellationToken)
    {
        var (id, now) = (Ids.New(), TimeProvider.System.NowMicros());
        using var listening = _services.GetRequiredService<RunSignals>().Listen(_context.Tenant, id);
        Steps.Expect(id);
        await StartAsync(id, capsule, now, cancellationToken);
        await listening.Over.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
    }

    public Task SignalAsync(string run, string name, CancellationToken cancellationToken)
    {
        Steps.Expect(run);
        return _services.GetRequiredService<JournalRunHost>().TellAsync(_context, run, new SignalCame(TimeProvider.System.NowMicros(), "1", name, "{}", _context.Principal.Id), cancellationToken);
    }

    public async Task<long> CountAsync(string status, CancellationToken cancellationToken) =>
        await _services.GetRequiredService<Db>().NumberAsync(_context.Tenant, $"SELECT COUNT(*) FROM runs WHERE tenant = {_context.Tenant} AND status = {status}", cancellationToken) ?? 0;

    public async Task<string> FailureAsync(CancellationToken cancellationToken) =>
        (await _services.GetRequiredService<Db>().QueryAsync(_context.Tenant, static reader => reader.GetString(0), $"SELECT detail FROM runs WHERE tenant = {_context.Tenant} AND status = 'failed' LIMIT 1", cancellationToken)).FirstOrDefault() ?? "";

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _hosted.Reverse()) await one.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task StartAsync(string id, Capsule capsule, long now, CancellationToken cancellationToken)
    {
        var plan = new RunPlan(capsule, id, null, 0, new RunBudget(null, null, null, null));
        var identity = new RunIdentity(_context.Tenant, id, "capsule", capsule.Id, capsule.Id, capsule.Version, "journal", RunStarter.Of(_context), null, null, new RunAbout(), now);
        var events = RunDecider.Decide(RunState.None, new BeginRun(now, plan, "{}", RunDecider.Version));
        return _services.GetRequiredService<JournalRunHost>().StartAsync(new RunBeginning(identity, events), cancellationToken);
    }

    /// <summary>No agent and no nested capsule is measured here.</summary>
    private sealed class NothingElse : IConversations, ICapsules
    {
        public Task<Capsule> ApprovedAsync(RequestContext context, string id, string? version, CancellationToken cancellationToken) => throw new NotSupportedException("No capsule is nested here.");

        public Task<TurnAnswer> AskAsync(RequestContext context, TurnQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException("No agent is measured here.");

        public string SessionOf(RequestContext context, string question) => throw new NotSupportedException("No agent is measured here.");

        public Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken) => Task.FromResult(false);
    }
}

/// <summary>What a step does: it counts, and notes when the first of a run began.</summary>
internal sealed class StepFunctions : ITools
{
    private readonly ConcurrentDictionary<string, long> _expected = new(StringComparer.Ordinal);
    private int _done;

    public int Done => _done;

    /// <summary>Milliseconds from <see cref="Expect"/> to the run's next step.</summary>
    public ConcurrentQueue<double> Delays { get; } = new();

    public void Expect(string run) => _expected[run] = Stopwatch.GetTimestamp();

    public ValueTask<IReadOnlyList<ToolOffer>> OfferedAsync(RequestContext context, IReadOnlyList<string>? names, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<ToolOffer>>([]);

    public Task<ToolResult> CallAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken)
    {
        if (_expected.TryRemove(call.Run!, out var at)) Delays.Enqueue(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
        Interlocked.Increment(ref _done);
        return Task.FromResult(new ToolResult(call.Key, ToolOutcome.Succeeded, "done", call.Arguments));
    }
}
