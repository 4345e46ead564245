namespace SomaStack.Governance.Policy.Contracts;

/// <summary>How much a kill switch stops.</summary>
public enum KillScope
{
    Tenant,
    Platform,
    Persona,
    Capsule,
    Tool,
}

/// <summary>A part of a tenant that can be stopped on its own.</summary>
/// <param name="Scope">persona, capsule or tool.</param>
/// <param name="Id">As the tenant knows it.</param>
public readonly record struct KillTarget(KillScope Scope, string Id);
