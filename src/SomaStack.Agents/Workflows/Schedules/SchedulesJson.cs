using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ScheduleTarget))]
[JsonSerializable(typeof(ScheduleChanged))]
[JsonSerializable(typeof(ScheduleFired))]
[JsonSerializable(typeof(RunTemplateChanged))]
[JsonSerializable(typeof(SaveSchedule.Request), TypeInfoPropertyName = "SaveScheduleRequest")]
[JsonSerializable(typeof(SteerSchedule.PauseRequest))]
[JsonSerializable(typeof(SteerSchedule.BackfillRequest))]
[JsonSerializable(typeof(SteerSchedule.BackfillResponse))]
[JsonSerializable(typeof(ScheduleView))]
[JsonSerializable(typeof(Page<ScheduleView>))]
[JsonSerializable(typeof(Page<FireView>))]
[JsonSerializable(typeof(SaveTemplate.CreateRequest), TypeInfoPropertyName = "CreateTemplateRequest")]
[JsonSerializable(typeof(SaveTemplate.UpdateRequest), TypeInfoPropertyName = "UpdateTemplateRequest")]
[JsonSerializable(typeof(RunTemplateView))]
[JsonSerializable(typeof(Page<RunTemplateView>))]
[JsonSerializable(typeof(InstantiateTemplate.Request), TypeInfoPropertyName = "InstantiateTemplateRequest")]
[JsonSerializable(typeof(ImportTemplate.Request), TypeInfoPropertyName = "ImportTemplateRequest")]
[JsonSerializable(typeof(ImportTemplate.Response), TypeInfoPropertyName = "ImportTemplateResponse")]
internal sealed partial class SchedulesJson : JsonSerializerContext;
