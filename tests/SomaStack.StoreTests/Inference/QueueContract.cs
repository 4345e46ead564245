using System.Text.Json;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Inference;

/// <summary>What the queue promises, on both databases: nothing is lost, nothing is done twice in effect, nobody sees what is not theirs.</summary>
public sealed class QueueContract(Databases databases)
{
    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_taken_in_is_row_line_and_stream_at_once_and_the_journal_holds_no_words(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync(words: "a secret question");
        Assert.Equal(["queued"], await house.JournalAsync("r1"));
        Assert.Equal(["request.queued"], await house.StreamAsync("r1"));
        var line = await house.Db.QueryAsync("demo", reader => reader.GetString(0), $"SELECT data FROM journal WHERE tenant = 'demo' AND subject = 'request/r1'", Stop);
        var queued = JsonDocument.Parse(Assert.Single(line)).RootElement;
        Assert.Equal(("v1", "r1", "s1", "chat", "infer_sync"), (Text(queued, "version"), Text(queued, "request_id"), Text(queued, "session_id"), Text(queued, "role"), Text(queued, "mode")));
        Assert.DoesNotContain("secret", line[0], StringComparison.Ordinal);
        Assert.Contains("a secret question", await house.Store.PayloadAsync("demo", "r1", Stop), StringComparison.Ordinal);
        var (row, result) = await house.Store.GetAsync(Databases.Context(), "r1", false, Stop);
        Assert.Null(result);
        Assert.Equal(("queued", 7), (row.View(null).Status, row.View(null).Metadata!.Value.GetProperty("ticket").GetInt32()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_id_is_one_request_however_often_it_comes(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => house.AddAsync()));
        Assert.Equal(["queued"], await house.JournalAsync("r1"));
        Assert.Equal("key-1", Assert.Single(await house.ClaimAsync()).ApiKey);
        Assert.Equal("running", (await house.AddAsync()).Summary().Status);
        Assert.Equal(["request.queued", "request.started"], await house.StreamAsync("r1"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Workers_that_claim_at_once_share_the_requests_without_doubles(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        for (var i = 0; i < 60; i++) await house.AddAsync($"r{i}", i % 2 == 0 ? "demo" : "other");
        var claimed = await Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            var mine = new List<string>();
            for (var replica = house.Replica(); await replica.ClaimAsync(7, $"w{worker}") is { Count: > 0 } rows;) mine.AddRange(rows.Select(row => row.Id));
            return mine;
        }));
        // A worker may see nothing while the others hold the locks of the last ones; the next look finds them.
        var rest = await house.ClaimAsync(60);
        var all = claimed.SelectMany(mine => mine).Concat(rest.Select(row => row.Id)).ToList();
        Assert.Equal(60, all.Count);
        Assert.Equal(60, all.Distinct().Count());
        Assert.Empty(await house.ClaimAsync());
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_tenant_with_a_long_queue_does_not_keep_another_waiting(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.FillAsync("full", 10_000);
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 3; i++) await house.AddAsync($"late{i}", "late");
        await house.AddAsync("alone", "zeta");

        // Places are dealt by turns, whoever waited first; what the others do not need is the long queue's.
        var first = await house.ClaimAsync(4);
        Assert.Equal(["full 2", "late 1", "zeta 1"], Shares(first));
        var second = await house.ClaimAsync(4);
        Assert.Equal(["full 2", "late 2"], Shares(second));
        Assert.Equal(["late0", "late1", "late2"], first.Concat(second).Where(row => row.Tenant == "late").Select(row => row.Id));
        Assert.Equal(["full 4"], Shares(await house.ClaimAsync(4)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task With_one_place_and_nothing_under_way_tenants_take_turns(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        foreach (var tenant in new[] { "one", "two", "three" })
            for (var i = 0; i < 3; i++) await house.AddAsync($"{tenant}{i}", tenant);
        var served = new List<string>();
        for (var i = 0; i < 9; i++)
        {
            house.Clock.Advance(TimeSpan.FromMilliseconds(1));
            var row = Assert.Single(await house.ClaimAsync(1));
            served.Add(row.Tenant);
            await house.DecideAsync(row, new SucceedCommand(1), new RequestChange(Result: QueueHouse.Answer("done")));
        }
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(3, served.Skip(3 * i).Take(3).Distinct().Count()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_ended_long_enough_ago_is_deleted_with_its_stream_and_nothing_else(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        foreach (var tenant in new[] { "demo", "other" })
            foreach (var id in Enumerable.Range(0, 130).Select(i => "old" + i).Append("replayed")) await house.AddAsync(id, tenant);
        foreach (var row in await house.ClaimAsync(262))
            await house.DecideAsync(row, row.Id == "replayed" ? new FailCommand(1, "x", false) : new SucceedCommand(1), new RequestChange(Result: QueueHouse.Answer("old")));
        Assert.Null((await house.DecideAsync((await house.Store.GetAsync(Databases.Context("demo"), "replayed", true, Stop)).Row, new ReplayCommand(1))).Refusal);
        await house.AddAsync("waiting");
        house.Clock.Advance(TimeSpan.FromDays(10));
        await house.AddAsync("fresh", "third");
        await house.DecideAsync(Assert.Single(await house.ClaimAsync(10), row => row.Id == "fresh"), new SucceedCommand(1), new RequestChange(Result: QueueHouse.Answer("new")));
        house.Clock.Advance(TimeSpan.FromDays(25));

        Assert.Equal((0, 0), await house.Sweep(requestsDays: 0, measuresDays: 0).SweepAsync(Stop));
        Assert.Equal((0, 0), await house.Sweep(requestsDays: 36).SweepAsync(Stop));
        // 130 of one tenant and 131 of the other: one was replayed and has not ended.
        Assert.Equal((261, 0), await house.Sweep().SweepAsync(Stop));
        Assert.Equal((0, 0), await house.Sweep().SweepAsync(Stop));
        var left = await house.Db.QueryAsync(Db.AllTenants, reader => reader.GetString(0), $"SELECT id FROM inference_requests WHERE tenant <> '' ORDER BY id", Stop);
        Assert.Equal(["fresh", "replayed", "waiting"], left);
        Assert.Equal(3, await house.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM (SELECT DISTINCT tenant, request FROM inference_request_events WHERE tenant <> '') AS kept", Stop));
        Assert.NotEmpty(await house.StreamAsync("replayed"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_worker_that_lost_its_lease_writes_nothing_any_more_and_the_result_is_the_others(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync();
        var slow = Assert.Single(await house.ClaimAsync(owner: "slow"));
        Assert.True(await house.Store.StreamAsync("demo", "r1", 1, [(RequestStreamEvent.Text, """{"attempt":1,"text":"half of"}""")]));
        house.Clock.Advance(RequestStore.Lease + TimeSpan.FromSeconds(1));
        var next = Assert.Single(await house.ClaimAsync(owner: "next"));
        Assert.Equal((2L, "next"), (next.State.Attempt, next.Owner));

        Assert.False(await house.Store.StreamAsync("demo", "r1", 1, [(RequestStreamEvent.Text, "{}")]));
        Assert.Equal(RequestRefusal.NotHeld, (await house.DecideAsync(slow, new SucceedCommand(1), new RequestChange(Result: QueueHouse.Answer("of the slow one")))).Refusal);
        Assert.True(await house.Store.StreamAsync("demo", "r1", 2, [(RequestStreamEvent.Text, """{"attempt":2,"text":"all of it"}""")]));
        await house.DecideAsync(next, new SucceedCommand(2), new RequestChange(Result: QueueHouse.Answer("all of it")));
        Assert.Equal(RequestRefusal.Ended, (await house.DecideAsync(slow, new SucceedCommand(1))).Refusal);

        var (row, result) = await house.Store.GetAsync(Databases.Context(), "r1", false, Stop);
        Assert.Equal(("succeeded", 2L), (row.Summary().Status, row.State.Attempt));
        Assert.Contains("all of it", result, StringComparison.Ordinal);
        Assert.Equal(["request.queued", "request.started", "text.delta", "request.restarted", "text.delta", "request.succeeded"], await house.StreamAsync("r1"));
        Assert.Equal(["queued", "started", "started", "completed"], await house.JournalAsync("r1"));
        var line = await house.Db.QueryAsync("demo", reader => reader.GetString(0), $"SELECT data FROM journal WHERE tenant = 'demo' AND subject = 'request/r1' AND version = {4L}", Stop);
        var completed = JsonDocument.Parse(Assert.Single(line)).RootElement;
        Assert.Equal(("succeeded", 22, 9, "call-1"), (Text(completed, "status"), completed.GetProperty("metrics").GetProperty("total_tokens").GetInt32(), completed.GetProperty("result_chars").GetInt32(), Text(completed, "call_id")));
        Assert.DoesNotContain("all of it", line[0], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_lease_that_is_renewed_is_left_alone_and_a_restarted_worker_has_its_own_back_at_once(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync();
        await house.ClaimAsync(owner: "one");
        house.Clock.Advance(RequestStore.Lease - TimeSpan.FromSeconds(1));
        Assert.Single(await house.Store.RenewAsync([("demo", "r1", 1)], true, Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(await house.ClaimAsync(owner: "other"));
        Assert.Equal(0, await house.Store.AbandonAsync("other", Stop));
        Assert.Equal(1, await house.Store.AbandonAsync("one", Stop));
        Assert.Equal(2, Assert.Single(await house.ClaimAsync(owner: "one")).State.Attempt);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_retry_waits_for_its_time_and_the_last_one_is_a_dead_letter_until_it_is_replayed(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync(attemptsMax: 2);
        var error = new RequestError("provider_timeout", "It took too long.");
        var first = Assert.Single(await house.ClaimAsync());
        await house.DecideAsync(first, new FailCommand(1, error.Code, true), new RequestChange(NextAttemptAt: house.Clock.NowMicros() + 5_000_000, Error: error));
        Assert.Empty(await house.ClaimAsync());
        house.Clock.Advance(TimeSpan.FromSeconds(5));
        var second = Assert.Single(await house.ClaimAsync());
        Assert.Empty((await house.Store.ListAsync(Databases.Context(), false, "failed", true, null, 10, Stop)).Data);
        await house.DecideAsync(second, new FailCommand(2, error.Code, true), new RequestChange(Error: error));

        var dead = Assert.Single((await house.Store.ListAsync(Databases.Context(), false, "failed", true, null, 10, Stop)).Data);
        Assert.Equal(("provider_timeout", 2L, true), (dead.Error!.Code, dead.Attempts, dead.Dead));
        Assert.Empty(await house.ClaimAsync());
        Assert.Null((await house.DecideAsync(second, new ReplayCommand(5), new RequestChange(NextAttemptAt: house.Clock.NowMicros()))).Refusal);
        Assert.Equal(RequestRefusal.NotFailed, (await house.DecideAsync(second, new ReplayCommand(5))).Refusal);
        var third = Assert.Single(await house.ClaimAsync());
        Assert.Equal((3L, 7L), (third.State.Attempt, third.State.AttemptsMax));
        await house.DecideAsync(third, new SucceedCommand(3), new RequestChange(Result: QueueHouse.Answer("at last")));
        Assert.Equal(["queued", "started", "retried", "started", "completed", "queued", "started", "completed"], await house.JournalAsync("r1"));
        Assert.Empty((await house.Store.ListAsync(Databases.Context(), false, "failed", true, null, 10, Stop)).Data);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_cancel_ends_what_waits_at_once_and_what_runs_when_its_worker_hears_of_it_or_has_died(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        var waiting = await house.AddAsync("waiting");
        Assert.Equal("cancelled", (await house.DecideAsync(waiting, new CancelCommand("ada"))).Row!.Summary().Status);
        Assert.Equal(RequestRefusal.Ended, (await house.DecideAsync(waiting, new CancelCommand("ada"))).Refusal);
        Assert.Empty(await house.ClaimAsync());

        await house.AddAsync("running");
        var running = Assert.Single(await house.ClaimAsync());
        Assert.Equal("running", (await house.DecideAsync(running, new CancelCommand("ada"))).Row!.Summary().Status);
        Assert.Equal(RequestRefusal.AskedAlready, (await house.DecideAsync(running, new CancelCommand("ada"))).Refusal);
        Assert.Equal("ada", Assert.Single(await house.Store.RenewAsync([("demo", "running", 1)], false, Stop)).CancelBy);
        Assert.Equal("cancelled", (await house.DecideAsync(running, new InterruptCommand(1))).Row!.Summary().Status);

        await house.AddAsync("orphan");
        var orphan = Assert.Single(await house.ClaimAsync());
        await house.DecideAsync(orphan, new CancelCommand("ada"));
        house.Clock.Advance(RequestStore.Lease + TimeSpan.FromSeconds(1));
        Assert.Empty(await house.ClaimAsync());
        Assert.Equal(["queued", "started", "cancel_asked", "completed"], await house.JournalAsync("orphan"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Nobody_sees_requests_of_another_tenant_and_only_an_administrator_those_of_another_principal(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync("mine");
        await house.AddAsync("hers", principal: "bea");
        await house.AddAsync("foreign", tenant: "other");
        Assert.Equal(["mine"], (await house.Store.ListAsync(Databases.Context(), false, null, false, null, 10, Stop)).Data.Select(row => row.RequestId));
        Assert.Equal(["hers", "mine"], (await house.Store.ListAsync(Databases.Context(), true, null, false, null, 10, Stop)).Data.Select(row => row.RequestId).Order());
        foreach (var (id, everybodys) in new[] { ("hers", false), ("foreign", false), ("foreign", true), ("nobody", true) })
            Assert.Equal("request_unknown", (await Assert.ThrowsAsync<Problem>(() => house.Store.GetAsync(Databases.Context(), id, everybodys, Stop))).Code.Code);
        Assert.Equal(RequestRefusal.Unknown, (await house.DecideAsync(await house.AddAsync("mine") with { Id = "foreign" }, new CancelCommand("ada"))).Refusal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Lists_go_on_where_the_page_ended(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        for (var i = 0; i < 7; i++)
        {
            await house.AddAsync($"r{i}");
            if (i % 2 == 0) house.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }
        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await house.Store.ListAsync(Databases.Context(), false, "queued", false, cursor, 3, Stop);
            seen.AddRange(page.Data.Select(row => row.RequestId));
            cursor = page.NextCursor;
        }
        Assert.Equal(["r6", "r5", "r4", "r3", "r2", "r1", "r0"], seen);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_reader_that_comes_back_anywhere_reads_the_rest_and_no_more(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync();
        var row = Assert.Single(await house.ClaimAsync());
        var stream = new ReadStream(house.Store, house.Streams, TimeProvider.System);
        var following = CollectAsync(stream, 0);
        for (var i = 0; i < 5; i++) await house.Store.StreamAsync("demo", "r1", 1, [(RequestStreamEvent.Text, $$"""{"attempt":1,"text":"{{i}}"}""")]);
        await house.DecideAsync(row, new SucceedCommand(1), new RequestChange(Result: QueueHouse.Answer("01234")));
        var whole = await following;
        Assert.Equal(Enumerable.Range(1, 8).Select(i => (long)i), whole.Select(item => item.Seq));
        for (var after = 0; after <= whole.Count; after++) Assert.Equal(whole.Skip(after), await CollectAsync(stream, after));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_tenant_may_only_have_so_many_waiting(string name)
    {
        await using var house = await QueueHouse.OpenAsync(databases, name);
        await house.AddAsync();
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"""
            INSERT INTO inference_requests (tenant, id, mode, role, principal, principal_kind, capabilities, client_type, trace_id, payload, request_sha256, state, version, attempts,
                attempts_max, dead, next_attempt_at, lease_until, created_at)
            SELECT tenant, id || '-' || numbers.n, mode, role, principal, principal_kind, capabilities, client_type, trace_id, payload, request_sha256, state, version, attempts,
                attempts_max, dead, next_attempt_at, lease_until, created_at
            FROM inference_requests, (WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {RequestStore.WaitingMax - 1}) SELECT n FROM series) AS numbers
            WHERE tenant = 'demo' AND id = 'r1'
            """), Stop);
        Assert.Equal("request_queue_full", (await Assert.ThrowsAsync<Problem>(() => house.AddAsync("one-more"))).Code.Code);
        await house.AddAsync("elsewhere", tenant: "other");
    }

    private static async Task<List<RequestStreamEvent>> CollectAsync(ReadStream stream, long after)
    {
        var all = new List<RequestStreamEvent>();
        await foreach (var item in stream.ReadAsync("demo", "r1", after, Stop)) all.Add(item);
        return all;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static List<string> Shares(List<RequestRow> rows) =>
        [.. rows.GroupBy(row => row.Tenant).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key} {group.Count()}")];
}
