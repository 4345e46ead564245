using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

internal static class ScheduleProblems
{
    public static readonly ProblemCode Unknown = new("schedule_unknown", ProblemKind.NotFound, "There is no such schedule", "Check the id, or list schedules with GET /v1/schedules.");
    public static readonly ProblemCode Full = new("schedules_full", ProblemKind.Conflict, "There are too many schedules", "Delete one that is not needed any more.");
    public static readonly ProblemCode TemplateUnknown = new("template_unknown", ProblemKind.NotFound, "There is no such template", "Check the id, or list templates with GET /v1/templates.");
    public static readonly ProblemCode TemplateExists = new("template_exists", ProblemKind.Conflict, "Another template has this id", "Choose another id, or change that template.");
    public static readonly ProblemCode Overlap = new("schedule_overlap", ProblemKind.Conflict, "The run before still goes on", "Let runs overlap with \"overlap\": \"allow\", or make the times rarer.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, Full, TemplateUnknown, TemplateExists, Overlap];
}
