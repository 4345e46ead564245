using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// What happened in a session, from the rows of its stream. What was recalled counts as untrusted whatever its trust, because a turn does
/// not record it; and a taint stays for the whole session, also when its event is older than the events that are shown.
/// </summary>
internal sealed class SessionTrails(SessionStore store) : ISessionTrail
{
    private const int EventsMax = 200;
    private const string User = "user";
    private const string Memory = "memory";

    public async ValueTask<SessionTrail> OfAsync(RequestContext context, string session, CancellationToken cancellationToken)
    {
        var turns = await store.TrailAsync(context.Tenant, session, EventsMax, cancellationToken);
        if (turns.Count == 0) return SessionTrail.Empty;
        var events = new List<TrailEvent>();
        for (var i = turns.Count - 1; i >= 0; i--)
        {
            var (persona, started) = turns[i];
            var turn = JsonSerializer.Deserialize(started, SessionsJson.Default.TurnStartedData)!;
            events.Add(new TrailEvent("session.message", persona, [User]));
            if (turn.Memories.Count > 0) events.Add(new TrailEvent("memory.read", "memory", [Memory]));
            events.Add(new TrailEvent("model.call", turn.Model, []));
        }
        if (events.Count > EventsMax) events.RemoveRange(0, events.Count - EventsMax);
        return new SessionTrail(events, await store.EverRecalledAsync(context.Tenant, session, cancellationToken) ? [User, Memory] : [User]);
    }
}
