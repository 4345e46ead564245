using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>
/// Approvals that come back unused. Every replica writes down those that its claims found void; a worker marks those whose time is over. Both
/// only record: a claim looks at the clock, the action and the rights itself and never relies on this.
/// </summary>
internal sealed partial class ReturnApprovals(ApprovalStore store, Db db, Journal journal, SomaOptions options, TimeProvider clock, ILogger<ReturnApprovals> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private const int Batch = 100;

    /// <summary>More than this at once is an attack; what does not fit is refused at its next claim all the same.</summary>
    private const int WaitingMax = 1024;

    private readonly Channel<(string Tenant, string Id, string Code)> _void = Channel.CreateBounded<(string, string, string)>(new BoundedChannelOptions(WaitingMax) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Soon, in a transaction of its own.</summary>
    public void Void(ApprovalRow row, string code) => _void.Writer.TryWrite((row.Tenant, row.Id, code));

    /// <returns>Null when it was returned, else why not.</returns>
    public async Task<ApprovalRefusal?> ReturnAsync(DbWork work, RequestContext context, ApprovalRow row, ApprovalCommand command)
    {
        var (happened, refusal) = ApprovalDecider.Decide(row.Facts, command);
        if (refusal is not null) return refusal;
        var returned = (ApprovalReturned)happened!;
        var next = ApprovalDecider.Apply(row.Facts, returned);
        if (!await ApprovalStore.ReturnAsync(work, row, next, clock.NowMicros())) return ApprovalRefusal.Decided;
        await journal.AppendAsync(work, context, Approvals.Subject(row.Id), next.Version, ApprovalEvents.Returned, returned, ApprovalsJson.Default.ApprovalReturned);
        work.OnCommit(() => ApprovalMetrics.Returns.Count("code", returned.Code));
        return null;
    }

    /// <summary>Writes down what claims found void.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (_void.Reader.TryRead(out var found))
            await ReturnAsync(found.Tenant, found.Id, new VoidCommand(found.Id, found.Code), cancellationToken);
    }

    /// <returns>How many were over.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        List<(string Tenant, string Id)> due;
        do
        {
            due = await store.DueAsync(clock.NowMicros(), Batch, cancellationToken);
            foreach (var (tenant, id) in due)
                if (await ReturnAsync(tenant, id, new ExpireCommand(id, clock.GetUtcNow()), cancellationToken)) swept++;
        }
        while (due.Count == Batch);
        return swept;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var sweeps = options.HasRole("worker");
        try
        {
            do
            {
                try
                {
                    await DrainAsync(stoppingToken);
                    if (sweeps) await SweepAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogFailure(exception);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private Task<bool> ReturnAsync(string tenant, string id, ApprovalCommand command, CancellationToken cancellationToken) => db.WriteAsync(
        tenant,
        async work =>
        {
            var row = await ApprovalStore.FindAsync(work, tenant, id);
            return row is not null && await ReturnAsync(work, RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight), row, command) is null;
        },
        cancellationToken);

    [LoggerMessage(Level = LogLevel.Error, Message = "Approvals could not be returned; it is tried again.")]
    private partial void LogFailure(Exception exception);
}
