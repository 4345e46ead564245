using System.Collections.Frozen;

namespace SomaStack.Platform;

/// <summary>The one published list of capabilities. An unknown one is refused when a token is issued.</summary>
public static class Capability
{
    public const string SessionStart = "session:start";
    public const string SessionRead = "session:read";
    public const string MemoryRead = "memory:read";
    public const string MemoryWrite = "memory:write";
    public const string InferenceInvoke = "inference:invoke";
    public const string PolicyRead = "policy:read";
    public const string PolicyWrite = "policy:write";
    public const string ConstitutionRead = "constitution:read";
    public const string ConstitutionLoad = "constitution:load";
    public const string ApprovalDecide = "approval:decide";
    public const string CapsuleSubmit = "capsule:submit";
    public const string CapsuleReview = "capsule:review";
    public const string CapsuleInstall = "capsule:install";
    public const string ToolExecute = "tool:execute";
    public const string ToolManage = "tool:manage";
    public const string RunStart = "run:start";
    public const string RunRead = "run:read";
    public const string RunManage = "run:manage";
    public const string ScheduleManage = "schedule:manage";
    public const string TrainingManage = "training:manage";
    public const string KillSwitchEngage = "killswitch:engage";
    public const string ModerationBypass = "moderation:bypass";
    public const string ModerationReview = "moderation:review";
    public const string BenchmarkRun = "benchmark:run";
    public const string BenchmarkRead = "benchmark:read";
    public const string BillingRead = "billing:read";
    public const string AuditRead = "audit:read";
    public const string NotificationSend = "notification:send";
    public const string TokenIssue = "token:issue";
    public const string TenantAdmin = "tenant:admin";
    public const string PlatformAdmin = "platform:admin";

    /// <summary>Acting with these needs a fresh second factor wherever one is demanded (docs/identity.md).</summary>
    public static readonly FrozenSet<string> Dangerous = new[] { ConstitutionLoad, PlatformAdmin }.ToFrozenSet(StringComparer.Ordinal);

    public static readonly FrozenSet<string> All = new[]
    {
        SessionStart, SessionRead, MemoryRead, MemoryWrite, InferenceInvoke, PolicyRead, PolicyWrite, ConstitutionRead,
        ConstitutionLoad, ApprovalDecide, CapsuleSubmit, CapsuleReview, CapsuleInstall, ToolExecute, ToolManage,
        RunStart, RunRead, RunManage, ScheduleManage, TrainingManage,
        KillSwitchEngage, ModerationBypass, ModerationReview, BenchmarkRun, BenchmarkRead, BillingRead, AuditRead, NotificationSend, TokenIssue, TenantAdmin, PlatformAdmin,
    }.ToFrozenSet(StringComparer.Ordinal);
}

/// <summary>An immutable set of capabilities; contains only names of <see cref="Capability.All"/>.</summary>
public sealed class CapabilitySet
{
    public static readonly CapabilitySet All = new(Capability.All);
    public static readonly CapabilitySet None = new([]);

    private readonly FrozenSet<string> _names;

    private CapabilitySet(IEnumerable<string> names) => _names = names.ToFrozenSet(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _names;

    public bool Has(string capability) => _names.Contains(capability);

    /// <exception cref="Problem">422 <c>capability_unknown</c> when a name is not published.</exception>
    public static CapabilitySet Of(IEnumerable<string> names)
    {
        var list = names.ToList();
        foreach (var name in list)
            if (!Capability.All.Contains(name)) throw PlatformProblems.UnknownCapability.Because($"'{name}' is not a published capability.");
        return new CapabilitySet(list);
    }
}
