using System.Globalization;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Bench;

/// <summary>
/// Holds memory to <c>capsules/memory_regression.yaml</c>, through the room itself on embedded defaults: every check with its threshold,
/// and the same questions answered by words only and by meaning only.
/// </summary>
public static class RegressionCapsule
{
    private const string Tenant = "capsule";

    /// <summary>The deepest that any check looks.</summary>
    private const int Depth = 10;

    public static readonly Benchmark Benchmark = new("capsule", "Memory held to a regression capsule (--data FILE): checks, thresholds, words only, meaning only.", RunAsync);

    /// <param name="Measured">A share from 0 to 1, milliseconds, or a count.</param>
    internal sealed record Result(CapsuleFile.Check Check, Figure Measured, int Count)
    {
        public bool Passed => Check.AtMost ? Measured.Median <= Check.Threshold : Measured.Median >= Check.Threshold;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Check.Name,-16} {Measured.Median,8:0.####} [{Measured.Min:0.####}, {Measured.Max:0.####}] n {Count}, "
            + $"{(Check.AtMost ? "at most" : "at least")} {Check.Threshold}: {(Passed ? "passed" : "NOT REACHED")}{(Check.Floor is { } floor ? $", floor {floor}" : "")}");
    }

    /// <summary>Where the first right result stood, from 0, or −1; and how sure recall was.</summary>
    internal readonly record struct Answer(CapsuleFacts.Asked Question, int Rank, double Confidence);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var capsule = CapsuleFile.Read(options.Data ?? CapsuleFile.DefaultFile() ?? throw new InvalidDataException("No capsule is here (capsules/memory_regression.yaml); name one with --data FILE."));
        var seed = options.Seed ?? capsule.Seed;
        options.Progress($"{capsule.Name} {capsule.Version}, seed {seed}");
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        await using var room = await MeasuredRoom.OpenAsync(cancellationToken);
        var facts = CapsuleFacts.Of(capsule, seed);
        await room.RememberAsync(Tenant, facts.Drafts, cancellationToken);
        options.Progress($"{facts.Drafts.Count} facts remembered, {facts.Questions.Count} questions");
        foreach (var (prefix, ranking) in new[] { ("", Ranking.Default), ("bm25_", Ranking.OnlyWords), ("vector_", Ranking.OnlyMeaning) })
        {
            var answers = await AskAsync(room, facts.Questions, ranking, cancellationToken);
            foreach (var result in Judge(capsule, answers, heldOut: true)) Report(prefix, result);
            if (prefix is "")
                foreach (var result in Judge(capsule, answers, heldOut: false).Where(result => result.Check.Questions is not "")) Report("open_", result);
        }
        foreach (var result in await MeasureAsync(room, capsule, seed, options.Progress, cancellationToken)) Report("", result);
        return BenchResult.Of("capsule", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1);

        void Report(string prefix, Result result)
        {
            figures[prefix + result.Check.Name] = prefix is not "" ? result.Measured : result.Measured with
            {
                Unit = string.Create(CultureInfo.InvariantCulture, $"{result.Measured.Unit}; {(result.Check.AtMost ? "at most" : "at least")} {result.Check.Threshold}: {(result.Passed ? "passed" : "not reached")}"),
            };
            options.Progress(prefix + result);
        }
    }

    private static async Task<List<Result>> MeasureAsync(MeasuredRoom room, CapsuleFile capsule, int seed, Action<string> progress, CancellationToken cancellationToken)
    {
        var (recall, remember) = await CapsuleTimings.MeasureAsync(room, capsule, seed, progress, cancellationToken);
        var leaks = await LeaksAsync(room, capsule, seed, capsule.Isolation.Probes, cancellationToken);
        var results = new List<Result>();
        foreach (var check in capsule.Checks)
            if (check.Name is "leaks") results.Add(leaks with { Check = check });
            else if (check.Name is "recall_p95_ms") results.Add(new Result(check, Figure.Of([recall], "ms"), capsule.Documents.Documents));
            else if (check.Name is "remember_p95_ms") results.Add(new Result(check, Figure.Of([remember], "ms"), capsule.Documents.Documents));
        return results;
    }

    /// <summary>Tells corpus A to a tenant of its own and asks what is held out.</summary>
    internal static async Task<List<Answer>> RunAsync(MeasuredRoom room, CapsuleFile capsule, CancellationToken cancellationToken)
    {
        var facts = CapsuleFacts.Of(capsule, capsule.Seed);
        await room.RememberAsync(Tenant, facts.Drafts, cancellationToken);
        return await AskAsync(room, facts.Questions.Where(question => question.HeldOut), Ranking.Default, cancellationToken);
    }

    internal static async Task<Result> LeaksAsync(MeasuredRoom room, CapsuleFile capsule, int seed, int probes, CancellationToken cancellationToken)
    {
        var tenants = await CapsuleLeaks.TellAsync(room, capsule, seed, cancellationToken);
        var (leaks, found) = await tenants.ProbeAsync(room, probes, seed, cancellationToken);
        return new Result(capsule.Checks.First(check => check.Name is "leaks"), Figure.Of([leaks], string.Create(CultureInfo.InvariantCulture, $"of {probes} probes with {found} results")), probes);
    }

    internal static IEnumerable<Result> Judge(CapsuleFile capsule, IReadOnlyList<Answer> answers, bool heldOut)
    {
        foreach (var check in capsule.Checks)
            if (check.Questions is not "")
            {
                var asked = answers.Where(answer => answer.Question.Set == check.Questions && answer.Question.HeldOut == heldOut).ToList();
                if (asked.Count == 0) throw new InvalidDataException($"The check '{check.Name}' has no questions.");
                yield return new Result(check, MemoryBench.Wilson((double)asked.Count(answer => answer.Rank >= 0 && answer.Rank < check.At) / asked.Count, asked.Count), asked.Count);
            }
            else if (check.Name is "abstention")
            {
                var known = answers.Where(answer => answer.Question is { Set: "paraphrase" } && answer.Question.HeldOut == heldOut).Select(answer => answer.Confidence).ToList();
                var unknown = answers.Where(answer => answer.Question.Evidence is null).Select(answer => answer.Confidence).ToList();
                yield return new Result(check, Auroc(known, unknown), known.Count + unknown.Count);
            }
    }

    /// <summary>
    /// The probability that recall is surer of an answerable question than of an unanswerable one, ties counting half, with the 95 %
    /// interval of Hanley and McNeil 1982.
    /// </summary>
    internal static Figure Auroc(IReadOnlyList<double> known, IReadOnlyList<double> unknown)
    {
        var wins = 0.0;
        foreach (var high in known)
            foreach (var low in unknown) wins += high > low ? 1 : high == low ? 0.5 : 0;
        var (m, n) = ((double)known.Count, (double)unknown.Count);
        var area = wins / (m * n);
        var (q1, q2) = (area / (2 - area), 2 * area * area / (1 + area));
        var error = Math.Sqrt((area * (1 - area) + (m - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)) / (m * n));
        return new Figure(Math.Round(area, 4), Math.Round(Math.Max(0, area - 1.96 * error), 4), Math.Round(Math.Min(1, area + 1.96 * error), 4), "area, 95 % Hanley-McNeil interval");
    }

    private static async Task<List<Answer>> AskAsync(MeasuredRoom room, IEnumerable<CapsuleFacts.Asked> questions, Ranking ranking, CancellationToken cancellationToken)
    {
        var answers = new List<Answer>();
        foreach (var question in questions)
        {
            var recalled = await room.RecallAsync(Tenant, new RecallQuery(question.Text, Depth, AsOf: question.AsOf), ranking, cancellationToken);
            var rank = -1;
            for (var i = 0; i < recalled.Memories.Count && rank < 0; i++)
                if (recalled.Memories[i].Id == question.Evidence) rank = i;
            answers.Add(new Answer(question, rank, recalled.Confidence));
        }
        return answers;
    }
}
