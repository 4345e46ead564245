using System.Text.Json;
using Google.Protobuf;
using SomaStack.Agents.Workflows;
using Temporalio.Api.Common.V1;
using Temporalio.Api.Enums.V1;
using Temporalio.Api.History.V1;
using Temporalio.Common;
using Temporalio.Converters;
using Temporalio.Exceptions;
using Temporalio.Worker;
using Temporalio.Worker.Interceptors;

namespace SomaStack.Tests.Workflows.Temporal;

/// <summary>
/// Histories as a server of Temporal holds them for runs of released programs. The workflow of every later program must ask for the same in the same
/// order, and record the same decisions. When one breaks, do not write it anew: put the change behind <c>Workflow.Patched</c> and add histories beside
/// these (<c>SOMA_UPDATE=1</c> writes those that are missing, and never one that is there). They were written by <see cref="HostedRun"/>, not by a server.
/// </summary>
public sealed class RunWorkflowReplayTests
{
    private static readonly DataConverter Converter = new(new RunPayloads(), new DefaultFailureConverter());

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. HostedRunScripts.All.Select(static script => $"v{RunDecider.Version}_{script.Name}").Union(Files().Select(static file => Path.GetFileNameWithoutExtension(file)))];

    [Theory, MemberData(nameof(Names))]
    public async Task A_recorded_history_is_replayed_command_by_command_and_decided_as_it_was(string name)
    {
        var history = Golden(name);
        var asked = new Asked();
        await ReplayAsync(history, asked);
        var wanted = history.Events.Where(static one => one.EventType == EventType.ActivityTaskScheduled).Select(static one => one.ActivityTaskScheduledEventAttributes).ToList();
        Assert.Equal(wanted.Select(static one => one.ActivityType.Name), asked.All.Select(static one => one.Activity));
        for (var i = 0; i < wanted.Count; i++) Assert.Equal(wanted[i].Input.Payloads_.Single().Data.ToStringUtf8(), asked.All[i].Input);
        Assert.All(wanted, one => Assert.Equal(one.ActivityType.Name == "carry" ? "soma-runs-effects" : "soma-runs", one.TaskQueue.Name));
    }

    [Fact]
    public async Task Another_order_of_what_is_asked_is_refused()
    {
        var history = Golden("v1_two_steps");
        // The history of a program that would begin the next step before the decision about the last one is recorded.
        var scheduled = history.Events.Where(static one => one.EventType == EventType.ActivityTaskScheduled).Select(static one => one.ActivityTaskScheduledEventAttributes).ToList();
        var (record, carry) = (scheduled.First(static one => one.ActivityType.Name == "record"), scheduled.Last(static one => one.ActivityType.Name == "carry"));
        (record.ActivityType, carry.ActivityType) = (carry.ActivityType, record.ActivityType);
        var refused = await Assert.ThrowsAsync<WorkflowNondeterminismException>(() => ReplayAsync(history, new Asked()));
        Assert.Contains("TMPRL1100", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timer_that_is_not_asked_for_any_more_is_refused()
    {
        var history = Golden("v1_timer");
        var timer = history.Events.First(static one => one.EventType == EventType.TimerStarted);
        timer.EventType = EventType.MarkerRecorded;
        timer.MarkerRecordedEventAttributes = new MarkerRecordedEventAttributes { MarkerName = "other", WorkflowTaskCompletedEventId = timer.TimerStartedEventAttributes.WorkflowTaskCompletedEventId };
        await Assert.ThrowsAsync<WorkflowNondeterminismException>(() => ReplayAsync(history, new Asked()));
    }

    [Fact]
    public void Contents_are_marked_by_no_type_but_those_that_only_refer()
    {
        var payloads = new RunPayloads();
        foreach (var one in Files().SelectMany(static file => Read(file).Events).Where(static one => one.EventType == EventType.ActivityTaskScheduled).Select(static one => one.ActivityTaskScheduledEventAttributes))
            Assert.Equal(one.ActivityType.Name != "record", one.Input.Payloads_.Single().Metadata.ContainsKey(RunPayloads.Plain));
        Assert.False(payloads.ToPayload(new EffectCarried(null)).Metadata.ContainsKey(RunPayloads.Plain));
        Assert.False(payloads.ToPayload("text").Metadata.ContainsKey(RunPayloads.Plain));
    }

    [Fact]
    public void Failures_quote_nothing()
    {
        var failure = new RunFailures().ToFailure(new InvalidOperationException("The order of Mr Example is odd."), Converter.PayloadConverter);
        Assert.DoesNotContain("Example", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal("InvalidOperationException", failure.ApplicationFailureInfo.Type);
    }

    private static async Task ReplayAsync(WorkflowHistory history, Asked asked)
    {
        var options = new WorkflowReplayerOptions { DataConverter = Converter, Interceptors = [asked], TaskQueue = "soma-runs" }.AddWorkflow<RunWorkflow>();
        await new WorkflowReplayer(options).ReplayWorkflowAsync(history, true, Stop);
    }

    private static WorkflowHistory Golden(string name)
    {
        var file = Path.Combine(Folder(), name + ".json");
        if (!File.Exists(file) && Environment.GetEnvironmentVariable("SOMA_UPDATE") == "1")
        {
            using var json = JsonDocument.Parse(HostedRunScripts.All.Single(script => name.EndsWith("_" + script.Name, StringComparison.Ordinal)).Play().Writer.History.ToJson());
            File.WriteAllText(file, JsonSerializer.Serialize(json, Indented) + "\n");
        }
        Assert.True(File.Exists(file), $"{file} is missing; SOMA_UPDATE=1 writes it.");
        return Read(file);
    }

    private static WorkflowHistory Read(string file) => WorkflowHistory.FromJson("soma/demo/run1", File.ReadAllText(file));

    private static string[] Files() => [.. Directory.EnumerateFiles(Folder(), "*.json").Order(StringComparer.Ordinal)];

    private static string Folder()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "SomaStack.slnx"))) return Path.Combine(at.FullName, "tests/SomaStack.Tests/Workflows/Temporal/golden");
        throw new DirectoryNotFoundException("The checkout was not found.");
    }

    /// <summary>What the workflow asked for while it was replayed: the replay itself compares kinds and ids, this also what is handed over.</summary>
    private sealed class Asked : IWorkerInterceptor
    {
        public List<(string Activity, string Input)> All { get; } = [];

        public WorkflowInboundInterceptor InterceptWorkflow(WorkflowInboundInterceptor nextInterceptor) => new Inbound(this, nextInterceptor);

        private sealed class Inbound(Asked asked, WorkflowInboundInterceptor next) : WorkflowInboundInterceptor(next)
        {
            public override void Init(WorkflowOutboundInterceptor outbound) => base.Init(new Outbound(asked, outbound));
        }

        private sealed class Outbound(Asked asked, WorkflowOutboundInterceptor next) : WorkflowOutboundInterceptor(next)
        {
            public override Task<TResult> ScheduleActivityAsync<TResult>(ScheduleActivityInput input)
            {
                asked.All.Add((input.Activity, Converter.PayloadConverter.ToPayload(input.Args.Single()).Data.ToStringUtf8()));
                return base.ScheduleActivityAsync<TResult>(input);
            }
        }
    }
}
