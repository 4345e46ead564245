using System.Text.Json;
using SomaStack.Agents.Workflows;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Workflows;

/// <summary>Schedules on a clock that the test moves: what is due is begun once, whatever happens in between.</summary>
public sealed class ScheduleContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_due_begins_one_run_and_the_next_time_is_noted(string name)
    {
        await using var house = await StartAsync(name);
        var schedule = await CreateAsync(house, "0 * * * *");
        await RoundAsync(house);
        Assert.Empty(await FiresAsync(house, schedule));
        house.Clock.Advance(TimeSpan.FromHours(1));
        await RoundAsync(house);
        await RoundAsync(house);
        var fire = Assert.Single(await FiresAsync(house, schedule));
        Assert.Equal(("started", "cron"), (fire.State, fire.Kind));
        Assert.Equal("completed", (await house.OverAsync(fire.Run!)).Status);
        Assert.Equal(house.Clock.GetUtcNow() + TimeSpan.FromHours(1), (await house.Get<ScheduleStore>().GetAsync("demo", schedule, Stop)).NextAt!.Value.ToInstant());
        Assert.Equal(["created"], await ChangesAsync(house, schedule));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_replicas_that_both_believe_to_hold_the_lease_begin_one_run(string name)
    {
        await using var house = await StartAsync(name);
        await using var other = await house.ReplicaAsync();
        var schedule = await CreateAsync(house, "0 * * * *");
        house.Clock.Advance(TimeSpan.FromHours(1));
        await Task.WhenAll(RoundAsync(house), RoundAsync(other), RoundAsync(house), RoundAsync(other));
        var fire = Assert.Single(await FiresAsync(house, schedule));
        Assert.Equal("started", fire.State);
        Assert.Equal(1, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM runs WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task After_a_crash_between_the_run_and_its_note_the_same_run_is_noted(string name)
    {
        await using var house = await StartAsync(name);
        var schedule = await CreateAsync(house, "0 * * * *");
        house.Clock.Advance(TimeSpan.FromHours(1));
        await RoundAsync(house);
        var first = Assert.Single(await FiresAsync(house, schedule)).Run;
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE schedule_fires SET state = 'due', run = NULL WHERE tenant = {"demo"} AND schedule = {schedule}"), Stop);
        await RoundAsync(house);
        Assert.Equal(first, Assert.Single(await FiresAsync(house, schedule)).Run);
        Assert.Equal(1, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM runs WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_run_that_still_goes_on_keeps_the_next_from_beginning_unless_they_may_overlap(string name)
    {
        await using var house = await StartAsync(name);
        house.Effects.Capsules["waits"] = Capsules.Of(Capsules.Step("wait", "wait.signal", """{"name":"go"}""")) with { Id = "waits" };
        var (one, both) = (await CreateAsync(house, "0 * * * *", "waits"), await CreateAsync(house, "0 * * * *", "waits", overlap: "allow"));
        for (var hour = 0; hour < 2; hour++)
        {
            house.Clock.Advance(TimeSpan.FromHours(1));
            await RoundAsync(house);
        }
        Assert.Equal(["skipped", "started"], (await FiresAsync(house, one)).Select(static fire => fire.State));
        Assert.Equal("schedule_overlap", (await FiresAsync(house, one))[0].Code);
        Assert.Equal(["started", "started"], (await FiresAsync(house, both)).Select(static fire => fire.State));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task While_it_is_paused_nothing_comes_and_nothing_is_made_up_for(string name)
    {
        await using var house = await StartAsync(name);
        var schedule = await CreateAsync(house, "0 * * * *", catchUp: "all");
        var store = house.Get<ScheduleStore>();
        var row = await store.GetAsync("demo", schedule, Stop);
        await house.Db.WriteAsync("demo", work => store.ReplaceAsync(work, RunHouse.Caller(), row with { Paused = "holidays", NextAt = null, Version = 2 }, "paused", "holidays"), Stop);
        house.Clock.Advance(TimeSpan.FromHours(5));
        await RoundAsync(house);
        Assert.Empty(await FiresAsync(house, schedule));
        Assert.Equal(["created", "paused"], await ChangesAsync(house, schedule));
        await Assert.ThrowsAsync<Problem>(() => house.Db.WriteAsync("demo", work => store.ReplaceAsync(work, RunHouse.Caller(), row with { Version = 2 }, "resumed", null), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Once_its_author_may_act_no_more_it_begins_nothing_and_says_why(string name)
    {
        await using var house = await StartAsync(name);
        var schedule = await CreateAsync(house, "0 * * * *");
        await house.PutAsync("ada", [Capability.RunStart], active: false);
        house.Clock.Advance(TimeSpan.FromHours(1));
        await RoundAsync(house);
        var fire = Assert.Single(await FiresAsync(house, schedule));
        Assert.Equal(("failed", "run_rights_lost"), (fire.State, fire.Code));
        var row = await house.Get<ScheduleStore>().GetAsync("demo", schedule, Stop);
        Assert.Contains("ada", row.Paused, StringComparison.Ordinal);
        Assert.Null(row.NextAt);
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM runs WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Made_up_times_that_came_before_do_not_come_again(string name)
    {
        await using var house = await StartAsync(name);
        var schedule = await CreateAsync(house, "0 * * * *");
        house.Clock.Advance(TimeSpan.FromHours(1));
        await RoundAsync(house);
        var times = (await house.Get<ScheduleStore>().GetAsync("demo", schedule, Stop)).Timetable().Between(house.Clock.GetUtcNow() - TimeSpan.FromHours(3), house.Clock.GetUtcNow(), 10)!;
        Assert.Equal(4, times.Count);
        Assert.Equal(3, await house.Db.WriteAsync("demo", work => house.Get<ScheduleStore>().AddAsync(work, "demo", schedule, times, "backfill"), Stop));
        await RoundAsync(house);
        Assert.Equal(4, (await FiresAsync(house, schedule)).Count(static fire => fire.Run is not null || fire.State == "skipped"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_template_s_values_reach_the_run_and_what_is_given_wins(string name)
    {
        await using var house = await StartAsync(name);
        var context = RunHouse.Caller();
        house.Effects.Capsules["greets"] = Capsules.Of(Capsules.Step("greet", "world.echo", """{"text":"{{greeting}} {{who}}"}""")) with
        {
            Id = "greets", Inputs = [new("greeting", "string", true), new("who", "string", true)],
        };
        using var defaults = JsonDocument.Parse("""{"greeting":"Hello","who":"nobody"}""");
        var template = await house.Get<SaveTemplate>().OfAsync("hello", "Hello", "greets", null, defaults.RootElement, context, Stop);
        await house.Db.WriteAsync("demo", work => house.Get<TemplateStore>().CreateAsync(work, context, template), Stop);
        using var given = JsonDocument.Parse("""{"who":"world"}""");
        var (run, _) = await house.Get<TemplateRuns>().BeginAsync(context with { IdempotencyKey = "k" }, new ScheduleTarget("hello", null, null, given.RootElement), null, Stop);
        await house.LookAsync();
        await house.OverAsync(run!.Id);
        Assert.Equal("Hello world", (await house.ViewAsync(run.Id)).Steps[0].Output!.Value.GetProperty("text").GetString());
        var exists = await Assert.ThrowsAsync<Problem>(() => house.Db.WriteAsync("demo", work => house.Get<TemplateStore>().CreateAsync(work, context, template), Stop));
        Assert.Equal("template_exists", exists.Code.Code);
        using var wrong = JsonDocument.Parse("""{"whom":"x"}""");
        await Assert.ThrowsAsync<Problem>(() => house.Get<SaveTemplate>().OfAsync("other", "Other", "greets", null, wrong.RootElement, context, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_cannot_run_is_not_scheduled(string name)
    {
        await using var house = await StartAsync(name);
        var context = RunHouse.Caller();
        house.Effects.Capsules["greets"] = Capsules.Of(Capsules.Step("greet", "world.echo", """{"text":"{{who}}"}""")) with { Id = "greets", Inputs = [new("who", "string", true)] };
        var save = house.Get<SaveSchedule>();
        async Task<string> RefusedAsync(SaveSchedule.Request request) => Assert.Single((await Assert.ThrowsAsync<Problem>(() => save.RowAsync("s", request, context, Stop))).Errors).Field;
        Assert.Equal("cron", await RefusedAsync(new SaveSchedule.Request("x", "0 0 30 2 *", Capsule: "greets")));
        Assert.Equal("time_zone", await RefusedAsync(new SaveSchedule.Request("x", "0 * * * *", "Nowhere", Capsule: "greets")));
        Assert.Equal("capsule", await RefusedAsync(new SaveSchedule.Request("x", "0 * * * *")));
        Assert.Equal("inputs", await RefusedAsync(new SaveSchedule.Request("x", "0 * * * *", Capsule: "greets")));
        Assert.Equal("capability_missing", (await Assert.ThrowsAsync<Problem>(() => save.RowAsync("s", new SaveSchedule.Request("x", "0 * * * *", Capsule: "greets"), context with { Capabilities = CapabilitySet.None }, Stop))).Code.Code);
    }

    private async Task<RunHouse> StartAsync(string name)
    {
        var house = await RunHouse.StartAsync(databases, name);
        house.Effects.Capsules["echoes"] = Capsules.Sequence("echo") with { Id = "echoes" };
        return house;
    }

    private static async Task<string> CreateAsync(RunHouse house, string cron, string capsule = "echoes", string catchUp = "latest", string overlap = "skip")
    {
        var context = RunHouse.Caller();
        var row = await house.Get<SaveSchedule>().RowAsync(Ids.New(house.Clock), new SaveSchedule.Request("test", cron, Capsule: capsule, CatchUp: catchUp, Overlap: overlap), context, Stop);
        await house.Db.WriteAsync("demo", work => house.Get<ScheduleStore>().CreateAsync(work, context, row), Stop);
        return row.Id;
    }

    private static async Task RoundAsync(RunHouse house)
    {
        await house.Get<FireSchedules>().RoundAsync(Stop);
        await house.LookAsync();
    }

    private static Task<List<FireRow>> FiresAsync(RunHouse house, string schedule) => house.Get<ScheduleStore>().FiresAsync("demo", schedule, long.MaxValue, 100, Stop);

    private static Task<List<string>> ChangesAsync(RunHouse house, string schedule) => house.Db.QueryAsync(
        "demo", static row => JsonDocument.Parse(row.GetString(0)).RootElement.GetProperty("what").GetString()!,
        $"SELECT data FROM journal WHERE tenant = {"demo"} AND subject = {"schedule/" + schedule} ORDER BY version", Stop);
}
