using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>What is promised of facts, on both databases.</summary>
public sealed class FactContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Facts_are_there_with_their_memory_and_not_without_it(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await SayAsync(house, context, "m1", "Anna lives in Oslo. Anna's favourite colour is blue.", "2023-01-10");
        Assert.Equal(["Anna lives_in Oslo", "Anna favourite_colour blue"], (await house.Facts().OfMemoryAsync("a", "m1", Stop)).Select(Show));
        var prepared = await house.Own.Memories.PrepareAsync(context, new MemoryDraft("Bob lives in Rome.", "episode", "ghost"), Stop);
        await Assert.ThrowsAsync<InvalidOperationException>(() => house.Db.WriteAsync("a", async work =>
        {
            await house.Own.Memories.WriteAsync(work, context, prepared);
            throw new InvalidOperationException("no");
        }, Stop));
        Assert.Equal(0, await FactStore.CountAsync(house.Db, "a", "ghost", Stop));
        await SayAsync(house, context, "d1", "Carl lives in Rome.", "2023-01-10", kind: "document");
        Assert.Equal(0, await FactStore.CountAsync(house.Db, "a", "d1", Stop));
        Assert.Equal(1, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND type = {Facts.ExtractedEvent}", Stop));
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND (data LIKE {"%Oslo%"} OR data LIKE {"%Anna%"})", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_new_value_ends_the_old_one_and_both_stay_readable_as_of_and_as_known_at(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await SayAsync(house, context, "m1", "Anna lives in Oslo.", "2020-05-01");
        var knownFirst = house.Clock.NowMicros();
        house.Clock.Advance(TimeSpan.FromDays(1));
        await SayAsync(house, context, "m2", "Anna moved to Paris last week.", "2023-03-08");
        var open = Assert.Single(await FindAsync(house, "Anna", asOf: "2024-01-01"));
        Assert.Equal(("Anna lives_in Paris", new DateTimeOffset(2023, 2, 27, 0, 0, 0, TimeSpan.Zero), null), (Show(open), open.ValidFrom, open.ValidTo));
        var closed = Assert.Single(await FindAsync(house, "Anna", asOf: "2021-01-01"));
        Assert.Equal(("Anna lives_in Oslo", open.ValidFrom, open.Id), (Show(closed), closed.ValidTo, closed.SupersededBy));
        var believed = Assert.Single(await FindAsync(house, "Anna", asOf: "2024-01-01", knownAt: knownFirst));
        Assert.Equal(("Anna lives_in Oslo", null, null), (Show(believed), believed.ValidTo, believed.SupersededBy));
        Assert.Empty(await FindAsync(house, "Anna", asOf: "2019-01-01"));
        Assert.Equal(["Anna lives_in Paris", "Anna lives_in Oslo"], (await FindAsync(house, "anna")).Select(Show));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_learnt_late_of_an_earlier_time_takes_its_place_in_between(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await SayAsync(house, context, "m1", "Anna works at Google.", "2018-01-01");
        await SayAsync(house, context, "m3", "Anna works at Nokia.", "2022-01-01");
        house.Clock.Advance(TimeSpan.FromDays(1));
        var before = house.Clock.NowMicros() - 1;
        await SayAsync(house, context, "m2", "Anna works at Siemens.", "2020-01-01");
        Assert.Equal(["Anna works_at Nokia 2022-", "Anna works_at Siemens 2020-2022", "Anna works_at Google 2018-2020"], (await FindAsync(house, "Anna")).Select(Years));
        Assert.Equal(["Anna works_at Nokia 2022-", "Anna works_at Google 2018-2022"], (await FindAsync(house, "Anna", knownAt: before)).Select(Years));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Erasing_a_memory_erases_what_it_stated_and_opens_what_only_that_had_ended(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await SayAsync(house, context, "m1", "Anna works at Google.", "2018-01-01");
        await SayAsync(house, context, "m2", "Anna works at Siemens.", "2020-01-01");
        await SayAsync(house, context, "m3", "Anna works at Nokia.", "2022-01-01");
        await house.Own.Memories.ForgetAsync(context, "m2", Stop);
        Assert.Equal(["Anna works_at Nokia 2022-", "Anna works_at Google 2018-2022"], (await FindAsync(house, "Anna")).Select(Years));
        await house.Own.Memories.ForgetAsync(context, "m3", Stop);
        Assert.Equal(["Anna works_at Google 2018-"], (await FindAsync(house, "Anna")).Select(Years));
        Assert.Equal(1, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memory_facts WHERE tenant = {"a"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_statement_again_is_told_once_and_returns_after_another(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await SayAsync(house, context, "m1", "Anna likes jazz. Anna lives in Oslo.", "2018-01-01");
        await SayAsync(house, context, "m2", "Anna likes jazz. Anna lives in Oslo.", "2019-01-01");
        Assert.Equal(["Anna likes jazz 2018-", "Anna lives_in Oslo 2018-"], (await FindAsync(house, "Anna")).Select(Years).Order());
        await SayAsync(house, context, "m3", "Anna lives in Rome.", "2020-01-01");
        await SayAsync(house, context, "m4", "Anna lives in Oslo.", "2021-01-01");
        Assert.Equal(["Anna lives_in Oslo 2018-2020", "Anna lives_in Oslo 2021-", "Anna lives_in Rome 2020-2021"], (await FindAsync(house, "Anna", "lives_in")).Select(Years).Order());
        Assert.Equal(2, (await house.Facts().OfMemoryAsync("a", "m2", Stop)).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Facts_of_tenants_spaces_and_authors_do_not_end_each_other(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var (ada, bob) = (Databases.Context("a", "ada"), Databases.Context("a", "bob"));
        await SayAsync(house, ada, "m1", "I live in Oslo.", "2018-01-01");
        await SayAsync(house, bob, "m2", "I live in Rome.", "2019-01-01");
        await SayAsync(house, Databases.Context("b", "ada"), "m1", "I live in Paris.", "2020-01-01");
        await SayAsync(house, ada, "m4", "I live in Berlin.", "2020-01-01", space: "other");
        foreach (var (key, city) in new[] { ("author/ada", "Oslo"), ("author/bob", "Rome") })
        {
            var fact = Assert.Single(await house.Facts().FindAsync("a", new FactQuery("default", "real", key, "", null, long.MaxValue, null, 10), Stop));
            Assert.Equal(($"author lives_in {city}", null), (Show(fact), fact.ValidTo));
        }
        Assert.Empty(await house.Facts().FindAsync("c", new FactQuery("default", "real", "", "", null, long.MaxValue, null, 10), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_list_is_read_page_by_page_without_gap_or_repeat(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        for (var i = 0; i < 9; i++) await SayAsync(house, context, $"m{i}", $"Anna likes thing{i} and Bob likes thing{i}.", "2018-01-01");
        var seen = new List<string>();
        for ((long, string)? after = null; ;)
        {
            var page = await house.Facts().FindAsync("a", new FactQuery("default", "real", "", "likes", null, long.MaxValue, after, 4), Stop);
            seen.AddRange(page.Select(Show));
            if (page.Count < 4) break;
            after = (page[^1].ValidFrom.ToMicros(), page[^1].Id);
        }
        Assert.Equal(18, seen.Count);
        Assert.Equal(18, seen.Distinct().Count());
    }

    private static async Task SayAsync(RecordHouse house, RequestContext context, string id, string text, string on, string kind = "episode", string space = "default") =>
        Assert.True((await house.RememberAsync(context, new MemoryDraft(text, kind, id, EventTime: DateTimeOffset.Parse(on + "T12:00:00Z", null), Namespace: space))).Created);

    private static Task<List<KnownFact>> FindAsync(RecordHouse house, string subject, string predicate = "", string? asOf = null, long? knownAt = null) =>
        house.Facts().FindAsync("a", new FactQuery("default", "real", Entities.Normalise(subject), predicate, asOf is null ? null : DateTimeOffset.Parse(asOf + "T00:00:00Z", null).ToMicros(), knownAt ?? long.MaxValue, null, 50), Stop);

    private static string Show(KnownFact fact) => $"{fact.Subject} {fact.Predicate} {fact.Object}";

    private static string Years(KnownFact fact) => $"{Show(fact)} {fact.ValidFrom.Year}-{fact.ValidTo?.Year}";
}

internal static class FactHouse
{
    public static FactStore Facts(this RecordHouse house) => new(house.Db);
}
