using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>The mode of the installation, as stored.</summary>
/// <param name="ExpiresAt">From then on <paramref name="Fallback"/> holds; null when the mode stays.</param>
internal sealed record ModeState(
    DeploymentMode Mode, DateTimeOffset? ExpiresAt, DeploymentMode? Fallback, long Version, string? Reason, string? ChangedBy, DateTimeOffset ChangedAt)
{
    /// <summary>What holds at an instant, whether or not anybody has written down that the time is over.</summary>
    public DeploymentMode At(DateTimeOffset now) => ExpiresAt <= now ? Fallback ?? DeploymentMode.DeveloperLight : Mode;

    public bool IsOver(DateTimeOffset now) => ExpiresAt <= now;
}

/// <summary>What becomes of the mode. Pure.</summary>
internal static class ModeRules
{
    /// <summary>A debug mode lasts a day at most.</summary>
    public const int MinutesMax = 1440;

    public static bool IsDebug(DeploymentMode mode) => mode is DeploymentMode.TestDebug or DeploymentMode.ProductionDebug;

    /// <summary>Into production and out of it: either way guardrails that somebody relies on change.</summary>
    public static bool NeedsSecondKey(DeploymentMode from, DeploymentMode to) => from.IsProduction() || to.IsProduction();

    /// <summary>A debug mode falls back to what held before it; a second debug mode to what held before the first.</summary>
    public static ModeState Next(ModeState current, DeploymentMode to, int? minutes, string reason, string by, DateTimeOffset now)
    {
        var before = current.At(now);
        var fallback = IsDebug(before) && !current.IsOver(now) ? current.Fallback ?? DeploymentMode.DeveloperLight : before;
        return minutes is { } lasting
            ? new ModeState(to, now.AddMinutes(lasting), fallback, current.Version + 1, reason, by, now)
            : new ModeState(to, null, null, current.Version + 1, reason, by, now);
    }
}
