namespace SomaStack.Platform;

/// <summary>
/// Port: a room's check of what a deployment mode demands. For which modes it counts, what it refuses, why, and what to do about it stands
/// in guardrails.json of Settings under its code.
/// </summary>
public interface IModePrecondition
{
    string Code { get; }

    /// <summary>What was found that must not be, or null when all is well. No secrets: people and logs read it.</summary>
    ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken);
}
