using SomaStack.Agents.Workflows;
using SomaStack.Platform;
using SomaStack.Tests.Workflows.Temporal;
using Temporalio.Api.Common.V1;
using Temporalio.Common;
using Temporalio.Converters;
using Temporalio.Exceptions;
using Temporalio.Testing;
using Temporalio.Worker;
using Temporalio.Worker.Interceptors;
using Temporalio.Workflows;

namespace SomaStack.StoreTests.Workflows;

/// <summary>
/// A run's workflow and activities together where no server is: Temporal's replayer runs the workflow over the history so far, what it asks for beyond
/// that is carried out by the room's own activities on the database, and the history grows by their answers. It replays from the beginning every time, so
/// each step is a test of determinism too. What a server does beside (tries, heartbeats, queues) is not here.
/// </summary>
internal sealed class GrowingHistory(RunHouse house, string run)
{
    private readonly HistoryWriter _writer = new(TemporalRunHost.IdOf("demo", run)) { Now = house.Clock.GetUtcNow() };
    private readonly DataConverter _converter = TemporalLink.ConverterOf(house.Get<ClaimStore>());
    private readonly Queue<(string Id, ScheduleActivityInput Asked)> _waiting = new();
    private readonly Dictionary<int, string> _ids = [];
    private readonly HashSet<string> _cancelled = [];
    private (string Id, DateTimeOffset At)? _timer;
    private int _known;

    public WorkflowHistory History => _writer.History;

    /// <summary>Status of the run when the workflow ended; null when it continued as new.</summary>
    public string? Status { get; private set; }

    /// <param name="idle">What comes from outside, one after the other, whenever nothing is under way.</param>
    public async Task RunAsync(CancellationToken cancellationToken, params Func<Task>[] idle)
    {
        var outside = new Queue<Func<Task>>(idle);
        _writer.Start(await OfAsync(new RunReference("demo", run)));
        while (true)
        {
            _writer.Now = house.Clock.GetUtcNow();
            _writer.BeginTask();
            var asked = new Commands();
            var options = new WorkflowReplayerOptions { DataConverter = _converter, Interceptors = [asked], TaskQueue = "soma-runs" }.AddWorkflow<RunWorkflow>();
            await new WorkflowReplayer(options).ReplayWorkflowAsync(_writer.History, true, cancellationToken);
            _writer.CompleteTask();
            if (await ApplyAsync(asked.All)) return;
            if (_waiting.TryDequeue(out var next)) await ServeAsync(next.Id, next.Asked);
            else if (outside.TryDequeue(out var act))
            {
                await act();
                _writer.Signal(RunWorkflow.Told);
            }
            else if (_timer is { } timer)
            {
                _timer = null;
                if (timer.At > house.Clock.GetUtcNow()) house.Clock.SetUtcNow(timer.At);
                _writer.Now = house.Clock.GetUtcNow();
                _writer.FireTimer(timer.Id);
            }
            else throw new InvalidOperationException("The workflow waits and nothing will come.");
        }
    }

    /// <returns>True when the execution has ended.</returns>
    private async Task<bool> ApplyAsync(List<object> commands)
    {
        for (; _known < commands.Count; _known++)
            switch (commands[_known])
            {
                case ScheduleActivityInput activity:
                    var id = _writer.Schedule(activity.Activity, await OfAsync(activity.Args.Single()), activity.Options.TaskQueue ?? "soma-runs");
                    _ids[_known] = id;
                    _waiting.Enqueue((id, activity));
                    break;
                case TimeSpan delay:
                    var timer = _writer.StartTimer(delay);
                    _ids[_known] = timer;
                    _timer = (timer, house.Clock.GetUtcNow() + delay);
                    break;
                case Cancelled { OfTimer: true } cancelled:
                    _writer.CancelTimer(_ids[cancelled.Of]);
                    if (_timer?.Id == _ids[cancelled.Of]) _timer = null;
                    break;
                case Cancelled cancelled:
                    _writer.RequestCancel(_ids[cancelled.Of]);
                    _cancelled.Add(_ids[cancelled.Of]);
                    break;
                case RunClosed closed:
                    Status = closed.Status;
                    _writer.End(await OfAsync(closed));
                    return true;
                case ContinueAsNewException:
                    _writer.ContinueAsNew(await OfAsync(new RunReference("demo", run)));
                    return true;
            }
        return false;
    }

    private async Task ServeAsync(string id, ScheduleActivityInput asked)
    {
        if (_cancelled.Contains(id)) return;
        var activities = house.Get<RunActivities>();
        // Through the converter and back, as a worker gets it.
        var payload = await OfAsync(asked.Args.Single());
        object? result = asked.Activity switch
        {
            "open" => await RunAsync(async () => await activities.OpenAsync(await ToAsync<RunReference>(payload))),
            "take" => await RunAsync(async () => await activities.TakeAsync(await ToAsync<InputsWanted>(payload))),
            "record" => await RunAsync(async () => await activities.RecordAsync(await ToAsync<RunDecided>(payload))),
            "carry" => await RunAsync(async () => await activities.CarryAsync(await ToAsync<EffectWanted>(payload))),
            _ => throw new InvalidOperationException(asked.Activity),
        };
        _writer.Complete(id, await OfAsync(result));
    }

    private DataConverter InRun => _converter.WithSerializationContext(new ISerializationContext.Workflow("default", TemporalRunHost.IdOf("demo", run)));

    private async Task<Payload> OfAsync(object? value) => await InRun.ToPayloadAsync(value);

    private async Task<T> ToAsync<T>(Payload payload) => (await InRun.ToValueAsync<T>(payload))!;

    private static Task<T> RunAsync<T>(Func<Task<T>> activity) => new ActivityEnvironment().RunAsync(activity);

    /// <param name="Of">Place of the command that is taken back.</param>
    private sealed record Cancelled(int Of, bool OfTimer);

    /// <summary>What the workflow asks of the server, in its order.</summary>
    private sealed class Commands : IWorkerInterceptor
    {
        public List<object> All { get; } = [];

        public WorkflowInboundInterceptor InterceptWorkflow(WorkflowInboundInterceptor nextInterceptor) => new Inbound(this, nextInterceptor);

        private sealed class Inbound(Commands commands, WorkflowInboundInterceptor next) : WorkflowInboundInterceptor(next)
        {
            public override void Init(WorkflowOutboundInterceptor outbound) => base.Init(new Outbound(commands, outbound));

            public override async Task<object?> ExecuteWorkflowAsync(ExecuteWorkflowInput input)
            {
                try
                {
                    var result = await base.ExecuteWorkflowAsync(input);
                    commands.All.Add(result!);
                    return result;
                }
                catch (ContinueAsNewException next)
                {
                    commands.All.Add(next);
                    throw;
                }
            }
        }

        private sealed class Outbound(Commands commands, WorkflowOutboundInterceptor next) : WorkflowOutboundInterceptor(next)
        {
            public override Task<TResult> ScheduleActivityAsync<TResult>(ScheduleActivityInput input)
            {
                Add(input, input.Options.CancellationToken, ofTimer: false);
                return base.ScheduleActivityAsync<TResult>(input);
            }

            public override Task DelayAsync(DelayAsyncInput input)
            {
                Add(input.Delay, input.CancellationToken, ofTimer: true);
                return base.DelayAsync(input);
            }

            private void Add(object command, CancellationToken? token, bool ofTimer)
            {
                var place = commands.All.Count;
                commands.All.Add(command);
                token?.Register(() => commands.All.Add(new Cancelled(place, ofTimer)));
            }
        }
    }
}
