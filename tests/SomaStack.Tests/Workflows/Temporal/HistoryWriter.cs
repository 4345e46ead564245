using Google.Protobuf.WellKnownTypes;
using SomaStack.Agents.Workflows;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.Failure.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Sdk.V1;
using Temporalio.Api.TaskQueue.V1;
using Temporalio.Common;

namespace SomaStack.Tests.Workflows.Temporal;

/// <summary>
/// Writes what a server of Temporal would hold of a workflow: the commands that a worker gave it, in their order, and what came to it. It knows the
/// protocol and nothing of runs. Ids are those that the SDK counts out: activities and timers each from 1.
/// </summary>
internal sealed class HistoryWriter(string workflow)
{
    private readonly List<HistoryEvent> _events = [];
    private readonly Dictionary<string, long> _scheduled = [];
    private readonly Dictionary<string, long> _timers = [];
    private long _workflowTask;
    private long _workflowTaskStarted;
    private int _activities;
    private int _timerCount;

    public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddSeconds(1_800_000_000);

    public WorkflowHistory History => new(workflow, _events);

    public void Start(Payload input)
    {
        var attributes = new WorkflowExecutionStartedEventAttributes
        {
            WorkflowType = new WorkflowType { Name = RunWorkflow.Name }, TaskQueue = new TaskQueue { Name = "soma-runs" },
            Input = Of(input), WorkflowId = workflow, OriginalExecutionRunId = "e1", FirstExecutionRunId = "e1",
            Attempt = 1, WorkflowTaskTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)), WorkflowExecutionTimeout = new Duration(), WorkflowRunTimeout = new Duration(), FirstWorkflowTaskBackoff = new Duration(),
        };
        Add(EventType.WorkflowExecutionStarted, one => one.WorkflowExecutionStartedEventAttributes = attributes);
    }

    /// <summary>A worker takes a workflow task and answers; the commands that follow are its answer.</summary>
    public void WorkflowTask(bool suggestContinueAsNew = false)
    {
        BeginTask(suggestContinueAsNew);
        CompleteTask();
    }

    public void BeginTask(bool suggestContinueAsNew = false)
    {
        var scheduled = Add(EventType.WorkflowTaskScheduled, static one => one.WorkflowTaskScheduledEventAttributes = new WorkflowTaskScheduledEventAttributes
        {
            TaskQueue = new TaskQueue { Name = "soma-runs" }, StartToCloseTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)), Attempt = 1,
        });
        _workflowTaskStarted = Add(EventType.WorkflowTaskStarted, one => one.WorkflowTaskStartedEventAttributes = new WorkflowTaskStartedEventAttributes
        {
            ScheduledEventId = scheduled, Identity = "worker", RequestId = "r" + scheduled, SuggestContinueAsNew = suggestContinueAsNew,
        });
    }

    /// <param name="metadata">What the worker said of itself; null for what today's SDK says.</param>
    public void CompleteTask(WorkflowTaskCompletedMetadata? metadata = null)
    {
        var completed = new WorkflowTaskCompletedEventAttributes { ScheduledEventId = _workflowTaskStarted - 1, StartedEventId = _workflowTaskStarted, Identity = "worker" };
        // As today's SDK writes it: the event loop of now, and ids and types are compared in replays.
        if (metadata is not null) completed.SdkMetadata = metadata;
        else if (_workflowTask == 0) completed.SdkMetadata = new WorkflowTaskCompletedMetadata
        {
            CoreUsedFlags = { 1, 2, 3 }, LangUsedFlags = { 2 }, SdkName = "temporal-dotnet", SdkVersion = "1.21.1",
        };
        _workflowTask = Add(EventType.WorkflowTaskCompleted, one => one.WorkflowTaskCompletedEventAttributes = completed);
    }

    public bool EndsFailed => _events[^1].EventType == EventType.WorkflowTaskFailed;

    public void FailTask(WorkflowTaskFailedCause cause) => Add(EventType.WorkflowTaskFailed, one => one.WorkflowTaskFailedEventAttributes = new WorkflowTaskFailedEventAttributes
    {
        ScheduledEventId = _workflowTaskStarted - 1, StartedEventId = _workflowTaskStarted, Identity = "worker", Cause = cause,
    });

    /// <summary>Number of the event that scheduled the activity.</summary>
    public long Scheduled(string id) => _scheduled[id];

    /// <returns>The activity's id.</returns>
    public string Schedule(string activity, Payload input, string queue = "soma-runs")
    {
        var id = (++_activities).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _scheduled[id] = Add(EventType.ActivityTaskScheduled, one => one.ActivityTaskScheduledEventAttributes = new ActivityTaskScheduledEventAttributes
        {
            ActivityId = id, ActivityType = new ActivityType { Name = activity }, TaskQueue = new TaskQueue { Name = queue }, Input = Of(input), WorkflowTaskCompletedEventId = _workflowTask,
            StartToCloseTimeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(5)),
        });
        return id;
    }

    public void Complete(string id, Payload result)
    {
        var started = Add(EventType.ActivityTaskStarted, one => one.ActivityTaskStartedEventAttributes = new ActivityTaskStartedEventAttributes
        {
            ScheduledEventId = _scheduled[id], Identity = "worker", RequestId = "a" + id, Attempt = 1,
        });
        Add(EventType.ActivityTaskCompleted, one => one.ActivityTaskCompletedEventAttributes = new ActivityTaskCompletedEventAttributes
        {
            ScheduledEventId = _scheduled[id], StartedEventId = started, Identity = "worker", Result = Of(result),
        });
    }

    public void Fail(string id, Failure failure)
    {
        var started = Add(EventType.ActivityTaskStarted, one => one.ActivityTaskStartedEventAttributes = new ActivityTaskStartedEventAttributes
        {
            ScheduledEventId = _scheduled[id], Identity = "worker", RequestId = "a" + id, Attempt = 1,
        });
        Add(EventType.ActivityTaskFailed, one => one.ActivityTaskFailedEventAttributes = new ActivityTaskFailedEventAttributes
        {
            ScheduledEventId = _scheduled[id], StartedEventId = started, Identity = "worker", Failure = failure, RetryState = RetryState.NonRetryableFailure,
        });
    }

    public void RequestCancel(string id) => Add(EventType.ActivityTaskCancelRequested, one => one.ActivityTaskCancelRequestedEventAttributes = new ActivityTaskCancelRequestedEventAttributes
    {
        ScheduledEventId = _scheduled[id], WorkflowTaskCompletedEventId = _workflowTask,
    });

    /// <returns>The timer's id.</returns>
    public string StartTimer(TimeSpan length)
    {
        var id = (++_timerCount).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _timers[id] = Add(EventType.TimerStarted, one => one.TimerStartedEventAttributes = new TimerStartedEventAttributes
        {
            TimerId = id, StartToFireTimeout = Duration.FromTimeSpan(length), WorkflowTaskCompletedEventId = _workflowTask,
        });
        return id;
    }

    public void FireTimer(string id) => Add(EventType.TimerFired, one => one.TimerFiredEventAttributes = new TimerFiredEventAttributes
    {
        TimerId = id, StartedEventId = _timers[id],
    });

    public void CancelTimer(string id) => Add(EventType.TimerCanceled, one => one.TimerCanceledEventAttributes = new TimerCanceledEventAttributes
    {
        TimerId = id, StartedEventId = _timers[id], WorkflowTaskCompletedEventId = _workflowTask, Identity = "worker",
    });

    public void Signal(string name) => Add(EventType.WorkflowExecutionSignaled, one => one.WorkflowExecutionSignaledEventAttributes = new WorkflowExecutionSignaledEventAttributes
    {
        SignalName = name, Identity = "soma", Input = new Payloads(),
    });

    public void RequestCancelOfWorkflow() => Add(EventType.WorkflowExecutionCancelRequested, static one => one.WorkflowExecutionCancelRequestedEventAttributes = new WorkflowExecutionCancelRequestedEventAttributes
    {
        Identity = "operator",
    });

    public void End(Payload result) => Add(EventType.WorkflowExecutionCompleted, one => one.WorkflowExecutionCompletedEventAttributes = new WorkflowExecutionCompletedEventAttributes
    {
        WorkflowTaskCompletedEventId = _workflowTask, Result = Of(result),
    });

    public void ContinueAsNew(Payload input) => Add(EventType.WorkflowExecutionContinuedAsNew, one => one.WorkflowExecutionContinuedAsNewEventAttributes = new WorkflowExecutionContinuedAsNewEventAttributes
    {
        NewExecutionRunId = "e2", WorkflowType = new WorkflowType { Name = RunWorkflow.Name }, TaskQueue = new TaskQueue { Name = "soma-runs" }, Input = Of(input), WorkflowTaskCompletedEventId = _workflowTask,
        WorkflowTaskTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)), WorkflowRunTimeout = new Duration(),
    });

    private static Payloads Of(Payload payload)
    {
        var payloads = new Payloads();
        payloads.Payloads_.Add(payload);
        return payloads;
    }

    private long Add(EventType type, Action<HistoryEvent> fill)
    {
        var happened = new HistoryEvent { EventId = _events.Count + 1, EventTime = Timestamp.FromDateTimeOffset(Now), EventType = type };
        fill(happened);
        _events.Add(happened);
        return happened.EventId;
    }
}
