using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

internal static class SettingsProblems
{
    public static readonly ProblemCode ModeBlocked = new("mode_blocked", ProblemKind.Conflict, "The mode's guardrails are not met", "Follow the remedy of each reason; a dry run shows what is left.");
    public static readonly ProblemCode ModeUnchanged = new("mode_unchanged", ProblemKind.Conflict, "The installation is in this mode already", "Nothing is left to do; GET /v1/deployment-mode shows it.");
    public static readonly ProblemCode SpendInTest = new("spend_in_test", ProblemKind.Forbidden, "No money is spent in a test mode", "Use a model on this machine, or leave the test mode.");

    public static readonly IReadOnlyList<ProblemCode> All = [ModeBlocked, ModeUnchanged, SpendInTest];
}
