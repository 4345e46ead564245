using SomaStack.Platform;

namespace SomaStack.Agents.Sessions.Contracts;

/// <summary>Who may speak in a tenant's sessions, for rooms above that show them to other programs.</summary>
public interface IPersonas
{
    Task<Page<Persona>> ListAsync(RequestContext context, string? cursor, int limit, CancellationToken cancellationToken);

    /// <exception cref="Problem">404 <c>persona_unknown</c>.</exception>
    Task<Persona> GetAsync(RequestContext context, string id, CancellationToken cancellationToken);
}

public sealed record Persona(string Id, string Name, string Instructions, string? Model);
