using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// What happened in a session, from the rows of its stream, with the labels that moderation gave what it read. What was recalled counts as
/// untrusted whatever its trust, because a turn does not record it; and a taint stays for the whole session, also when its event is older
/// than the events that are shown.
/// </summary>
internal sealed class SessionTrails(SessionStore store) : ISessionTrail
{
    private const int EventsMax = 200;

    public async ValueTask<SessionTrail> OfAsync(RequestContext context, string session, CancellationToken cancellationToken)
    {
        var turns = await store.TrailAsync(context.Tenant, session, EventsMax, cancellationToken);
        if (turns.Count == 0) return SessionTrail.Empty;
        var events = new List<TrailEvent>();
        IReadOnlyList<string> ever = [];
        for (var i = turns.Count - 1; i >= 0; i--)
        {
            var (persona, type, data) = turns[i];
            if (type == StreamEvent.ToolCompleted)
            {
                var used = JsonSerializer.Deserialize(data, SessionsJson.Default.ToolCompletedData)!;
                events.Add(new TrailEvent("tool.call", used.Call.Name, used.Call.Taints));
                ever = used.SessionTaints;
                continue;
            }
            var turn = JsonSerializer.Deserialize(data, SessionsJson.Default.TurnStartedData)!;
            var recalled = turn.Memories.Where(static memory => memory.Moderated != "dropped").ToList();
            IReadOnlyList<string> ofMemory = recalled.Count == 0 ? [] : TurnTaints.Of([TurnTaints.Memory], recalled);
            events.Add(new TrailEvent("session.message", persona, TurnTaints.Join([TurnTaints.User], [.. (turn.Taints ?? []).Except(ofMemory)])));
            if (turn.Memories.Count > 0) events.Add(new TrailEvent("memory.read", "memory", TurnTaints.Join([TurnTaints.Memory], ofMemory)));
            events.Add(new TrailEvent("model.call", turn.Model, turn.Taints ?? []));
            ever = turn.SessionTaints ?? ever;
        }
        if (events.Count > EventsMax) events.RemoveRange(0, events.Count - EventsMax);
        // Turns from before taints were kept tell only whether something was recalled.
        IReadOnlyList<string> known = await store.EverRecalledAsync(context.Tenant, session, cancellationToken) ? [TurnTaints.User, TurnTaints.Memory] : [TurnTaints.User];
        return new SessionTrail(events, TurnTaints.Join(known, ever));
    }
}
