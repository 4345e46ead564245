using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Models">Names of <c>GET /v1/models</c>; without it the primary models of the roles, and SOMA_BENCHMARK_MODELS.</param>
/// <param name="Tasks">Capsules of these tasks; all without it.</param>
/// <param name="Capsules">These capsules, by id.</param>
/// <param name="Repetitions">How often each question is asked; 1 by default.</param>
/// <param name="Wait">Answers when the run has ended, or after five minutes as it is then.</param>
internal sealed record RunRequest(IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Tasks = null, IReadOnlyList<string>? Capsules = null, int? Repetitions = null, bool? Wait = null);

/// <summary><c>POST /v1/run</c>: has models answer capsules, in the background.</summary>
internal sealed class StartRun(RunStore store, CapsuleShelf shelf, IPrimaryModels primaries, ReadRuns runs, SomaOptions options, ISettings settings, Journal journal, TimeProvider clock) : IBenchmarks
{
    private const int ModelsMax = 20;
    private const int ModelLengthMax = 200;
    private const int RepetitionsMax = 20;

    /// <summary>A run of more questions than this is likelier a slip than a wish.</summary>
    private const int QuestionsMax = 20_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/run", static async Task<IResult> (RunRequest request, RequestContext context, StartRun use, CancellationToken cancellationToken) =>
            {
                var view = await use.RunAsync(request, context, cancellationToken);
                return view.EndedAt is null ? TypedResults.Accepted($"/v1/run/{view.Id}", view) : TypedResults.Ok(view);
            })
            .Requires(Capability.BenchmarkRun).WithTags("benchmarks").WithSummary("Has models answer benchmark capsules.").WithoutTimeLimit()
            .Produces<RunView>(StatusCodes.Status202Accepted).Produces<RunView>();

    public Task BeginAsync(RequestContext context, string id, IReadOnlyList<string>? tasks, CancellationToken cancellationToken) =>
        BeginAsync(context, id, "schedule", new RunRequest(Tasks: tasks), cancellationToken);

    /// <summary>Queues a run; nothing happens when one of this id is there.</summary>
    /// <param name="cause">request or schedule.</param>
    public async Task BeginAsync(RequestContext context, string id, string cause, RunRequest request, CancellationToken cancellationToken)
    {
        var capsules = Chosen(request);
        var models = request.Models ?? await DefaultsAsync(context, capsules, cancellationToken);
        Check.That(models.Count is >= 1 and <= ModelsMax && models.All(static name => name is { Length: >= 1 and <= ModelLengthMax }), "models", $"must name 1 to {ModelsMax} models of 1 to {ModelLengthMax} characters; no primary model is set for these tasks")
            .And(request.Repetitions is null or (>= 1 and <= RepetitionsMax), "repetitions", $"must be from 1 to {RepetitionsMax}")
            .OrThrow();
        models = [.. models.Distinct(StringComparer.Ordinal)];
        var repetitions = request.Repetitions ?? 1;
        var questions = (long)models.Count * capsules.Sum(static capsule => capsule.Items.Count) * repetitions;
        Check.That(questions <= QuestionsMax, "repetitions", $"makes {questions} questions with these models and capsules; at most {QuestionsMax} are asked in a run").OrThrow();
        var now = clock.NowMicros();
        IReadOnlyList<string> named = [.. capsules.Select(static capsule => capsule.Named)];
        var row = new RunRow(context.Tenant, id, "queued", cause, context.Principal, models, named, repetitions, questions, settings.Mode.Name(), "", now, 0, now, null, null, null);
        await store.Db.WriteAsync(context.Tenant, async work =>
        {
            if (await RunStore.AddAsync(work, row) == 0) return;
            await journal.AppendAsync(work, context, "benchmark_run/" + id, 1, BenchmarkEvents.RunRequested, new RunRequested(id, cause, models, named, repetitions, questions), BenchmarksJson.Default.RunRequested);
        }, cancellationToken);
    }

    private async Task<RunView> RunAsync(RunRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var id = Ids.For(context, "benchmark_run");
        await BeginAsync(context, id, "request", request, cancellationToken);
        var until = clock.GetUtcNow() + Patience;
        if (request.Wait != true) return await runs.FindAsync(context, id, cancellationToken);
        using var timer = new PeriodicTimer(Look, clock);
        while (clock.GetUtcNow() < until && (await store.FindAsync(context.Tenant, id, cancellationToken))?.EndedAt is null) await timer.WaitForNextTickAsync(cancellationToken);
        return await runs.FindAsync(context, id, cancellationToken);
    }

    private List<Capsule> Chosen(RunRequest request)
    {
        foreach (var task in request.Tasks ?? [])
            if (!Benchmarks.Tasks.All.Contains(task)) throw Problem.Invalid("tasks", $"must be of {string.Join(", ", Benchmarks.Tasks.All)}");
        foreach (var id in request.Capsules ?? [])
            if (shelf.Find(id) is null) throw BenchmarkProblems.CapsuleUnknown.Because($"'{(id.Length <= 64 ? id : id[..64])}' is not among: {string.Join(", ", shelf.All.Select(static capsule => capsule.Id))}.");
        var chosen = shelf.All.Where(capsule => request.Tasks?.Contains(capsule.Task) != false && request.Capsules?.Contains(capsule.Id) != false).ToList();
        return chosen.Count > 0 ? chosen : throw Problem.Invalid("capsules", "leaves no capsule together with 'tasks'");
    }

    /// <summary>Never all that a provider lists: that would cost.</summary>
    private async Task<IReadOnlyList<string>> DefaultsAsync(RequestContext context, List<Capsule> capsules, CancellationToken cancellationToken)
    {
        var models = new List<string>();
        foreach (var role in capsules.Select(static capsule => Benchmarks.Tasks.RoleOf(capsule.Task)).Distinct(StringComparer.Ordinal))
            if (await primaries.PrimaryAsync(context, role, cancellationToken) is { } primary) models.Add(primary);
        models.AddRange(options.BenchmarkModels);
        return models;
    }
}
