using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Protocols;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Protocols;

/// <summary>What the room keeps, over both databases: tasks of other agents, and calls that wait for a second person.</summary>
public sealed class ProtocolStoreContract(Databases databases)
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 29, 3, 0, 0, TimeSpan.Zero));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_task_is_opened_once_moves_by_its_version_and_is_its_principals_alone(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new TaskStore(db, new Journal(_clock), _clock);
        var ada = Databases.Context();
        var task = Row("t-1", "ada", "c-1");
        await store.OpenAsync(ada, task, "digest", Stop);
        Assert.True(db.IsUniqueViolation(await Assert.ThrowsAnyAsync<Exception>(() => store.OpenAsync(ada, task, "digest", Stop))));
        Assert.Null(await store.FindAsync(Databases.Context(principal: "bob"), "t-1", Stop));
        Assert.Null(await store.FindAsync(Databases.Context("other"), "t-1", Stop));

        _clock.Advance(TimeSpan.FromSeconds(1));
        var working = await store.MoveAsync(ada, task, task with { State = A2AState.Working }, Stop);
        Assert.Equal((A2AState.Working, 2L), (working.State, working.Version));
        // Whoever read the old version moves nothing.
        Assert.Equal(working, await store.MoveAsync(ada, task, task with { State = A2AState.Failed }, Stop));
        var done = await store.MoveAsync(ada, working, working with { State = A2AState.Completed, Session = "s-1", Answer = "Yes." }, Stop);
        Assert.Equal((A2AState.Completed, "s-1", "Yes.", 3L), (done.State, done.Session, done.Answer, done.Version));
        var lines = await db.QueryAsync("demo", static row => row.GetString(0), $"SELECT type FROM journal WHERE tenant = {"demo"} AND subject = {"a2a_task/t-1"} ORDER BY version", Stop);
        Assert.Equal(["somastack.protocols.task_opened.v1", "somastack.protocols.task_moved.v1", "somastack.protocols.task_moved.v1"], lines);
        Assert.Equal("s-1", await store.SessionAsync(ada, "c-1", Stop));
        Assert.Null(await store.SessionAsync(Databases.Context(principal: "bob"), "c-1", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Tasks_are_listed_by_their_last_change_without_gaps_or_repeats(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new TaskStore(db, new Journal(_clock), _clock);
        var ada = Databases.Context();
        for (var i = 0; i < 7; i++)
        {
            // Two of one moment are told apart by their ids.
            if (i % 2 == 0) _clock.Advance(TimeSpan.FromSeconds(1));
            await store.OpenAsync(ada, Row($"t-{i}", "ada", i < 3 ? "c-1" : "c-2"), "digest", Stop);
        }
        await store.OpenAsync(Databases.Context(principal: "bob"), Row("t-9", "bob", "c-1"), "digest", Stop);
        var seen = new List<string>();
        var (before, id) = (long.MaxValue, "~");
        while (await store.ListAsync(ada, null, null, 0, before, id, 2, Stop) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(static row => row.Id));
            (before, id) = (page[^1].UpdatedAt.ToMicros(), page[^1].Id);
        }
        Assert.Equal(["t-6", "t-5", "t-4", "t-3", "t-2", "t-1", "t-0"], seen);
        Assert.Equal(["t-2", "t-1", "t-0"], (await store.ListAsync(ada, "c-1", null, 0, long.MaxValue, "~", 10, Stop)).Select(static row => row.Id));
        Assert.Empty(await store.ListAsync(ada, null, A2AState.Completed, 0, long.MaxValue, "~", 10, Stop));
        Assert.Equal(7L, await store.CountAsync(ada, null, null, 0, Stop));
        Assert.Equal(3L, await store.CountAsync(ada, "c-1", A2AState.Submitted, 0, Stop));
        Assert.Equal(1L, await store.CountAsync(ada, null, null, _clock.NowMicros(), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_waiting_call_is_found_by_what_it_is_until_it_is_over(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var store = new WaitingCallStore(db, _clock);
        var ada = Databases.Context();
        await store.KeepAsync(ada, "digest", new WaitingCall("key", "approval"), _clock.GetUtcNow().AddHours(1), Stop);
        await store.KeepAsync(ada, "digest", new WaitingCall("key", "another"), _clock.GetUtcNow().AddHours(1), Stop);
        Assert.Equal(new WaitingCall("key", "another"), await store.FindAsync(ada, "digest", Stop));
        Assert.Null(await store.FindAsync(ada, "other", Stop));
        Assert.Null(await store.FindAsync(Databases.Context(principal: "bob"), "digest", Stop));
        Assert.Null(await store.FindAsync(Databases.Context("other"), "digest", Stop));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(await store.FindAsync(ada, "digest", Stop));
        await store.KeepAsync(ada, "new", new WaitingCall("k", "a"), _clock.GetUtcNow().AddHours(1), Stop);
        Assert.Single(await db.QueryAsync("demo", static row => row.GetString(0), $"SELECT digest FROM mcp_waiting_calls WHERE tenant = {"demo"}", Stop));
        await store.ForgetAsync(ada, "new", Stop);
        Assert.Null(await store.FindAsync(ada, "new", Stop));
    }

    private TaskRow Row(string id, string principal, string context) =>
        new(id, principal, context, "m-" + id, null, "Hello", A2AState.Submitted, null, null, null, null, null, _clock.GetUtcNow(), _clock.GetUtcNow(), 1);
}
