namespace SomaStack.Platform;

/// <summary>Who acts. <c>Kind</c> is user, service, key or system; <c>Id</c> is unique within the tenant.</summary>
/// <param name="Key">The API key that was presented; its holder is <paramref name="Id"/>, so limits of both bind. Null for any other credential.</param>
public sealed record Principal(string Id, string Kind, string? Key = null)
{
    public static readonly Principal System = new("system", "system");
}

/// <summary>
/// Everything a use case may know about its caller, built once at the edge from the verified token and server-side state,
/// never from caller headers, and passed explicitly. The tenant is part of every key that is derived from it.
/// </summary>
/// <param name="ClientType">web, ide, mobile, cli, bot or sdk: a hint for presentation, never for a decision.</param>
/// <param name="Mode">The deployment mode: server state, so that no caller chooses a laxer threshold.</param>
/// <param name="TraceId">32 lower-case hex digits of the W3C trace that this request belongs to.</param>
/// <param name="IdempotencyKey">The caller's key, already scoped by the edge; ids derived from it make a retry hit the same row.</param>
public sealed record RequestContext(
    string Tenant,
    Principal Principal,
    CapabilitySet Capabilities,
    string ClientType,
    DeploymentMode Mode,
    string Region,
    string TraceId,
    string? IdempotencyKey = null)
{
    /// <summary>When the caller last proved a second factor; null when it did not. From the verified token, for steps that demand it.</summary>
    public DateTimeOffset? MfaAt { get; init; }

    /// <summary>True when dangerous steps need a fresh second factor of this caller: its holder has one, or the deployment mode is a production mode.</summary>
    public bool StepUpDemanded { get; init; }

    /// <summary>The hash of the constitution under which the caller's token was issued; null when it names none, as API keys do.</summary>
    public string? TokenConstitution { get; init; }

    /// <summary>How long a proven second factor is fresh.</summary>
    public static readonly TimeSpan StepUpWindow = TimeSpan.FromMinutes(10);

    /// <summary>The approval that the caller names for what it asks; a claim, not yet a right.</summary>
    public string? Approval { get; init; }

    /// <summary>The context of work that no caller asked for: start-up, relays, reconcilers.</summary>
    public static RequestContext ForSystem(string tenant, DeploymentMode mode) =>
        new(tenant, Principal.System, CapabilitySet.All, "system", mode, "local", Ids.NewTraceId());

    /// <summary>Refuses with 403 naming the capability; the edge does this for routes, use cases for what they do beyond the route.</summary>
    public void Require(string capability)
    {
        if (!Capabilities.Has(capability)) throw PlatformProblems.MissingCapability.Because($"This needs the capability '{capability}'.");
    }

    /// <exception cref="Problem">403 <c>step_up_required</c> unless a second factor was proven within <paramref name="within"/>.</exception>
    public void RequireMfa(TimeProvider clock, TimeSpan within)
    {
        if (MfaAt is { } at && clock.GetUtcNow() - at <= within) return;
        throw PlatformProblems.StepUpRequired.Because($"This needs a second factor that was proven within the last {within.TotalMinutes:0} minutes.");
    }

    /// <summary>For steps that are dangerous: as <see cref="RequireMfa"/> where a second factor is demanded of this caller, else nothing.</summary>
    public void RequireStepUp(TimeProvider clock)
    {
        if (StepUpDemanded) RequireMfa(clock, StepUpWindow);
    }

    /// <summary>Lets a minimal-API handler take the context as a parameter; the edge put it there.</summary>
    public static ValueTask<RequestContext> BindAsync(Microsoft.AspNetCore.Http.HttpContext http) =>
        ValueTask.FromResult(http.Features.Get<RequestContext>() ?? throw PlatformProblems.Unauthenticated.Because("Send an access token or an API key."));
}

/// <summary>Guardrails of the running installation (reference: roadmap 4.4). Server state, never a header.</summary>
public enum DeploymentMode
{
    DeveloperLight,
    DeveloperFull,
    Test,
    TestDebug,
    Production,
    ProductionDebug,
}

public static class DeploymentModes
{
    public static string Name(this DeploymentMode mode) => mode switch
    {
        DeploymentMode.DeveloperLight => "developer-light",
        DeploymentMode.DeveloperFull => "developer-full",
        DeploymentMode.Test => "test",
        DeploymentMode.TestDebug => "test-debug",
        DeploymentMode.Production => "production",
        _ => "production-debug",
    };

    public static bool IsProduction(this DeploymentMode mode) => mode is DeploymentMode.Production or DeploymentMode.ProductionDebug;

    public static DeploymentMode? Parse(string name)
    {
        foreach (var mode in Enum.GetValues<DeploymentMode>())
            if (mode.Name() == name) return mode;
        return null;
    }
}
