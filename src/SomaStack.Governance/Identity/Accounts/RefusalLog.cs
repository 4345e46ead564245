using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Refused credentials, counted by kind and address and written to the journal as one line every ten seconds at most: an attacker gets a record, and
/// cannot make the journal grow. What a killed process had not written is lost.
/// </summary>
internal sealed partial class RefusalLog(Db db, Journal journal, TimeProvider clock, ILogger<RefusalLog> log) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Different pairs in one line; the rest are counted together.</summary>
    private const int PairsMax = 32;

    private readonly ConcurrentDictionary<(string Kind, string Address), long> _counts = new();
    private DateTimeOffset _since = clock.GetUtcNow();

    public void Note(string kind, string? address)
    {
        var key = (kind, address ?? "unknown");
        if (_counts.Count >= PairsMax && !_counts.ContainsKey(key)) key = (kind, "others");
        _counts.AddOrUpdate(key, 1, static (_, count) => count + 1);
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var taken = new List<CredentialRefusal>();
        foreach (var key in _counts.Keys)
            if (_counts.TryRemove(key, out var count)) taken.Add(new CredentialRefusal(key.Kind, key.Address, count));
        var since = _since;
        _since = now;
        if (taken.Count == 0) return;
        taken.Sort(static (one, other) => string.CompareOrdinal(one.Kind + one.Address, other.Kind + other.Address));
        var context = RequestContext.ForSystem(Db.AllTenants, DeploymentMode.DeveloperLight);
        await db.WriteAsync(Db.AllTenants, work => journal.AppendAsync(work, context, IdentityEvents.CredentialsRefused,
            new CredentialsRefused(since, now, taken), IdentityJson.Default.CredentialsRefused), cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await FlushAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                Failed(exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A summary of refused credentials could not be written to the journal.")]
    private partial void Failed(Exception exception);
}
