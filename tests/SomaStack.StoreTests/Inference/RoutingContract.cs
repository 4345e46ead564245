using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Inference;

/// <summary>The order in which a route's candidates are tried, with every attempt a call of its own. What a provider answers is told by the test.</summary>
public sealed class RoutingContract(Databases databases)
{
    private static readonly KnownModel A = new("a", "one", null, null, null);
    private static readonly KnownModel B = new("b", "two", null, null, null);
    private static readonly KnownModel C = new("c", "two", null, null, null);

    private readonly List<string> _tried = [];

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task A_candidate_is_retried_before_the_next_and_every_attempt_is_a_call(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var answered = await RunAsync(db, Route(1, A, B), call => call.Model == A ? 503 : null);
        Assert.Equal(["a 1", "a 2", "b 3"], _tried);
        Assert.Equal((B, 3, "request"), (answered!.Call.Model, answered.Call.Attempt, answered.Call.RequestId));
        await answered.DisposeAsync();
        var lines = await db.QueryAsync("demo", reader => reader.GetString(0)["somastack.inference.".Length..^".v1".Length], $"SELECT type FROM journal WHERE tenant = {"demo"} ORDER BY position", Stop);
        Assert.Equal(["call_opened", "call_failed", "call_opened", "call_failed", "call_opened", "call_settled"], lines);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_long_wait_and_a_refused_key_are_no_reason_to_try_the_same_model_again(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await using (await RunAsync(db, Route(5, A, B), call => call.Model == A ? 429 : null, TimeSpan.FromSeconds(30))) Assert.Equal(["a 1", "b 2"], _tried);
        _tried.Clear();
        await using (await RunAsync(db, Route(5, A, B), call => call.Model == A ? 401 : null)) Assert.Equal(["a 1", "b 2"], _tried);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_request_that_is_at_fault_itself_is_tried_once(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await using var refused = await RunAsync(db, Route(5, A, B), _ => 422);
        Assert.Equal(["a 1"], _tried);
        Assert.Equal("provider_rejected", refused!.Failure!.Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Without_a_profile_nothing_is_tried_twice(string name)
    {
        await using var db = await databases.OpenAsync(name);
        await using var failed = await RunAsync(db, new Route("a", [A]), _ => 503);
        Assert.Equal(["a 1"], _tried);
        Assert.Equal("provider_unavailable", failed!.Failure!.Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_candidate_of_another_format_is_asked_elsewhere(string name)
    {
        await using var db = await databases.OpenAsync(name);
        Assert.Null(await RunAsync(db, Route(0, A, B), _ => 503, elsewhere: _ => null));
        Assert.Equal(["a 1", "elsewhere b after 1"], _tried);
        _tried.Clear();
        await using var last = await RunAsync(db, Route(0, A, B, C), call => call.Model == A ? 503 : null, elsewhere: _ => InferenceProblems.Unavailable.Because("Also away."));
        Assert.Equal(["a 1", "elsewhere b after 1", "c 2"], _tried);
        Assert.Null(last!.Failure);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Retries_end_with_their_budget(string name)
    {
        await using var db = await databases.OpenAsync(name);
        var attempts = Attempts(db, out var calls);
        for (var i = 0; i < 20; i++)
        {
            await using var failed = await RunAsync(attempts, calls, Route(1, A), _ => 409);
            Assert.NotNull(failed!.Failure);
        }
        // Ten are saved at the start and each call earns a fifth: of the twenty calls the first twelve, the fifteenth and the last are retried.
        Assert.Equal(20 + 14, _tried.Count);
    }

    private async Task<Tried?> RunAsync(Db db, Route route, Func<ModelCall, int?> status, TimeSpan? retryAfter = null, Func<KnownModel, Problem?>? elsewhere = null)
    {
        var attempts = Attempts(db, out var calls);
        return await RunAsync(attempts, calls, route, status, retryAfter, elsewhere);
    }

    private async Task<Tried?> RunAsync(Attempts attempts, ModelCalls calls, Route route, Func<ModelCall, int?> status, TimeSpan? retryAfter = null, Func<KnownModel, Problem?>? elsewhere = null)
    {
        var first = await calls.PermitAsync(Databases.Context(), route.Candidates[0], "chat", false, new string('a', 64), 10, 10, Stop);
        first.RequestId = "request";
        var plan = new AttemptPlan<Tried>(route, false, BeginAsync, Stop)
        {
            Suits = model => elsewhere is null || model != B,
            Elsewhere = elsewhere is null ? null : (model, count) =>
            {
                _tried.Add($"elsewhere {model.Id} after {count}");
                return Task.FromResult(elsewhere(model));
            },
        };
        return await attempts.RunAsync(plan, first);

        async Task<Tried> BeginAsync(ModelCall call, AttemptDeadline deadline)
        {
            _tried.Add($"{call.Model.Id} {call.Attempt}");
            await calls.OpenAsync(call);
            call.UpstreamStatus = status(call);
            var failure = call.UpstreamStatus is { } code ? InferenceProblems.FromStatus((System.Net.HttpStatusCode)code, null, retryAfter) : null;
            if (failure is not null) await calls.FailAsync(call, failure.Code.Code, reached: false);
            return new Tried(calls, call, failure, deadline);
        }
    }

    private static Attempts Attempts(Db db, out ModelCalls calls)
    {
        var clock = TimeProvider.System;
        calls = new ModelCalls(db, new Journal(clock), new CallStore(db), new CallContract.FixedGate(), new CallContract.NotedBilling(), clock, NullLogger<ModelCalls>.Instance);
        return new Attempts(calls, new Circuits(clock), clock);
    }

    private static Route Route(int retries, params KnownModel[] candidates) => new("a", candidates) { Profile = ModelProfile.Of("chat", "a") with { Retries = retries } };

    private sealed class Tried(ModelCalls calls, ModelCall call, Problem? failure, AttemptDeadline deadline) : IAttempt
    {
        public ModelCall Call => call;

        public Problem? Failure => failure;

        public async ValueTask DisposeAsync()
        {
            if (failure is null) await calls.SettleAsync(call);
            deadline.Dispose();
        }
    }
}
