using SomaStack.Platform;

namespace SomaStack.Agents.Sessions.Contracts;

/// <summary>Lets a live channel hold a session and follow its events while they come: the path, gate and proof of a message over HTTP.</summary>
public interface ILiveTurns
{
    /// <summary>Whether a message can be sent: the session is the caller's and open, or the persona that a new one would have exists.</summary>
    /// <returns>Who speaks in it.</returns>
    /// <exception cref="Problem">404 <c>session_unknown</c> or <c>persona_unknown</c>, 409 <c>session_closed</c>.</exception>
    Task<string> FindAsync(RequestContext context, string? session, string? persona, CancellationToken cancellationToken);

    /// <summary>Durable when it returns, be it answered or waiting for a second person.</summary>
    /// <exception cref="Problem">What refuses the turn before anything is stored.</exception>
    Task<LiveTurn> BeginAsync(RequestContext context, LiveMessage message, CancellationToken cancellationToken);

    /// <summary>The turn's events as they are committed, from its first one to the one that ends it or makes it wait. Leaving ends nothing.</summary>
    IAsyncEnumerable<LiveEvent> FollowAsync(RequestContext context, LiveTurn turn, CancellationToken cancellationToken);

    /// <summary>Ends what the session is answering or waits for; false when there is nothing.</summary>
    Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken);
}

/// <param name="Session">Null for a new one.</param>
/// <param name="Persona">Of a new session; null for the starter.</param>
/// <param name="Model">Null for the persona's or the tenant's.</param>
public sealed record LiveMessage(string Text, string? Session, string? Persona, string? Model);

public sealed record LiveTurn(string Session, string Turn);

/// <param name="Data">JSON, byte for byte as it was committed.</param>
/// <param name="Said">The words that it adds to the answer; null when it adds none.</param>
public sealed record LiveEvent(long Seq, string Type, string Data, string? Said);
