using Microsoft.Extensions.Hosting;
using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>Ends the model calls of this process that a kill switch stops: each ends with the switch's problem, in its stream, and is settled.</summary>
internal sealed class StopCalls(ModelCalls calls, IKillSwitch killSwitch) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged += Stop;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged -= Stop;
        return Task.CompletedTask;
    }

    internal void Stop()
    {
        foreach (var call in calls.UnderWay)
            if (killSwitch.Stopped(call.Context.Tenant) is { } problem) call.Deadline?.Stop(problem);
    }
}
