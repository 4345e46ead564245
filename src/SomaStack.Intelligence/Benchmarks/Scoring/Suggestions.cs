namespace SomaStack.Intelligence.Benchmarks;

/// <summary>All that was seen of a model at a task within the window.</summary>
internal sealed record Seen(string Model, string Task, IReadOnlyList<Observation> Calls);

/// <summary>A change of a tenant's primary model that the numbers speak for and a person decides.</summary>
/// <param name="Kind">promotion or rollback.</param>
/// <param name="Candidate">What would take over; null when no model measured here reached the threshold.</param>
/// <param name="Items">Items that both were asked, or those of the primary alone for a rollback without a candidate.</param>
internal sealed record Suggestion(
    string Kind, string Role, string Task, string Primary, string? Candidate, double PrimaryScore, Interval PrimaryInterval, double? CandidateScore, Interval? CandidateInterval, int Items, string Reason);

/// <summary>Compares models with the primary of their role. Pure.</summary>
internal static class Suggestions
{
    /// <summary>Fewer common items than this say nothing about a change of model.</summary>
    public const int ItemsMin = 8;

    private const string Promotion = "promotion";
    private const string Rollback = "rollback";

    /// <summary>
    /// A promotion where a candidate's whole interval lies above the primary's, over the items and terms that both have, unless another task
    /// of the role shows the opposite; a rollback where the primary's quality lies below its threshold with its whole interval.
    /// </summary>
    /// <param name="primaries">By role.</param>
    /// <param name="thresholds">Of quality by task; the highest of its capsules.</param>
    public static IReadOnlyList<Suggestion> Of(IReadOnlyList<Seen> seen, IReadOnlyDictionary<string, string> primaries, IReadOnlyDictionary<string, double> thresholds, Weights weights)
    {
        var found = new List<Suggestion>();
        foreach (var task in Tasks.All)
        {
            var role = Tasks.RoleOf(task);
            if (!primaries.TryGetValue(role, out var primary)) continue;
            if (seen.FirstOrDefault(one => one.Task == task && one.Model == primary) is not { } own) continue;
            var fallen = Fallen(seen, own, role, thresholds, weights);
            if (fallen is not null) found.Add(fallen);
            var better = seen.Where(one => one.Task == task && one.Model != primary)
                .Select(one => (one.Model, Compared: Compare(one.Calls, own.Calls, weights)))
                .Where(pair => pair.Compared is { Verdict: > 0 } && pair.Model != fallen?.Candidate && !IsWorseElsewhere(seen, pair.Model, primary, role, task, weights))
                .OrderByDescending(static pair => pair.Compared!.Candidate.Value).ThenBy(static pair => pair.Model, StringComparer.Ordinal);
            foreach (var (model, compared) in better.Take(1))
                found.Add(new Suggestion(Promotion, role, task, primary, model, compared!.Primary.Value, compared.Primary.Interval, compared.Candidate.Value, compared.Candidate.Interval, compared.Items,
                    "The candidate's interval lies above the primary's."));
        }
        return found;
    }

    /// <summary>Null when they have too few items in common. Verdict: 1 above, -1 below, 0 neither.</summary>
    public static Comparison? Compare(IReadOnlyList<Observation> candidate, IReadOnlyList<Observation> primary, Weights weights)
    {
        var common = candidate.Select(static call => call.Item).Intersect(primary.Select(static call => call.Item), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        if (common.Count < ItemsMin) return null;
        var theirs = new Observations([.. candidate.Where(call => common.Contains(call.Item))]);
        var own = new Observations([.. primary.Where(call => common.Contains(call.Item))]);
        var challenger = Score.Of(theirs, weights, own.At(null));
        var holder = Score.Of(own, weights, theirs.At(null));
        var verdict = challenger.Interval.Low > holder.Interval.High ? 1 : challenger.Interval.High < holder.Interval.Low ? -1 : 0;
        return new Comparison(challenger, holder, common.Count, verdict);
    }

    private static Suggestion? Fallen(IReadOnlyList<Seen> seen, Seen own, string role, IReadOnlyDictionary<string, double> thresholds, Weights weights)
    {
        if (!thresholds.TryGetValue(own.Task, out var threshold)) return null;
        var calls = new Observations(own.Calls);
        var score = Score.Of(calls, weights);
        if (calls.Graded < ItemsMin || score.Quality.High is not { } high || high >= threshold) return null;
        var reason = FormattableString.Invariant($"The primary's quality is {score.Quality.Value:0.###} ({score.Quality.Low:0.###} to {high:0.###}), below its threshold {threshold:0.###}.");
        var candidate = seen.Where(one => one.Task == own.Task && one.Model != own.Model)
            .Select(one => (one.Model, Quality: new Observations(one.Calls).At(null).Quality, Compared: Compare(one.Calls, own.Calls, weights)))
            .Where(one => one.Quality >= threshold && one.Compared is not null)
            .OrderByDescending(static one => one.Compared!.Candidate.Value).ThenBy(static one => one.Model, StringComparer.Ordinal).FirstOrDefault();
        return candidate.Compared is { } compared
            ? new Suggestion(Rollback, role, own.Task, own.Model, candidate.Model, compared.Primary.Value, compared.Primary.Interval, compared.Candidate.Value, compared.Candidate.Interval, compared.Items, reason)
            : new Suggestion(Rollback, role, own.Task, own.Model, null, score.Value, score.Interval, null, null, calls.Graded, reason);
    }

    private static bool IsWorseElsewhere(IReadOnlyList<Seen> seen, string candidate, string primary, string role, string except, Weights weights) =>
        Tasks.All.Where(task => task != except && Tasks.RoleOf(task) == role).Any(task =>
            seen.FirstOrDefault(one => one.Task == task && one.Model == candidate) is { } theirs
            && seen.FirstOrDefault(one => one.Task == task && one.Model == primary) is { } own
            && Compare(theirs.Calls, own.Calls, weights) is { Verdict: < 0 });
}

internal sealed record Comparison(Score Candidate, Score Primary, int Items, int Verdict);
