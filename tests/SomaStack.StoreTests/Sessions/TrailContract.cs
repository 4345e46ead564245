using System.Text.Json;
using SomaStack.Agents.Sessions;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Sessions;

/// <summary>What rules over sequences see of a session.</summary>
public sealed class TrailContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Turns_become_events_in_order_and_a_recall_taints_the_whole_session(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var trails = new SessionTrails(new SessionStore(db, new Platform.Journal(TimeProvider.System), TimeProvider.System));
        await SessionAsync(db, "demo", "s1", [["doc"], [], []]);
        await SessionAsync(db, "demo", "s2", [[]]);
        await SessionAsync(db, "other", "s1", [["x"]]);
        var trail = await trails.OfAsync(Databases.Context(principal: "somebody-else"), "s1", Stop);
        Assert.Equal(
            ["session.message guide user", "memory.read memory memory", "model.call m-0 ", "session.message guide user", "model.call m-1 ", "session.message guide user", "model.call m-2 "],
            trail.Events.Select(one => $"{one.Kind} {one.Resource} {string.Join(',', one.Taints)}"));
        Assert.Equal(["user", "memory"], trail.Taints);
        Assert.Equal(["user"], (await trails.OfAsync(Databases.Context(), "s2", Stop)).Taints);
        Assert.Equal(SessionTrail.Empty, await trails.OfAsync(Databases.Context(), "nowhere", Stop));
        Assert.Equal(SessionTrail.Empty, await trails.OfAsync(Databases.Context("third"), "s1", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Only_the_newest_200_events_are_shown_but_an_old_taint_stays(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var trails = new SessionTrails(new SessionStore(db, new Platform.Journal(TimeProvider.System), TimeProvider.System));
        await SessionAsync(db, "demo", "long", [["doc"], .. Enumerable.Repeat(Array.Empty<string>(), 220)]);
        var trail = await trails.OfAsync(Databases.Context(), "long", Stop);
        Assert.Equal(200, trail.Events.Count);
        Assert.Equal("m-220", trail.Events[^1].Resource);
        Assert.DoesNotContain(trail.Events, one => one.Kind == "memory.read");
        Assert.Equal(["user", "memory"], trail.Taints);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Labels_of_what_was_read_follow_the_session_and_a_dropped_memory_has_none(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var trails = new SessionTrails(new SessionStore(db, new Platform.Journal(TimeProvider.System), TimeProvider.System));
        await SessionAsync(db, "demo", "s1", []);
        MemoryProof[] memories = [new("a", 1, null, null, "redacted", ["memory", "prompt_injection"]), new("b", 1, null, null, "dropped", ["memory", "malware"])];
        await TurnAsync(db, new TurnStartedData("s1", "t0", 0, "m-0", memories, []) { Taints = TurnTaints.Of(["user", "suspected_injection"], memories), SessionTaints = ["user", "suspected_injection", "memory", "prompt_injection"] });
        await TurnAsync(db, new TurnStartedData("s1", "t1", 1, "m-1", [], []) { Taints = ["user"], SessionTaints = ["user", "suspected_injection", "memory", "prompt_injection"] });
        var trail = await trails.OfAsync(Databases.Context(), "s1", Stop);
        Assert.Equal(
            [
                "session.message user,suspected_injection", "memory.read memory,prompt_injection", "model.call user,suspected_injection,memory,prompt_injection", "session.message user", "model.call user",
            ],
            trail.Events.Select(one => $"{one.Kind} {string.Join(',', one.Taints)}"));
        Assert.Equal(["user", "memory", "suspected_injection", "prompt_injection"], trail.Taints);
        Assert.Equal(["user", "suspected_injection", "memory", "prompt_injection"], await db.WriteAsync("demo", work => SessionStore.TaintsAsync(work, "demo", "s1"), Stop));
    }

    private static Task<int> TurnAsync(Db db, TurnStartedData data) => db.WriteAsync(
        "demo",
        async work =>
        {
            await SessionStore.AddEventsAsync(work, "demo", data.SessionId, data.TurnId, [(StreamEvent.TurnStarted, JsonSerializer.Serialize(data, SessionsJson.Default.TurnStartedData))]);
            return 0;
        },
        Stop);

    private static Task<int> SessionAsync(Db db, string tenant, string session, string[][] turns) => db.WriteAsync(
        tenant,
        async work =>
        {
            await work.ExecuteAsync($"""
                INSERT INTO sessions (tenant, id, principal, persona, title, status, version, constitution_hash, constitution_version, open_turn, turns, created_at, updated_at)
                VALUES ({tenant}, {session}, {"ada"}, {"guide"}, {"t"}, {"active"}, {1L}, {"h"}, {1L}, NULL, {0L}, {0L}, {0L})
                """);
            for (var i = 0; i < turns.Length; i++)
            {
                var data = new TurnStartedData(session, $"t{i}", i, $"m-{i}", [.. turns[i].Select(id => new MemoryProof(id, 1, null, null))], []);
                await SessionStore.AddEventsAsync(work, tenant, session, $"t{i}", [(StreamEvent.TurnStarted, JsonSerializer.Serialize(data, SessionsJson.Default.TurnStartedData)), (StreamEvent.Delta, "{}")]);
            }
            return 0;
        },
        Stop);
}
