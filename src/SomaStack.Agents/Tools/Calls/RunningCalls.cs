using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>What this process carries out: bounded for each tenant, and stopped by a kill switch or the end of the server.</summary>
internal sealed class RunningCalls(IKillSwitch killSwitch) : IHostedService, IDisposable
{
    public const int TenantMax = 32;

    private readonly ConcurrentDictionary<Running, byte> _running = new();
    private readonly ConcurrentDictionary<string, int> _tenants = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _left = new(0);

    /// <summary>This process as an owner of calls.</summary>
    public string Owner { get; } = Ids.New();

    /// <summary>Ends when the server does. A client that goes away ends nothing.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <exception cref="Problem">429 <c>tool_calls_too_many</c>.</exception>
    public Running Enter(string tenant, string adapter, string action)
    {
        if (_tenants.AddOrUpdate(tenant, 1, static (_, count) => count + 1) > TenantMax)
        {
            Leave(tenant);
            throw new Problem(ToolProblems.TooMany, $"This server carries out {TenantMax} calls of a tenant at a time.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }
        var running = new Running(this, tenant, adapter, action, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token));
        _running[running] = 0;
        ToolMetrics.Running.Add(1);
        return running;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged += StopEngaged;
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged -= StopEngaged;
        await _stopping.CancelAsync();
        // What each of them did is still to be written down.
        while (!_running.IsEmpty) await _left.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _left.Dispose();
    }

    internal void StopEngaged()
    {
        foreach (var running in _running.Keys)
            if (running.Stopped(killSwitch)) running.Cancel();
    }

    private void Leave(string tenant)
    {
        while (_tenants.TryGetValue(tenant, out var count))
        {
            if (count == 1 ? _tenants.TryRemove(new KeyValuePair<string, int>(tenant, 1)) : _tenants.TryUpdate(tenant, count - 1, count)) return;
        }
    }

    internal sealed class Running(RunningCalls owner, string tenant, string adapter, string action, CancellationTokenSource source) : IDisposable
    {
        private readonly Lock _lock = new();
        private bool _disposed;

        public CancellationToken Token { get; } = source.Token;

        public bool Stopped(IKillSwitch killSwitch) =>
            killSwitch.Stopped(tenant, new KillTarget(KillScope.Tool, adapter)) is not null || killSwitch.Stopped(tenant, new KillTarget(KillScope.Tool, $"{adapter}.{action}")) is not null;

        public void Cancel()
        {
            lock (_lock)
            {
                if (!_disposed) source.Cancel();
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                if (_disposed) return;
                _disposed = true;
                source.Dispose();
            }
            owner._running.TryRemove(this, out _);
            owner.Leave(tenant);
            if (owner._stopping.IsCancellationRequested) owner._left.Release();
            ToolMetrics.Running.Add(-1);
        }
    }
}
