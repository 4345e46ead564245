using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Api.Namespace.V1;
using Temporalio.Api.WorkflowService.V1;

namespace SomaStack.StoreTests.Workflows;

/// <summary>
/// As much of Temporal's protocol as runs need, on a real socket: client and workers of the SDK, their polls, tries, heartbeats and replays are the real
/// ones. It is no server of Temporal: one process, nothing durable, no sticky queues, no time-outs. <c>SOMA_TEST_TEMPORAL</c> names a real one.
/// </summary>
internal sealed class TemporalProtocol : IAsyncDisposable
{
    private const string Service = "/temporal.api.workflowservice.v1.WorkflowService/";

    /// <summary>A poll that finds nothing is answered with nothing after this; workers poll again.</summary>
    private static readonly TimeSpan PollFor = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly WebApplication _app;
    private readonly Dictionary<string, HostedExecution> _newest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HostedExecution> _byRun = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Channel<HostedExecution>> _workflowTasks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Channel<HostedActivity>> _activityTasks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, HostedActivity> _activities = new(StringComparer.Ordinal);

    private TemporalProtocol(WebApplication app) => _app = app;

    public string Address { get; private set; } = "";

    /// <summary>Histories of all executions, the newest of each workflow last.</summary>
    public IReadOnlyList<IReadOnlyList<HistoryEvent>> Histories
    {
        get
        {
            lock (_gate) return [.. _byRun.Values.Select(static one => one.Events())];
        }
    }

    /// <summary>Every request, as it came.</summary>
    public ConcurrentQueue<byte[]> Received { get; } = new();

    public static async Task<TemporalProtocol> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        var protocol = new TemporalProtocol(builder.Build());
        protocol._app.MapPost(Service + "{method}", protocol.AnswerAsync);
        await protocol._app.StartAsync();
        protocol.Address = new Uri(protocol._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;
        return protocol;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string method)
    {
        context.Response.ContentType = "application/grpc";
        var status = 0;
        IMessage? answer = null;
        try
        {
            var request = await ReadAsync(context);
            Received.Enqueue(request);
            answer = await CallAsync(method, request, context.RequestAborted);
            if (answer is null) status = 12;
        }
        catch (RefusedException refused)
        {
            status = refused.Status;
            if (refused.Message.Length > 0) context.Response.AppendTrailer("grpc-message", refused.Message);
        }
        if (answer is not null)
        {
            var bytes = new byte[5 + answer.CalculateSize()];
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - 5);
            answer.WriteTo(bytes.AsSpan(5));
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
        context.Response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var bytes = body.ToArray();
        if (bytes[0] == 0) return bytes[5..];
        using var unpacked = new MemoryStream();
        await using (var gzip = new GZipStream(new MemoryStream(bytes[5..]), CompressionMode.Decompress)) await gzip.CopyToAsync(unpacked, context.RequestAborted);
        return unpacked.ToArray();
    }

