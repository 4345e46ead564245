using Temporalio.Api.Command.V1;
using Temporalio.Api.Common.V1;
using Temporalio.Api.History.V1;

namespace SomaStack.StoreTests.Workflows;

internal sealed class HostedExecution(string id, string queue)
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    public string Queue => queue;

    public string RunId { get; } = Guid.CreateVersion7().ToString();

    public WorkflowExecution Name => new() { WorkflowId = id, RunId = RunId };

    public Tests.Workflows.Temporal.HistoryWriter Writer { get; } = new(id) { Now = TimeProvider.System.GetUtcNow() };

    public List<Action<Tests.Workflows.Temporal.HistoryWriter>> Later { get; } = [];

    /// <summary>By the number of the event that scheduled them.</summary>
    public Dictionary<long, HostedActivity> Activities { get; } = [];

    public bool IsOffered { get; set; }

    public bool IsTaken { get; set; }

    /// <summary>Number of the event with which the workflow task under way began.</summary>
    public long Taken { get; set; }

    /// <summary>Number of the event with which the newest workflow task began that was answered: a worker replays up to there.</summary>
    public long Started { get; set; }

    public bool IsClosed => _closed.Task.IsCompleted;

    public Task Closed => _closed.Task;

    public IReadOnlyList<HistoryEvent> Events() => [.. Writer.History.Events];

    public void Close() => _closed.TrySetResult();
}

internal sealed class HostedActivity(HostedExecution execution, string id, ScheduleActivityTaskCommandAttributes asked)
{
    public HostedExecution Execution => execution;

    public string Id => id;

    public string Token => execution.RunId + "/" + id;

    public ScheduleActivityTaskCommandAttributes Asked => asked;

    public int Attempt { get; set; } = 1;

    public bool IsCancelled { get; set; }
}
