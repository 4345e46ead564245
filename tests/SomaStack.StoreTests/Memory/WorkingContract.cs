using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>What working memory promises, on both databases.</summary>
public sealed class WorkingContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task What_was_admitted_is_found_at_once_and_after_a_restart(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.AdmitAsync(context, "s", "The parrot is called Jacquot.");
        await house.AdmitAsync(context, "s", "Lunch is at noon.", pinned: true);
        Assert.Equal("The parrot is called Jacquot.", Assert.Single(await house.SearchAsync(context, "s", "parrot")).Text);
        await using var again = house.Again();
        Assert.Equal("Lunch is at noon.", Assert.Single(await again.SearchAsync(context, "s", "when is lunch")).Text);
        var kept = await again.ReadAsync(context, "s");
        Assert.Equal((2, 4L, 2L, 0L), (kept.Set.Items.Count, kept.Set.Turn, kept.Session.Hits, kept.Session.Misses));
        Assert.Equal([1, 1], kept.Set.Items.Select(static item => item.Uses));
        Assert.Equal([false, true], kept.Set.Items.OrderBy(static item => item.Pinned).Select(static item => item.Pinned));
        Assert.Empty(await again.SearchAsync(context, "s", "zeppelin"));
        Assert.Equal((2L, 1L), (await again.ReadAsync(context, "s")).Session is var counted ? (counted.Hits, counted.Misses) : default);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_session_is_its_principals_own_and_its_tenants(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var ada = Databases.Context("a", "ada");
        var id = await house.AdmitAsync(ada, "s", "The vault code is 7781-QX.");
        foreach (var other in new[] { Databases.Context("a", "bob"), Databases.Context("b", "ada") })
        {
            Assert.Empty(await house.SearchAsync(other, "s", "vault code 7781-QX"));
            Assert.Null(await house.Sessions.ReadAsync(WorkingKey.Of(other, "s"), Stop));
            await RefusedAsync("working_memory_unknown", () => house.Working.PinAsync(other, "s", id, true, Stop));
            await RefusedAsync("working_memory_unknown", () => house.Working.RemoveAsync(other, "s", id, Stop));
            await RefusedAsync("working_memory_unknown", () => house.Working.PromoteAsync(other, "s", id, "mine", "default", Stop));
            // The same session id of another is another session.
            await house.AdmitAsync(other, "s", "Something else.");
            Assert.Empty(await house.SearchAsync(other, "s", "vault code 7781-QX"));
        }
        Assert.Single((await house.ReadAsync(ada, "s")).Set.Items);
        await RefusedAsync("working_memory_item_unknown", () => house.Working.PinAsync(ada, "s", "no-such", true, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_evicted_has_no_row_and_what_is_refused_changes_nothing(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a");
        var pinned = await house.AdmitAsync(context, "s", Long("anchor"), pinned: true, capacity: 256);
        var first = await house.AdmitAsync(context, "s", Long("banana"));
        Assert.Equal([first], (await house.AdmitManyAsync(context, "s", [Long("cherry")])).Single().Evicted);
        Assert.Equal(1, (await house.ReadAsync(context, "s")).Session.Evictions);
        var before = await house.DumpAsync();
        await RefusedAsync("working_memory_full", () => house.AdmitAsync(context, "s", Long("date") + Long("elder") + Long("fig")));
        Assert.Equal(before, await house.DumpAsync());
        Assert.DoesNotContain(before, line => line.Contains("banana", StringComparison.Ordinal));
        Assert.Contains(before, line => line.Contains(pinned, StringComparison.Ordinal));
        Assert.Equal(2, await house.Working.RemoveAsync(context, "s", null, Stop));
        Assert.Empty((await house.ReadAsync(context, "s")).Set.Items);
        Assert.Equal(1, (await house.ReadAsync(context, "s")).Session.Evictions);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_item_used_three_times_becomes_a_memory_of_its_principal_once(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a", "ada");
        var id = await house.AdmitAsync(context, "s", "The parrot is called Jacquot.");
        for (var use = 0; use < 5; use++) Assert.Single(await house.SearchAsync(context, "s", "parrot"));
        var item = (await house.ReadAsync(context, "s")).Set.Find(id)!;
        Assert.Equal((5, "It was used in 3 recalls."), (item.Uses, item.Promotion));
        var memory = Assert.Single((await house.Memory.RecallAsync(context, new RecallQuery("parrot", Namespace: "conversation/ada"), Stop)).Memories);
        Assert.Equal((item.MemoryId, "The parrot is called Jacquot.", "wm:s"), (memory.Id, memory.Text, memory.Source));
        Assert.Contains("It was used in 3 recalls.", (await house.Store.FindAsync("a", memory.Id, Stop))!.Metadata, StringComparison.Ordinal);
        Assert.Empty((await house.Memory.RecallAsync(context, new RecallQuery("parrot"), Stop)).Memories);
        Assert.Equal((item.MemoryId, false), await house.Working.PromoteAsync(context, "s", id, "again", "default", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Who_may_not_write_promotes_nothing(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a", "ada");
        await house.AdmitAsync(context, "s", "The parrot is called Jacquot.");
        var reader = context with { Capabilities = CapabilitySet.Of([Capability.MemoryRead]) };
        for (var use = 0; use < 4; use++) await house.SearchAsync(reader, "s", "parrot");
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memories WHERE tenant = {"a"}", Stop));
        await house.AllowWritesAsync("a", false, 1);
        await house.SearchAsync(context, "s", "parrot");
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memories WHERE tenant = {"a"}", Stop));
        await RefusedAsync("memory_denied", async () => await house.Working.PromoteAsync(context, "s", (await house.ReadAsync(context, "s")).Set.Items[0].Id, "please", "default", Stop));
        await house.AllowWritesAsync("a", true, 2);
        await house.SearchAsync(context, "s", "parrot");
        Assert.Equal(1, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memories WHERE tenant = {"a"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Every_change_has_its_journal_line_and_none_holds_a_word(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a");
        var id = await house.AdmitAsync(context, "s", "The zebra crossing is closed.");
        await house.AdmitAsync(context, "s", "the zebra crossing  is closed.");
        await house.SearchAsync(context, "s", "zebra");
        await house.Working.PinAsync(context, "s", id, true, Stop);
        await house.Working.PromoteAsync(context, "s", id, "The zebra matters.", "default", Stop);
        await house.Working.RemoveAsync(context, "s", id, Stop);
        await house.Working.RemoveAsync(context, "s", null, Stop);
        var types = await house.Db.QueryAsync("a", static reader => $"{reader.GetInt64(0)} {reader.GetString(1)}",
            $"SELECT version, type FROM journal WHERE tenant = {"a"} AND subject = {"working-memory/ada/s"} ORDER BY version", Stop);
        Assert.Equal(["1 admitted", "2 admitted", "3 recalled", "4 pinned", "5 promoted", "6 removed", "7 removed"],
            types.Select(line => line.Replace("somastack.memory.wm_", "", StringComparison.Ordinal).Replace(".v1", "", StringComparison.Ordinal)));
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND data LIKE {"%ebra%"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_erased_memory_leaves_every_mind(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a");
        var id = await house.AdmitAsync(context, "s", "My telephone number is 555-0134.");
        await house.AdmitAsync(context, "s", "Trains leave at noon.");
        var (memoryId, created) = await house.Working.PromoteAsync(context, "s", id, "asked", "default", Stop);
        Assert.True(created);
        Assert.Equal(1, await WorkingStore.OfMemoryAsync(house.Db, "a", memoryId, Stop));
        Assert.True(await house.Memory.ForgetAsync(context, memoryId, Stop));
        Assert.Equal(0, await WorkingStore.OfMemoryAsync(house.Db, "a", memoryId, Stop));
        Assert.Equal("Trains leave at noon.", Assert.Single((await house.ReadAsync(context, "s")).Set.Items).Text);
        Assert.Empty(await house.SearchAsync(context, "s", "telephone 555-0134"));
        Assert.DoesNotContain(await house.DumpAsync(), line => line.Contains("555-0134", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_rolled_back_admission_leaves_neither_row_nor_copy(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.AdmitAsync(context, "s", "Trains leave at noon.");
        var ghost = await house.DraftAsync(context, "A ghost sentence.");
        await Assert.ThrowsAsync<InvalidOperationException>(() => house.Db.WriteAsync("a", async work =>
        {
            await house.Working.AdmitAsync(work, context, "s", [ghost]);
            throw new InvalidOperationException("no");
        }, Stop));
        Assert.Single((await house.ReadAsync(context, "s")).Set.Items);
        Assert.Empty(await house.SearchAsync(context, "s", "ghost sentence"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_replicas_and_many_writers_agree(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        await using var other = house.Again();
        var context = Databases.Context("a");
        await house.AdmitAsync(context, "s", "start here", capacity: 2048);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var side = i % 2 == 0 ? house.Own : other;
            await side.AdmitAsync(context, "s", $"writer{i} said token{i}");
            Assert.Contains(await side.SearchAsync(context, "s", $"token{i}"), hit => hit.Text == $"writer{i} said token{i}");
        }));
        var (mine, theirs) = (await house.ReadAsync(context, "s"), await other.ReadAsync(context, "s"));
        Assert.Equal(41, mine.Set.Items.Count);
        Assert.Equal(mine.Session, theirs.Session);
        Assert.Equal((81L, 81L), (mine.Session.Version, mine.Set.Turn));
        Assert.Equal(Lines(mine), Lines(theirs));
        static IEnumerable<string> Lines(HeldSession held) => held.Set.Items.Select(static item => $"{item.Id} {item.Text} {item.Uses} {item.LastTurn} {item.Novelty} {item.AdmittedAt:O}");
    }

    private static string Long(string word) => string.Concat(Enumerable.Range(0, 50).Select(i => $"{word}{(char)('a' + i % 26)} "));

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);

    /// <summary>The room over one database; <see cref="Again"/> is a second replica, or the same after a restart.</summary>
    private sealed class House : IAsyncDisposable
    {
        // Its weights are loaded once for all tests.
        private static readonly UseLiteEmbedder Shared = new(UseLiteModule.Locate(new SomaOptions()));

        private readonly Policy.House _governance;

        private House(Policy.House governance)
        {
            _governance = governance;
            Own = Again();
        }

        public Db Db => _governance.Db;

        private FakeTimeProvider Clock => _governance.Clock;

        public Replica Own { get; }

        public WorkingMemory Working => Own.Working;

        public WorkingSessions Sessions => Own.Sessions;

        public Memories Memory => Own.Memory;

        public MemoryStore Store => Own.Store;

        public static async Task<House> OpenAsync(Databases databases, string name)
        {
            var governance = await Policy.House.StartAsync(databases, name);
            await Migrator.RunAsync(governance.Db, [MemoryModule.Room], governance.Clock, Stop);
            return new House(governance);
        }

        /// <summary>Writes the tenant's policy: with risk 1 and confidence 0 the gate denies.</summary>
        public async Task AllowWritesAsync(string tenant, bool allow, long expected)
        {
            var policy = JsonNode.Parse(StarterPolicy.Text())!;
            (policy["kinds"]!["memory.write"]!["confidence"], policy["kinds"]!["memory.write"]!["risk"]) = allow ? (1, 0) : (0, 1);
            await _governance.GovernAsync(tenant, CanonicalJson.Canonicalize(policy.ToJsonString()), expected + 1);
        }

        public Task<WorkingDraft> DraftAsync(RequestContext context, string text, bool pinned = false) => Own.DraftAsync(context, text, pinned);

        public Task<string> AdmitAsync(RequestContext context, string session, string text, bool pinned = false, int? capacity = null) => Own.AdmitAsync(context, session, text, pinned, capacity);

        public Task<List<Admission>> AdmitManyAsync(RequestContext context, string session, IReadOnlyList<string> texts) => Own.AdmitManyAsync(context, session, texts);

        public Task<IReadOnlyList<RecalledMemory>> SearchAsync(RequestContext context, string session, string query) => Own.SearchAsync(context, session, query);

        public Task<HeldSession> ReadAsync(RequestContext context, string session) => Own.ReadAsync(context, session);

        public Task<List<string>> DumpAsync() => Db.QueryAsync("a", static reader => $"{reader.GetString(0)} {reader.GetString(1)} {reader.GetInt64(2)}",
            $"SELECT id, text, uses FROM working_memory WHERE tenant = {"a"} ORDER BY id", Stop);

        public Replica Again()
        {
            var store = new MemoryStore(Db);
            var shelves = new Shelves(store, Shared, NullLogger<Shelves>.Instance);
            var journal = new Journal(Clock);
            var memories = new Memories(store, shelves, Shared, journal, Clock);
            var sessions = new WorkingSessions(new WorkingStore(Db), Shared, Clock);
            return new Replica(store, memories, shelves, sessions, new WorkingMemory(sessions, memories, new WriteGate(_governance.Get<IGate>()), Shared, journal, Clock));
        }

        public async ValueTask DisposeAsync()
        {
            await Own.DisposeAsync();
            await _governance.DisposeAsync();
        }
    }

    private sealed record Replica(MemoryStore Store, Memories Memory, Shelves Shelves, WorkingSessions Sessions, WorkingMemory Working) : IAsyncDisposable
    {
        public async Task<WorkingDraft> DraftAsync(RequestContext context, string text, bool pinned = false) =>
            new(await Memory.PrepareAsync(context, new MemoryDraft(text, "episode"), Stop), Pinned: pinned);

        public async Task<string> AdmitAsync(RequestContext context, string session, string text, bool pinned = false, int? capacity = null)
        {
            var draft = await DraftAsync(context, text, pinned);
            var (admissions, _) = await Sessions.Db.WriteAsync(context.Tenant, work => Working.AdmitAsync(work, context, session, [draft], capacity, strict: true), Stop);
            return admissions[0].Item.Id;
        }

        public async Task<List<Admission>> AdmitManyAsync(RequestContext context, string session, IReadOnlyList<string> texts)
        {
            var drafts = new List<WorkingDraft>();
            foreach (var text in texts) drafts.Add(await DraftAsync(context, text));
            return (await Sessions.Db.WriteAsync(context.Tenant, work => Working.AdmitAsync(work, context, session, drafts, null, strict: true), Stop)).Admissions;
        }

        public Task<IReadOnlyList<RecalledMemory>> SearchAsync(RequestContext context, string session, string query) => Working.SearchAsync(context, session, query, null, 10, Stop);

        public async Task<HeldSession> ReadAsync(RequestContext context, string session) => (await Sessions.ReadAsync(WorkingKey.Of(context, session), Stop))!;

        public ValueTask DisposeAsync()
        {
            Shelves.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
