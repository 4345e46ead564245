using System.Security.Cryptography;
using SomaStack.Governance.Policy;

namespace SomaStack.Bench;

/// <summary>The command that trains the injection model, and says whether the committed file is what comes out.</summary>
public static class InjectionModelBench
{
    public static readonly Benchmark Benchmark = new(
        "moderation-model", "Trains moderation's linear model anew into ./injection-model.bin and says whether it is the committed one (--data FOLDER of the public sets).", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = options.Data ?? AttackTexts.DefaultFolder() ?? throw new InvalidDataException("The public sets are not here: name their folder with --data.");
        var templates = await File.ReadAllLinesAsync(Templates(), cancellationToken);
        var training = AttackTexts.Read(folder).Where(static text => !text.Held && text.Set != AttackTexts.Harmful).ToList();
        var (file, benign, attacks) = InjectionTraining.Train(templates, training);
        await File.WriteAllBytesAsync("injection-model.bin", file, cancellationToken);
        var model = InjectionModel.Read(file);
        var hash = Convert.ToHexStringLower(SHA256.HashData(file));
        options.Progress($"injection-model.bin: {hash}, {(hash == InjectionModel.Sha256() ? "the committed one" : "NOT the committed one, which is " + InjectionModel.Sha256())}");
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal)
        {
            ["texts_benign"] = One(benign.Length, "texts of templates and of the training half"),
            ["texts_attack"] = One(attacks.Length, "texts of templates and of the training half"),
            ["threshold"] = One(model.Threshold, "log-odds"),
            ["recall_cross_validated"] = One(100.0 * attacks.Count(score => score >= model.Threshold) / attacks.Length, $"% of attacks at {InjectionTraining.FalseAlarms:P0} false alarms, {InjectionTraining.Folds} folds by template"),
            ["file"] = One(file.Length, "bytes"),
            ["same_as_committed"] = One(hash == InjectionModel.Sha256() ? 1 : 0, "1 is yes"),
        };
        return BenchResult.Of("moderation-model", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1);
    }

    internal static string Templates()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "bench", "moderation", "templates.txt") is var path && File.Exists(path)) return path;
        throw new InvalidDataException("bench/moderation/templates.txt is not there: this runs from a checkout.");
    }

    private static Figure One(double value, string unit) => new(value, value, value, unit);
}
