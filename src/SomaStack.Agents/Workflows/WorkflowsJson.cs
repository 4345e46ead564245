using System.Text.Json.Serialization;
using SomaStack.Agents.Workflows.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(RunStarter))]
[JsonSerializable(typeof(RunAbout))]
[JsonSerializable(typeof(RunQuestion))]
[JsonSerializable(typeof(AgentParams))]
[JsonSerializable(typeof(RunStarted))]
[JsonSerializable(typeof(RunStepEnded))]
[JsonSerializable(typeof(RunWaiting))]
[JsonSerializable(typeof(RunFormAsked))]
[JsonSerializable(typeof(RunFormEnded))]
[JsonSerializable(typeof(RunRetriedBy))]
[JsonSerializable(typeof(RunEnded))]
[JsonSerializable(typeof(StartArguments))]
[JsonSerializable(typeof(ForkArguments))]
[JsonSerializable(typeof(StartRun.Request), TypeInfoPropertyName = "StartRunRequest")]
[JsonSerializable(typeof(StartRun.Response), TypeInfoPropertyName = "StartRunResponse")]
[JsonSerializable(typeof(ForkRun.Request), TypeInfoPropertyName = "ForkRunRequest")]
[JsonSerializable(typeof(SteerRun.SignalRequest))]
[JsonSerializable(typeof(SteerRun.CancelRequest), TypeInfoPropertyName = "CancelRunRequest")]
[JsonSerializable(typeof(SteerRun.AnswerRequest))]
[JsonSerializable(typeof(SteerRun.Response), TypeInfoPropertyName = "SteerRunResponse")]
[JsonSerializable(typeof(ListedWorkflows.Request), TypeInfoPropertyName = "ListedWorkflowsRequest")]
[JsonSerializable(typeof(ListedWorkflows.View), TypeInfoPropertyName = "ListedWorkflowsView")]
[JsonSerializable(typeof(Page<ListedWorkflows.View>), TypeInfoPropertyName = "PageListedWorkflowsView")]
[JsonSerializable(typeof(Page<RunSummary>))]
[JsonSerializable(typeof(RunDetail))]
[JsonSerializable(typeof(Page<FollowRun.EventView>))]
internal sealed partial class WorkflowsJson : JsonSerializerContext;
