using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>One governed call to one candidate, up to its first byte; its owner reads on from there.</summary>
/// <remarks>Disposing it releases what it holds, and books it unless it is booked.</remarks>
internal interface IAttempt : IAsyncDisposable
{
    ModelCall Call { get; }

    /// <summary>Why it has no first byte; then it is booked already. Null when it has one.</summary>
    Problem? Failure { get; }
}

/// <summary>What the attempts of one request have in common.</summary>
/// <param name="Begin">Opens the call and waits for the first byte. The attempt owns the deadline.</param>
internal sealed record AttemptPlan<T>(Route Route, bool Stream, Func<ModelCall, AttemptDeadline, Task<T>> Begin, CancellationToken Caller) where T : class, IAttempt
{
    /// <summary>Whether this way of asking suits the candidate; null suits all.</summary>
    public Func<KnownModel, bool>? Suits { get; init; }

    /// <summary>Asks a candidate in another way, given the attempts so far; says why it did not answer. Null skips such candidates.</summary>
    public Func<KnownModel, int, Task<Problem?>>? Elsewhere { get; init; }

    /// <summary>Attempts that were overtaken and are being booked; to be awaited before the request ends.</summary>
    public List<Task> Overtaken { get; } = [];
}

/// <summary>
/// Tries the candidates of a route until one gives its first byte: retries within the budget, circuit breakers, then the next
/// candidate; a second attempt beside a silent one where the profile hedges. Every attempt is a governed call of its own.
/// </summary>
internal sealed class Attempts(ModelCalls calls, Circuits circuits, TimeProvider clock)
{
    /// <param name="first">Permitted for the first candidate, not yet opened.</param>
    /// <returns>The attempt that has its first byte, or the last that failed; null when it was answered elsewhere.</returns>
    /// <exception cref="Problem">No candidate could be tried, or the budget refused.</exception>
    public async Task<T?> RunAsync<T>(AttemptPlan<T> plan, ModelCall first) where T : class, IAttempt
    {
        var state = new Progress<T>(first);
        try
        {
            return await RunAsync(plan, state);
        }
        catch
        {
            await state.ForgetAsync();
            throw;
        }
    }

    /// <summary>An answer of this model that had begun was cut.</summary>
    public void Cut(KnownModel model) => circuits.Of(model).Cut();

    private async Task<T?> RunAsync<T>(AttemptPlan<T> plan, Progress<T> state) where T : class, IAttempt
    {
        var candidates = plan.Route.Candidates;
        for (var place = 0; place < candidates.Count; place++)
        {
            var model = candidates[place];
            if (plan.Suits is not null && !plan.Suits(model))
            {
                if (plan.Elsewhere is null) continue;
                state.Refusal = await plan.Elsewhere(model, state.Count);
                if (state.Refusal is not null) continue;
                await state.ForgetAsync();
                return null;
            }
            if (place > 0 && state.Count > 0) RoutingMetrics.FellBack(model);
            if (await TryAsync(plan, state, place) is { } done) return done;
        }
        return state.Failed ?? throw state.Refusal ?? InferenceProblems.Unavailable.Because("None of the models could be asked.");
    }

    /// <returns>Null when the next candidate is to be tried.</returns>
    private async Task<T?> TryAsync<T>(AttemptPlan<T> plan, Progress<T> state, int place) where T : class, IAttempt
    {
        var model = plan.Route.Candidates[place];
        var budget = circuits.BudgetOf(model.Provider);
        budget.Earn();
        for (var retry = 0; ; retry++)
        {
            var circuit = circuits.Of(model);
            if (!circuit.TryEnter(out var ticket, out var wait))
            {
                state.Refusal = new Problem(InferenceProblems.Unavailable, $"'{model.Id}' failed too often just now and is given {Math.Ceiling(wait.TotalSeconds)} s of rest.") { RetryAfter = wait };
                return null;
            }
            if (await CallAsync(plan, state, model) is not { } call)
            {
                circuit.Abandon(ticket);
                return null;
            }
            var attempt = await BeginAsync(plan, state, place, call, circuit, ticket);
            if (attempt.Failure is not { } failure) return attempt;
            await state.FailedAsync(attempt);
            var step = FailureRules.After(failure, attempt.Call.UpstreamStatus);
            if (step == NextStep.Stop) return attempt;
            if (step == NextStep.OtherModel || retry >= (plan.Route.Profile?.Retries ?? 0) || !budget.TrySpend()) return null;
            RoutingMetrics.Retried(model);
            await Task.Delay(FailureRules.BackOff(retry, failure.RetryAfter, Random.Shared.NextDouble()), clock, plan.Caller);
        }
    }

