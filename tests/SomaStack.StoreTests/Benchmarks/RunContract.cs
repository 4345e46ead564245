using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.StoreTests.Benchmarks;

/// <summary>Runs on both databases, with the built-in responder as the model: claims, taking up what another left, the schedule, decisions.</summary>
public sealed class RunContract(Databases databases)
{
    public static readonly TheoryData<string> Names = Databases.Names;

    private static readonly RequestContext Context = Databases.Context();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task One_of_two_workers_has_a_run_until_its_claim_lapses(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        await house.Start.BeginAsync(Context, "run", "request", new RunRequest(["soma-extract"], ["qa"]), Stop);
        var due = Assert.Single(await house.Store.DueAsync(house.Clock.NowMicros(), 10, Stop));
        var later = house.Clock.NowMicros() + 60_000_000;
        Assert.True(await house.Store.ClaimAsync(due, "one", later, house.Clock.NowMicros(), Stop));
        Assert.False(await house.Store.ClaimAsync(due, "two", later, house.Clock.NowMicros(), Stop));
        Assert.Empty(await house.Store.DueAsync(house.Clock.NowMicros(), 10, Stop));
        Assert.True(await house.Store.RenewAsync("demo", "run", "one", later, Stop));

        house.Clock.Advance(TimeSpan.FromMinutes(2));
        var lapsed = Assert.Single(await house.Store.DueAsync(house.Clock.NowMicros(), 10, Stop));
        Assert.True(await house.Store.ClaimAsync(lapsed, "two", later * 2, house.Clock.NowMicros(), Stop));
        Assert.False(await house.Store.RenewAsync("demo", "run", "one", later, Stop));
        // Whoever lost the claim writes nothing any more.
        Assert.False(await house.Store.AddResultAsync("demo", "run", "one", Row("voyager", 0), Stop));
        Assert.True(await house.Store.AddResultAsync("demo", "run", "two", Row("voyager", 1), Stop));
        Assert.False(await house.Store.AddResultAsync("demo", "run", "two", Row("voyager", 0), Stop));
        Assert.Equal(1, Assert.Single(await house.Store.ResultsAsync("demo", "run", Stop)).Outcome.Quality);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Old_runs_go_with_their_results_and_what_waits_for_a_person_stays(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        await EndAsync("old");
        await house.SuggestAsync("old", new Suggestion("promotion", "chat", "qa", "weak", "strong", 0.1, new Interval(0, 0.2), 0.9, new Interval(0.8, 1), 12, "better"));
        house.Clock.Advance(TimeSpan.FromDays(2));
        await EndAsync("new");
        await house.Start.BeginAsync(Context, "waiting", "request", new RunRequest(["soma-extract"], ["qa"]), Stop);
        house.Clock.Advance(TimeSpan.FromDays(399));

        Assert.Equal(0, await house.Sweep(402).SweepAsync(Stop));
        Assert.Equal(1, await house.Sweep(400).SweepAsync(Stop));
        Assert.Equal(["new", "waiting"], (await house.Store.ListAsync("demo", long.MaxValue, "", 10, Stop)).Select(static run => run.Id).Order());
        Assert.Empty(await house.Store.ResultsAsync("demo", "old", Stop));
        Assert.Equal(2, (await house.Store.ResultsAsync("demo", "new", Stop)).Count);
        var open = Assert.Single(await house.Promotions.ListAsync("demo", "", long.MaxValue, "", 10, Stop));
        Assert.True(await house.Promotions.DecideAsync(Context, open, "rejected", house.Clock.NowMicros(), Stop));
        house.Clock.Advance(TimeSpan.FromDays(401));
        await house.Sweep(400).SweepAsync(Stop);
        Assert.Empty(await house.Promotions.ListAsync("demo", "", long.MaxValue, "", 10, Stop));

        async Task EndAsync(string id)
        {
            await house.Start.BeginAsync(Context, id, "request", new RunRequest(["soma-extract"], ["qa"]), Stop);
            var due = Assert.Single(await house.Store.DueAsync(house.Clock.NowMicros(), 10, Stop));
            Assert.True(await house.Store.ClaimAsync(due, "one", house.Clock.NowMicros() + 60_000_000, house.Clock.NowMicros(), Stop));
            Assert.True(await house.Store.AddResultAsync("demo", id, "one", Row("voyager", 1), Stop));
            Assert.True(await house.Store.AddResultAsync("demo", id, "one", Row("pioneer", 0), Stop));
            Assert.True(await house.EndAsync(id, "one"));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_run_that_was_left_is_finished_without_asking_again_what_has_a_result(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        await house.Start.BeginAsync(Context, "run", "request", new RunRequest(["soma-extract"], ["qa"]), Stop);
        var due = Assert.Single(await house.Store.DueAsync(house.Clock.NowMicros(), 10, Stop));
        Assert.True(await house.Store.ClaimAsync(due, "dead", house.Clock.NowMicros() + 1, house.Clock.NowMicros(), Stop));
        // A value that the responder would not get, so that asking again would show.
        Assert.True(await house.Store.AddResultAsync("demo", "run", "dead", Row("voyager", 0.125), Stop));
        house.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(1, await house.Work().SweepAsync(Stop));
        Assert.Equal(0, await house.Work().SweepAsync(Stop));
        var results = await house.Store.ResultsAsync("demo", "run", Stop);
        Assert.Equal(12, results.Count);
        Assert.Equal(0.125, results.Single(row => row.Item == "voyager").Outcome.Quality);
        Assert.All(results.Where(row => row.Item != "voyager"), row => Assert.NotNull(row.Outcome.CallId));
        var run = (await house.Store.FindAsync("demo", "run", Stop))!;
        Assert.Equal(("done", 2L), (run.Status, run.Attempts));
        Assert.Equal(["run_requested", "run_finished"], await house.JournalAsync("benchmark_run/run"));
        Assert.Null(await house.Store.FindAsync("other", "run", Stop));
        Assert.Empty(await house.Scores.SeenAsync("other", house.Clock.GetUtcNow(), 30, Stop));
        Assert.Equal(12, Assert.Single(await house.Scores.SeenAsync("demo", house.Clock.GetUtcNow(), 30, Stop)).Calls.Count);
        house.Clock.Advance(TimeSpan.FromDays(31));
        Assert.Empty(await house.Scores.SeenAsync("demo", house.Clock.GetUtcNow(), 30, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_id_begins_one_run(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        for (var i = 0; i < 2; i++) await house.Start.BeginAsync(Context, "run", "request", new RunRequest(["soma-extract"], ["qa"]), Stop);
        Assert.Single(await house.Store.ListAsync("demo", long.MaxValue, "", 10, Stop));
        Assert.Equal(["run_requested"], await house.JournalAsync("benchmark_run/run"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_schedule_queues_one_run_a_night_however_many_replicas_there_are(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        using var one = house.Nightly();
        using var two = house.Nightly();
        await one.StartAsync(Stop);
        await two.StartAsync(Stop);
        var begun = house.Clock.GetUtcNow();
        // The clock goes on until two nights have passed; each step lets both see it.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        List<RunRow> runs = [];
        for (var step = 0; step < 20_000 && runs.Count < 2; step++)
        {
            house.Clock.Advance(TimeSpan.FromMinutes(10));
            await timer.WaitForNextTickAsync(Stop);
            runs = await house.Store.ListAsync("demo", long.MaxValue, "", 10, Stop);
        }
        await one.StopAsync(Stop);
        await two.StopAsync(Stop);
        Assert.Equal(2, runs.Count);
        Assert.All(runs, run => Assert.Equal(("schedule", "queued"), (run.Cause, run.Status)));
        Assert.True(runs[^1].CreatedAt.ToInstant() >= new DateTimeOffset(begun.Date, TimeSpan.Zero).AddHours(3));
        Assert.NotEqual(runs[0].CreatedAt.ToInstant().Date, runs[1].CreatedAt.ToInstant().Date);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Accepting_a_suggestion_changes_the_primary_once_and_is_journalled(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var primaries = new KeptPrimaries();
        var decide = new DecidePromotions(house.Promotions, primaries, house.Clock);
        await house.SuggestAsync("run", new Suggestion("promotion", "chat", "qa", "weak", "strong", 0.3, new Interval(0.2, 0.4), 0.9, new Interval(0.8, 1), 12, "Better."));
        await house.SuggestAsync("later", new Suggestion("promotion", "chat", "qa", "weak", "stronger", 0.3, new Interval(0.2, 0.4), 0.95, new Interval(0.9, 1), 12, "Better."));
        await house.SuggestAsync("run", new Suggestion("rollback", "planning", "tool_calling", "weak", null, 0.3, new Interval(0.2, 0.4), null, null, 12, "Fallen."));
        var open = await house.Promotions.ListAsync("demo", "open", long.MaxValue, "", 10, Stop);
        Assert.Equal(["promotion strong", "rollback "], open.Select(row => $"{row.Suggestion.Kind} {row.Suggestion.Candidate}").Order(StringComparer.Ordinal));

        var promotion = open.Single(row => row.Suggestion.Kind == "promotion");
        Assert.Equal(promotion.Suggestion, (await house.Promotions.FindAsync("demo", promotion.Id, Stop))!.Suggestion);
        var accepted = await decide.AcceptAsync(Context, promotion.Id, Stop);
        Assert.Equal(("accepted", "ada"), (accepted.Status, accepted.DecidedBy));
        Assert.Equal("strong", primaries.Chosen["chat"]);
        Assert.Equal("promotion_decided", (await Assert.ThrowsAsync<Problem>(() => decide.AcceptAsync(Context, promotion.Id, Stop))).Code.Code);
        Assert.Equal(["promotion_suggested", "promotion_decided"], await house.JournalAsync("promotion/" + promotion.Id));

        var rollback = open.Single(row => row.Suggestion.Kind == "rollback");
        Assert.Equal("promotion_without_candidate", (await Assert.ThrowsAsync<Problem>(() => decide.AcceptAsync(Context, rollback.Id, Stop))).Code.Code);
        Assert.Equal("promotion_unknown", (await Assert.ThrowsAsync<Problem>(() => decide.AcceptAsync(Databases.Context("other"), rollback.Id, Stop))).Code.Code);
        // Decided, so a later run may suggest anew.
        await house.SuggestAsync("third", new Suggestion("promotion", "chat", "qa", "weak", "stronger", 0.3, new Interval(0.2, 0.4), 0.95, new Interval(0.9, 1), 12, "Better."));
        Assert.Equal(2, (await house.Promotions.ListAsync("demo", "open", long.MaxValue, "", 10, Stop)).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_primary_that_this_installation_cannot_change_stays_and_the_suggestion_open(string name)
    {
        await using var house = await House.OpenAsync(databases, name);
        var decide = new DecidePromotions(house.Promotions, new FixedPrimaries(), house.Clock);
        await house.SuggestAsync("run", new Suggestion("promotion", "chat", "qa", "weak", "strong", 0.3, new Interval(0.2, 0.4), 0.9, new Interval(0.8, 1), 12, "Better."));
        var open = Assert.Single(await house.Promotions.ListAsync("demo", "open", long.MaxValue, "", 10, Stop));
        Assert.Equal(PlatformProblems.NotBuilt, (await Assert.ThrowsAsync<Problem>(() => decide.AcceptAsync(Context, open.Id, Stop))).Code);
        Assert.Single(await house.Promotions.ListAsync("demo", "open", long.MaxValue, "", 10, Stop));
    }

    private static ResultRow Row(string item, double quality) =>
        new("soma-extract", "qa", "qa_grounded@1", item, 1, new Outcome(Outcome.Answered, null, "somastack", quality, LatencyMs: 1, CostNanos: 0, Currency: "USD"), 1_795_000_000_000_000);

    /// <summary>The port where nothing can be changed.</summary>
    private sealed class FixedPrimaries : IPrimaryModels
    {
        public ValueTask<string?> PrimaryAsync(RequestContext context, string role, CancellationToken cancellationToken) => ValueTask.FromResult<string?>("weak");

        public Task PromoteAsync(RequestContext context, string role, string model, CancellationToken cancellationToken) => throw PlatformProblems.NotBuilt.Because("The primary is fixed here.");
    }

    /// <summary>The port, kept in memory.</summary>
    private sealed class KeptPrimaries : IPrimaryModels
    {
        public Dictionary<string, string> Chosen { get; } = [];

        public ValueTask<string?> PrimaryAsync(RequestContext context, string role, CancellationToken cancellationToken) => ValueTask.FromResult(Chosen.GetValueOrDefault(role));

        public Task PromoteAsync(RequestContext context, string role, string model, CancellationToken cancellationToken)
        {
            Chosen[role] = model;
            return Task.CompletedTask;
        }
    }

    /// <summary>The whole server without its hosted services, and the room's parts on a clock that the test moves.</summary>
    private sealed class House : IAsyncDisposable
    {
        private readonly Microsoft.AspNetCore.Builder.WebApplication _app;
        private readonly string _folder;
        private readonly Journal _journal;

        private House(Microsoft.AspNetCore.Builder.WebApplication app, string folder)
        {
            (_app, _folder, _journal) = (app, folder, new Journal(Clock));
            Store = Service<RunStore>();
            Promotions = new PromotionStore(Service<Db>(), _journal);
            Scores = new ReadScores(Store, Service<CapsuleShelf>(), Service<ISettings>(), Clock);
            var schedule = Schedule.Of("03:00");
            Start = new StartRun(Store, Service<CapsuleShelf>(), Service<IPrimaryModels>(), new ReadRuns(Store, Service<CapsuleShelf>(), schedule, Clock), Service<SomaOptions>(), Service<ISettings>(), _journal, Clock);
        }

        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

        public RunStore Store { get; }

        public PromotionStore Promotions { get; }

        public ReadScores Scores { get; }

        public StartRun Start { get; }

        public static async Task<House> OpenAsync(Databases databases, string name)
        {
            var folder = Directory.CreateTempSubdirectory("soma-bench-").FullName;
            return new House(await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Database = await databases.CreateAsync(name), Url = "http://127.0.0.1:0" }, Stop), folder);
        }

        public ExecuteRuns Work() => new(
            Store, Service<CapsuleShelf>(), new Examiner(Service<IModelAnswers>(), Service<ISpokenSentences>(), Clock), Scores, Promotions,
            Service<IPrimaryModels>(), Service<ISettings>(), _journal, Clock, NullLogger<ExecuteRuns>.Instance);

        public NightlyRuns Nightly() => new(Schedule.Of("03:00"), Start, Service<IIdentity>(), Service<ISettings>(), Clock, NullLogger<NightlyRuns>.Instance);

        public SweepRuns Sweep(int days) => new(Store, Promotions, new SomaOptions { MeasuresKeepDays = days }, Clock, NullLogger<SweepRuns>.Instance);

        public Task<bool> EndAsync(string run, string claim) => Service<Db>().WriteAsync("demo", work => RunStore.EndAsync(work, run, claim, "done", null, Clock.NowMicros()), Stop);

        public Task SuggestAsync(string run, Suggestion suggestion) => Service<Db>().WriteAsync("demo", work => Promotions.SuggestAsync(work, Context, run, suggestion, Clock.NowMicros()), Stop);

        public async Task<List<string>> JournalAsync(string subject) => await Service<Db>().QueryAsync("demo", static reader => reader.GetString(0)["somastack.benchmarks.".Length..^".v1".Length],
            $"SELECT type FROM journal WHERE tenant = {"demo"} AND subject = {subject} ORDER BY version", Stop);

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }

        private T Service<T>() where T : notnull => _app.Services.GetRequiredService<T>();
    }
}
