using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Runs as workflows of Temporal. Row, history, inputs and journal are in this room's tables as under the other host; Temporal keeps what is under
/// way, timers and tries. What its server did not hear is told again by <see cref="TellTemporal"/>, so a commit here is all that anybody waits for.
/// </summary>
internal sealed class TemporalRunHost(Db db, RunStore store, RunWriter writer, RunProgress progress, RunInputStore inputs, TellTemporal tell, TimeProvider clock) : IRunHost
{
    public const string HostName = "temporal";

    public string Name => HostName;

    public static string IdOf(string tenant, string run) => $"soma/{tenant}/{run}";

    /// <returns>Null when it is no id of a run.</returns>
    public static (string Tenant, string Run)? ParseId(string id) => id.Split('/', 3) is ["soma", { Length: > 0 } tenant, { Length: > 0 } run] ? (tenant, run) : null;

    /// <summary>The row of a run of Temporal: no replica takes it, whatever becomes of it.</summary>
    public static RunRow Owned(RunRow row) => row with { Owner = HostName, WakeAt = null };

    public async Task StartAsync(RunBeginning beginning, CancellationToken cancellationToken)
    {
        var step = progress.Begin(beginning, HostName);
        var write = step.Write with { After = Owned(step.Write.After) with { Epoch = 0 } };
        try
        {
            await writer.WriteAsync(write);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            // The same id again changes nothing.
            if (await store.FindAsync(write.Tenant, write.After.Id, cancellationToken) is null) throw;
        }
        Hear(write.Tenant, write.After.Id);
        if (write.Report is { } report) Hear(write.Tenant, report.Run);
    }

    public async Task TellAsync(RequestContext context, string run, RunInput input, CancellationToken cancellationToken)
    {
        await inputs.KeepAsync(context.Tenant, run, input, clock.NowMicros(), cancellationToken);
        Hear(context.Tenant, run);
    }

    public void Hear(string tenant, string run) => tell.Hear(tenant, run);
}