    /// <summary>The call of the next attempt. Null when the gate does not let a later one through; the first was let through by its surface.</summary>
    private async ValueTask<ModelCall?> CallAsync<T>(AttemptPlan<T> plan, Progress<T> state, KnownModel model) where T : class, IAttempt
    {
        var first = state.First;
        if (state.Count == 0 && first.Model.Provider == model.Provider && first.Model.Id == model.Id)
        {
            state.Count = 1;
            return first;
        }
        try
        {
            var call = await calls.AgainAsync(first, model, first.Attempt + state.Count, plan.Caller);
            state.Count++;
            return call;
        }
        catch (Problem problem)
        {
            state.Refusal = problem;
            return null;
        }
    }

    private async Task<T> BeginAsync<T>(AttemptPlan<T> plan, Progress<T> state, int place, ModelCall call, CircuitBreaker circuit, long ticket) where T : class, IAttempt
    {
        var one = new Racer<T>(new AttemptDeadline(clock, AttemptLimits.Of(plan.Route.Profile, plan.Stream), plan.Caller));
        one.Task = OneAsync(plan, call, one.Deadline, circuit, ticket);
        if (plan.Route.Profile?.HedgeAfterMs is not { } silence || place + 1 >= plan.Route.Candidates.Count) return await one.Task;

        using var quiet = new CancellationTokenSource();
        var waited = Task.Delay(TimeSpan.FromMilliseconds(silence), clock, quiet.Token);
        if (await Task.WhenAny(one.Task, waited) == one.Task)
        {
            await quiet.CancelAsync();
            return await one.Task;
        }
        return await HedgeAsync(plan, state, plan.Route.Candidates[place + 1], one);
    }

    /// <summary>Asks another candidate beside the silent one. The first to give its first byte wins; the other is ended and booked.</summary>
    private async Task<T> HedgeAsync<T>(AttemptPlan<T> plan, Progress<T> state, KnownModel model, Racer<T> one) where T : class, IAttempt
    {
        if (plan.Suits?.Invoke(model) == false || !circuits.BudgetOf(model.Provider).TrySpend()) return await one.Task;
        var circuit = circuits.Of(model);
        if (!circuit.TryEnter(out var ticket, out _)) return await one.Task;
        if (await CallAsync(plan, state, model) is not { } call)
        {
            circuit.Abandon(ticket);
            return await one.Task;
        }
        RoutingMetrics.Hedged(model);
        var two = new Racer<T>(new AttemptDeadline(clock, AttemptLimits.Of(plan.Route.Profile, plan.Stream), plan.Caller));
        two.Task = OneAsync(plan, call, two.Deadline, circuit, ticket);
        var (winner, other) = await Task.WhenAny(one.Task, two.Task) == one.Task ? (one, two) : (two, one);
        if (!winner.HasFirstByte)
        {
            // It only failed first: what the other comes to decides.
            var failed = winner;
            (winner, other) = (other, failed);
            await Quietly(winner.Task);
            if (!winner.HasFirstByte) (winner, other) = (one, two);
        }
        plan.Overtaken.Add(EndAsync(other));
        return await winner.Task;
    }

    private static async Task EndAsync<T>(Racer<T> racer) where T : class, IAttempt
    {
        if (!racer.Task.IsCompleted || racer.HasFirstByte) racer.Deadline.Lose();
        await Quietly(racer.Task);
        if (racer.Task.IsCompletedSuccessfully) await racer.Task.Result.DisposeAsync();
    }

    private static async Task Quietly(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private static async Task<T> OneAsync<T>(AttemptPlan<T> plan, ModelCall call, AttemptDeadline deadline, CircuitBreaker circuit, long ticket) where T : class, IAttempt
    {
        call.Deadline = deadline;
        try
        {
            var begun = await plan.Begin(call, deadline);
            if (begun.Failure is not { } failure || !FailureRules.Blames(failure)) circuit.Succeed(ticket);
            else if (circuit.Fail(ticket)) RoutingMetrics.CircuitOpened(call.Model);
            return begun;
        }
        catch
        {
            circuit.Abandon(ticket);
            deadline.Dispose();
            throw;
        }
    }

    private sealed class Racer<T>(AttemptDeadline deadline) where T : class, IAttempt
    {
        public AttemptDeadline Deadline => deadline;

        public Task<T> Task { get; set; } = null!;

        public bool HasFirstByte => Task.IsCompletedSuccessfully && Task.Result.Failure is null;
    }

    /// <summary>How far the request has come.</summary>
    private sealed class Progress<T>(ModelCall first) where T : class, IAttempt
    {
        public ModelCall First => first;

        /// <summary>Attempts so far.</summary>
        public int Count { get; set; }

        public T? Failed { get; private set; }

        /// <summary>Why a candidate was not even tried.</summary>
        public Problem? Refusal { get; set; }

        public async ValueTask FailedAsync(T attempt)
        {
            await ForgetAsync();
            Failed = attempt;
        }

        public async ValueTask ForgetAsync()
        {
            if (Failed is not null) await Failed.DisposeAsync();
            Failed = null;
        }
    }
}
