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
[JsonSerializable(typeof(RunRetriedBy))]
[JsonSerializable(typeof(RunEnded))]
internal sealed partial class WorkflowsJson : JsonSerializerContext;