    /// <returns>Null for what is not spoken here.</returns>
    private async Task<IMessage?> CallAsync(string method, byte[] request, CancellationToken cancellationToken) => method switch
    {
        "GetSystemInfo" => new GetSystemInfoResponse { ServerVersion = "0.0.0", Capabilities = new GetSystemInfoResponse.Types.Capabilities { ActivityFailureIncludeHeartbeat = true } },
        "DescribeNamespace" => new DescribeNamespaceResponse { NamespaceInfo = new NamespaceInfo { Name = DescribeNamespaceRequest.Parser.ParseFrom(request).Namespace, State = NamespaceState.Registered } },
        "StartWorkflowExecution" => Start(StartWorkflowExecutionRequest.Parser.ParseFrom(request)),
        "SignalWithStartWorkflowExecution" => Start(SignalWithStartWorkflowExecutionRequest.Parser.ParseFrom(request)),
        "PollWorkflowTaskQueue" => await PollAsync(PollWorkflowTaskQueueRequest.Parser.ParseFrom(request), cancellationToken),
        "PollActivityTaskQueue" => await PollAsync(PollActivityTaskQueueRequest.Parser.ParseFrom(request), cancellationToken),
        "RespondWorkflowTaskCompleted" => Complete(RespondWorkflowTaskCompletedRequest.Parser.ParseFrom(request)),
        "RespondWorkflowTaskFailed" => Fail(RespondWorkflowTaskFailedRequest.Parser.ParseFrom(request)),
        "RespondActivityTaskCompleted" => Complete(RespondActivityTaskCompletedRequest.Parser.ParseFrom(request)),
        "RespondActivityTaskFailed" => await FailAsync(RespondActivityTaskFailedRequest.Parser.ParseFrom(request), cancellationToken),
        "RespondActivityTaskCanceled" => new RespondActivityTaskCanceledResponse(),
        "RecordActivityTaskHeartbeat" => Beat(RecordActivityTaskHeartbeatRequest.Parser.ParseFrom(request)),
        "GetWorkflowExecutionHistory" => await HistoryAsync(GetWorkflowExecutionHistoryRequest.Parser.ParseFrom(request), cancellationToken),
        "ShutdownWorker" => new ShutdownWorkerResponse(),
        _ => null,
    };

    private StartWorkflowExecutionResponse Start(StartWorkflowExecutionRequest request)
    {
        lock (_gate) return new StartWorkflowExecutionResponse { RunId = Open(request.WorkflowId, request.TaskQueue.Name, request.Input.Payloads_.Single()).RunId, Started = true };
    }

    private SignalWithStartWorkflowExecutionResponse Start(SignalWithStartWorkflowExecutionRequest request)
    {
        lock (_gate)
        {
            var execution = Open(request.WorkflowId, request.TaskQueue.Name, request.Input.Payloads_.Single());
            Happen(execution, writer => writer.Signal(request.SignalName));
            return new SignalWithStartWorkflowExecutionResponse { RunId = execution.RunId, Started = true };
        }
    }

    private HostedExecution Open(string id, string queue, Payload input)
    {
        if (_newest.TryGetValue(id, out var there) && !there.IsClosed) return there;
        var execution = _newest[id] = new HostedExecution(id, queue);
        _byRun[execution.RunId] = execution;
        execution.Writer.Start(input);
        Offer(execution);
        return execution;
    }

    private void Offer(HostedExecution execution)
    {
        if (execution.IsClosed || execution.IsOffered || execution.IsTaken) return;
        execution.IsOffered = true;
        Of(_workflowTasks, execution.Queue).Writer.TryWrite(execution);
    }

    /// <summary>While a workflow task is under way, what happens waits until it is answered.</summary>
    private void Happen(HostedExecution execution, Action<Tests.Workflows.Temporal.HistoryWriter> write)
    {
        if (execution.IsClosed) return;
        if (execution.IsTaken)
        {
            execution.Later.Add(write);
            return;
        }
        execution.Writer.Now = TimeProvider.System.GetUtcNow();
        write(execution.Writer);
        Offer(execution);
    }

    private async Task<PollWorkflowTaskQueueResponse> PollAsync(PollWorkflowTaskQueueRequest request, CancellationToken cancellationToken)
    {
        if (await NextAsync(Of(_workflowTasks, request.TaskQueue.Name), cancellationToken) is not { } execution) return new PollWorkflowTaskQueueResponse();
        lock (_gate)
        {
            (execution.IsOffered, execution.IsTaken) = (false, true);
            execution.Writer.Now = TimeProvider.System.GetUtcNow();
            execution.Writer.BeginTask();
            var answer = new PollWorkflowTaskQueueResponse
            {
                TaskToken = ByteString.CopyFromUtf8(execution.RunId), WorkflowExecution = execution.Name, WorkflowType = new WorkflowType { Name = "soma-run" }, PreviousStartedEventId = execution.Started,
                StartedEventId = execution.Events().Count, Attempt = 1, History = new History(), WorkflowExecutionTaskQueue = new Temporalio.Api.TaskQueue.V1.TaskQueue { Name = execution.Queue },
            };
            answer.History.Events.AddRange(execution.Events());
            execution.Taken = answer.StartedEventId;
            return answer;
        }
    }

