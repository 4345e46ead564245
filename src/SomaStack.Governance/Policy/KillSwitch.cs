using System.Collections.Frozen;
using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Tenant">Whose it is; <c>*</c> for the platform's.</param>
/// <param name="Target">The persona, capsule or tool; empty for a tenant's and the platform's.</param>
internal readonly record struct KillKey(string Tenant, KillScope Scope, string Target)
{
    public static readonly KillKey Platform = new(Db.AllTenants, KillScope.Platform, "");

    public static KillKey Of(string tenant) => new(tenant, KillScope.Tenant, "");

    public string ScopeName => Name(Scope);

    public static string Name(KillScope scope) => scope switch
    {
        KillScope.Platform => "platform", KillScope.Tenant => "tenant", KillScope.Persona => "persona", KillScope.Capsule => "capsule", _ => "tool",
    };

    public static KillScope Parse(string name) => name switch
    {
        "platform" => KillScope.Platform, "tenant" => KillScope.Tenant, "persona" => KillScope.Persona, "capsule" => KillScope.Capsule, "tool" => KillScope.Tool,
        _ => throw new InvalidOperationException($"'{name}' is no scope of a kill switch."),
    };

    public override string ToString() => Target.Length == 0 ? ScopeName : $"{ScopeName} '{Target}'";
}

/// <param name="Version">Grows with every change.</param>
internal sealed record KillState(KillKey Key, long Version, bool Engaged, string Reason, string ChangedBy, DateTimeOffset ChangedAt);

/// <summary>All SQL about kill switches.</summary>
internal sealed class KillSwitchStore(Db db)
{
    private const string Columns = "tenant, scope, target, version, engaged, reason, changed_by, changed_at";

    /// <summary>Every switch that was ever used; a handful.</summary>
    public Task<List<KillState>> AllAsync(CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, Map, $"SELECT {Columns:raw} FROM kill_switch_states WHERE tenant <> ''", cancellationToken);

    public static Task<KillState?> FindAsync(DbWork work, KillKey key) => work.FindAsync(Map, $"""
        SELECT {Columns:raw} FROM kill_switch_states WHERE tenant = {key.Tenant} AND scope = {key.ScopeName} AND target = {key.Target}
        """);

    public static async Task<KillState> EngageAsync(DbWork work, KillKey key, string reason, string by, DateTimeOffset at)
    {
        var rows = await work.QueryAsync(Map, $"""
            INSERT INTO kill_switch_states (tenant, scope, target, version, engaged, reason, changed_by, changed_at)
            VALUES ({key.Tenant}, {key.ScopeName}, {key.Target}, {1L}, {true}, {reason}, {by}, {at.ToMicros()})
            ON CONFLICT (tenant, scope, target) DO UPDATE SET version = kill_switch_states.version + 1, engaged = excluded.engaged, reason = excluded.reason,
                changed_by = excluded.changed_by, changed_at = excluded.changed_at
            RETURNING {Columns:raw}
            """);
        return rows[0];
    }

    /// <summary>Ends exactly this engagement; null when somebody has changed the switch meanwhile.</summary>
    public static Task<KillState?> ReleaseAsync(DbWork work, KillState known, string reason, string by, DateTimeOffset at) => work.FindAsync(Map, $"""
        UPDATE kill_switch_states SET version = version + 1, engaged = {false}, reason = {reason}, changed_by = {by}, changed_at = {at.ToMicros()}
        WHERE tenant = {known.Key.Tenant} AND scope = {known.Key.ScopeName} AND target = {known.Key.Target} AND version = {known.Version}
        RETURNING {Columns:raw}
        """);

    private static KillState Map(DbDataReader row) => new(
        new KillKey(row.GetString(0), KillKey.Parse(row.GetString(1)), row.GetString(2)), row.GetInt64(3), row.GetBoolean(4), row.GetString(5), row.GetString(6), row.Instant(7));
}

/// <summary>
/// The switches in memory. A change made here counts with its commit, one made by another replica within half a second. A replica that
/// cannot reach the database cannot act either, since every action is written down before it happens.
/// </summary>
internal sealed class KillSwitch : IKillSwitch
{
    /// <summary>Replaced as a whole, since every request reads it and almost none changes it.</summary>
    private volatile FrozenDictionary<KillKey, KillState> _states = FrozenDictionary<KillKey, KillState>.Empty;
    private readonly Channel<bool> _engagements = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _changing = new();