    private RespondWorkflowTaskCompletedResponse Complete(RespondWorkflowTaskCompletedRequest request)
    {
        lock (_gate)
        {
            var execution = _byRun[request.TaskToken.ToStringUtf8()];
            execution.IsTaken = false;
            if (execution.Later.Count > 0 && request.Commands.Any(static one => one.CommandType is CommandType.CompleteWorkflowExecution or CommandType.ContinueAsNewWorkflowExecution))
            {
                // Something came that the workflow has not seen: it must not end without it.
                execution.Writer.FailTask(WorkflowTaskFailedCause.UnhandledCommand);
                Flush(execution);
                throw new RefusedException(3, "UnhandledCommand");
            }
            execution.Writer.CompleteTask(request.SdkMetadata);
            execution.Started = execution.Taken;
            foreach (var command in request.Commands) Obey(execution, command);
            Flush(execution);
            return new RespondWorkflowTaskCompletedResponse();
        }
    }

    private RespondWorkflowTaskFailedResponse Fail(RespondWorkflowTaskFailedRequest request)
    {
        lock (_gate)
        {
            var execution = _byRun[request.TaskToken.ToStringUtf8()];
            execution.IsTaken = false;
            Failed.Enqueue(request.Failure.ToString());
            execution.Writer.FailTask(request.Cause);
            Flush(execution);
            return new RespondWorkflowTaskFailedResponse();
        }
    }

    /// <summary>Workflow tasks that workers could not do: a test that sees one has found a fault.</summary>
    public ConcurrentQueue<string> Failed { get; } = new();

    private void Flush(HostedExecution execution)
    {
        var later = execution.Later.ToList();
        execution.Later.Clear();
        foreach (var write in later) Happen(execution, write);
        if (later.Count == 0 && execution.Writer.EndsFailed) Offer(execution);
    }

    private void Obey(HostedExecution execution, Temporalio.Api.Command.V1.Command command)
    {
        switch (command.CommandType)
        {
            case CommandType.ScheduleActivityTask:
                var asked = command.ScheduleActivityTaskCommandAttributes;
                var activity = new HostedActivity(execution, execution.Writer.Schedule(asked.ActivityType.Name, asked.Input.Payloads_.Single(), asked.TaskQueue.Name), asked);
                execution.Activities[execution.Writer.Scheduled(activity.Id)] = activity;
                _activities[activity.Token] = activity;
                Of(_activityTasks, asked.TaskQueue.Name).Writer.TryWrite(activity);
                break;
            case CommandType.RequestCancelActivityTask:
                var cancelled = execution.Activities[command.RequestCancelActivityTaskCommandAttributes.ScheduledEventId];
                cancelled.IsCancelled = true;
                execution.Writer.RequestCancel(cancelled.Id);
                break;
            case CommandType.StartTimer:
                // The clock of runs is the test's; timers of the contract are not for here.
                execution.Writer.StartTimer(command.StartTimerCommandAttributes.StartToFireTimeout.ToTimeSpan());
                break;
            case CommandType.CancelTimer:
                execution.Writer.CancelTimer(command.CancelTimerCommandAttributes.TimerId);
                break;
            case CommandType.CompleteWorkflowExecution:
                execution.Writer.End(command.CompleteWorkflowExecutionCommandAttributes.Result.Payloads_.Single());
                execution.Close();
                break;
            case CommandType.ContinueAsNewWorkflowExecution:
                var input = command.ContinueAsNewWorkflowExecutionCommandAttributes.Input.Payloads_.Single();
                execution.Writer.ContinueAsNew(input);
                execution.Close();
                Open(execution.Id, execution.Queue, input);
                break;
            default:
                Failed.Enqueue(command.ToString());
                break;
        }
    }

    private async Task<PollActivityTaskQueueResponse> PollAsync(PollActivityTaskQueueRequest request, CancellationToken cancellationToken)
    {
        if (await NextAsync(Of(_activityTasks, request.TaskQueue.Name), cancellationToken) is not { } activity) return new PollActivityTaskQueueResponse();
        var now = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        return new PollActivityTaskQueueResponse
        {
            TaskToken = ByteString.CopyFromUtf8(activity.Token), WorkflowNamespace = "default", WorkflowType = new WorkflowType { Name = "soma-run" }, WorkflowExecution = activity.Execution.Name,
            ActivityType = activity.Asked.ActivityType, ActivityId = activity.Id, Input = activity.Asked.Input, ScheduledTime = now, CurrentAttemptScheduledTime = now, StartedTime = now,
            Attempt = activity.Attempt,
            StartToCloseTimeout = activity.Asked.StartToCloseTimeout, HeartbeatTimeout = activity.Asked.HeartbeatTimeout, RetryPolicy = activity.Asked.RetryPolicy,
        };
    }

    private RespondActivityTaskCompletedResponse Complete(RespondActivityTaskCompletedRequest request)
    {
        var activity = Of(request.TaskToken);
        _activities.TryRemove(activity.Token, out _);
        lock (_gate)
            if (!activity.IsCancelled) Happen(activity.Execution, writer => writer.Complete(activity.Id, request.Result.Payloads_.Single()));
        return new RespondActivityTaskCompletedResponse();
    }

    private async Task<RespondActivityTaskFailedResponse> FailAsync(RespondActivityTaskFailedRequest request, CancellationToken cancellationToken)
    {
        var activity = Of(request.TaskToken);
        if (request.Failure.ApplicationFailureInfo is { NonRetryable: true })
        {
            lock (_gate) Happen(activity.Execution, writer => writer.Fail(activity.Id, request.Failure));
            return new RespondActivityTaskFailedResponse();
        }
        activity.Attempt++;
        await Task.Delay(activity.Asked.RetryPolicy.InitialInterval.ToTimeSpan() / 4, cancellationToken);
        Of(_activityTasks, activity.Asked.TaskQueue.Name).Writer.TryWrite(activity);
        return new RespondActivityTaskFailedResponse();
    }

    private RecordActivityTaskHeartbeatResponse Beat(RecordActivityTaskHeartbeatRequest request)
    {
        var activity = Of(request.TaskToken);
        lock (_gate) return new RecordActivityTaskHeartbeatResponse { CancelRequested = activity.IsCancelled || activity.Execution.IsClosed };
    }

    private HostedActivity Of(ByteString token) => _activities.TryGetValue(token.ToStringUtf8(), out var activity) ? activity : throw new RefusedException(5);

    private async Task<GetWorkflowExecutionHistoryResponse> HistoryAsync(GetWorkflowExecutionHistoryRequest request, CancellationToken cancellationToken)
    {
        HostedExecution? execution;
        lock (_gate)
            if (!_byRun.TryGetValue(request.Execution.RunId, out execution) && !_newest.TryGetValue(request.Execution.WorkflowId, out execution)) throw new RefusedException(5);
        if (request.WaitNewEvent) await execution.Closed.WaitAsync(cancellationToken);
        var answer = new GetWorkflowExecutionHistoryResponse { History = new History() };
        lock (_gate) answer.History.Events.AddRange(request.HistoryEventFilterType == HistoryEventFilterType.CloseEvent ? execution.Events().TakeLast(1) : execution.Events());
        return answer;
    }

    private static Channel<T> Of<T>(ConcurrentDictionary<string, Channel<T>> channels, string queue) => channels.GetOrAdd(queue, static _ => Channel.CreateUnbounded<T>());

    private static async Task<T?> NextAsync<T>(Channel<T> channel, CancellationToken cancellationToken) where T : class
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(PollFor);
        try
        {
            return await channel.Reader.ReadAsync(source.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <param name="status">Of gRPC.</param>
    private sealed class RefusedException(int status, string message = "") : Exception(message)
    {
        public int Status => status;
    }
}