    public event Action? Engaged;

    /// <summary>One entry or more for everything that was engaged since it was last read.</summary>
    public ChannelReader<bool> Engagements => _engagements.Reader;

    /// <summary>Those who listen.</summary>
    public IEnumerable<Action> Listeners => Engaged?.GetInvocationList().Cast<Action>() ?? [];

    public void ThrowIfEngaged(string tenant)
    {
        if (Stopped(tenant) is { } problem) throw problem;
    }

    public void ThrowIfEngaged(string tenant, KillTarget target)
    {
        if (Stopped(tenant, target) is { } problem) throw problem;
    }

    public void ThrowIfEngaged(string tenant, GatedAction action)
    {
        // Almost always: nothing was ever stopped.
        if (_states.Count == 0) return;
        ThrowIfEngaged(tenant);
        if (action.Persona is { } persona) ThrowIfEngaged(tenant, new KillTarget(KillScope.Persona, persona));
        if (action.Capsule is { } capsule) ThrowIfEngaged(tenant, new KillTarget(KillScope.Capsule, capsule));
        if (action.Kind.StartsWith("tool.", StringComparison.Ordinal)) ThrowIfEngaged(tenant, new KillTarget(KillScope.Tool, action.Resource));
    }

    public Problem? Stopped(string tenant, KillTarget? target = null)
    {
        if (_states.Count == 0) return null;
        return Refusal(KillKey.Platform) ?? Refusal(KillKey.Of(tenant)) ?? (target is { } one ? Refusal(new KillKey(tenant, one.Scope, one.Id)) : null);
    }

    public KillState? Of(KillKey key) => _states.GetValueOrDefault(key);

    /// <summary>The engaged ones of a tenant's parts.</summary>
    public IEnumerable<KillState> PartsOf(string tenant) =>
        _states.Values.Where(state => state.Engaged && state.Key.Tenant == tenant && state.Key.Target.Length > 0).OrderBy(static state => state.Key.ToString(), StringComparer.Ordinal);

    /// <summary>Takes over a state unless a newer one is known, so that a slow read never undoes a commit.</summary>
    public void Learn(KillState state)
    {
        lock (_changing)
        {
            var known = Of(state.Key);
            if (known is not null && known.Version >= state.Version) return;
            _states = new Dictionary<KillKey, KillState>(_states) { [state.Key] = state }.ToFrozenDictionary();
            var before = known?.Engaged == true;
            if (before == state.Engaged) return;
            PolicyMetrics.KillSwitches(state.Engaged ? 1 : -1);
        }
        // Not told here: this may be a commit that others wait for.
        if (state.Engaged) _engagements.Writer.TryWrite(true);
    }

    private Problem? Refusal(KillKey key) => Of(key) is { Engaged: true } state ? PolicyProblems.KillSwitchEngaged.Because($"The {key} is stopped: {state.Reason}") : null;
}

/// <summary>Hears of changes that other replicas made, and tells what runs in this one to stop.</summary>
internal sealed partial class WatchKillSwitches(KillSwitchStore store, KillSwitch killSwitch, TimeProvider clock, ILogger<WatchKillSwitches> logger) : BackgroundService
{
    /// <summary>What runs elsewhere is to stop within a second, commit, this and the stop itself included.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(400);

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        foreach (var state in await store.AllAsync(cancellationToken)) killSwitch.Learn(state);
    }

    /// <summary>Tells those who run something what was engaged since; a test calls it, the server does so at once.</summary>
    public void Tell()
    {
        while (killSwitch.Engagements.TryRead(out _))
            foreach (var listener in killSwitch.Listeners)
                try
                {
                    listener();
                }
                catch (Exception exception)
                {
                    // One that fails must not keep the others running.
                    LogDeaf(logger, exception);
                }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(WatchAsync(stoppingToken), TellAsync(stoppingToken));

    private async Task TellAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await killSwitch.Engagements.WaitToReadAsync(stoppingToken)) Tell();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var failing = false;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await ReadAsync(stoppingToken);
                    failing = false;
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    if (!failing) LogFailure(logger, exception);
                    failing = true;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    [LoggerMessage(LogLevel.Error, "What runs could not be told to stop")]
    private static partial void LogDeaf(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "The kill switches cannot be read; the last known state counts")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
