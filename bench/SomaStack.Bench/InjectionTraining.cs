using System.Globalization;
using SomaStack.Governance.Policy;

namespace SomaStack.Bench;

/// <summary>
/// Trains the injection model: logistic regression by AdaGrad (Duchi et al. 2011) over the features that the product itself computes.
/// Learns from the project's own templates and from the training half of the public sets; nothing is drawn but the order of examples,
/// from a fixed seed, so two runs write the same bytes.
/// </summary>
internal static class InjectionTraining
{
    private const int Seed = 20261128;
    private const int TextsPerTemplate = 12;
    private const int Epochs = 4;
    public const int Folds = 5;
    private const double Rate = 0.05;
    private const double Decay = 2e-5;
    public const double FalseAlarms = 0.01;

    /// <param name="Group">Texts of one group stay in one fold, e.g. those of one template.</param>
    /// <param name="Features">Of windows as long as the product's; a short text is one.</param>
    internal sealed record Example(string Text, bool IsAttack, string Group, List<int[]> Windows);

    internal static (byte[] File, double[] Benign, double[] Attacks) Train(IEnumerable<string> templates, IEnumerable<AttackText> texts)
    {
        var examples = Examples(templates, texts);
        var scored = new List<(bool IsAttack, double Score)>();
        for (var fold = 0; fold < Folds; fold++)
        {
            var (weights, bias) = Learn([.. examples.Where(example => FoldOf(example) != fold)]);
            var model = InjectionModel.Read(InjectionModel.Write(weights, bias, 0));
            scored.AddRange(examples.Where(example => FoldOf(example) == fold).Select(example => (example.IsAttack, model.Score(new Folded(example.Text)))));
        }
        double[] benign = [.. scored.Where(static one => !one.IsAttack).Select(static one => one.Score).OrderDescending()];
        // The smallest score that at most one innocent text in a hundred reaches.
        var threshold = Math.BitIncrement((float)benign[(int)(benign.Length * FalseAlarms)]);
        var (all, free) = Learn(examples);
        return (InjectionModel.Write(all, free, threshold), benign, [.. scored.Where(static one => one.IsAttack).Select(static one => one.Score)]);
    }

    internal static IEnumerable<(string Text, bool IsAttack, string Group)> Expand(IEnumerable<string> templates)
    {
        var number = 0;
        foreach (var line in templates)
        {
            if (line.Length < 3 || line[0] is not ('+' or '-')) continue;
            number++;
            var random = new Random(Seed + number);
            var made = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < 4 * TextsPerTemplate && made.Count < TextsPerTemplate; i++) made.Add(Fill(line[2..], random));
            foreach (var text in made) yield return (text, line[0] == '+', number.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static List<Example> Examples(IEnumerable<string> templates, IEnumerable<AttackText> texts) =>
    [
        .. Expand(templates).Select(static made => new Example(made.Text, made.IsAttack, made.Group, Windows(made.Text))),
        .. texts.Select(static text => new Example(text.Text, text.IsAttack, text.Text, Windows(text.Text))),
    ];

    private static int FoldOf(Example example) => AttackTexts.Digest(example.Group)[1] % Folds;

    private static List<int[]> Windows(string text)
    {
        var folded = new Folded(text);
        var windows = new List<int[]>();
        for (var from = 0; from < Math.Max(1, folded.Words.Count - InjectionModel.Window / 2); from += InjectionModel.Window / 2)
        {
            var features = new List<int>();
            for (var i = from; i < Math.Min(folded.Words.Count, from + InjectionModel.Window); i++) InjectionModel.Features(folded, i, features);
            windows.Add([.. features]);
        }
        return windows;
    }

    /// <summary>Each window counts alike within its text, each text alike within its class, and both classes alike.</summary>
    private static (double[] Weights, double Bias) Learn(List<Example> examples)
    {
        var attacks = examples.Count(static example => example.IsAttack);
        var windows = examples.SelectMany(example => example.Windows.Where(static window => window.Length > 0).Select(window => (
            Features: window, example.IsAttack,
            Importance: examples.Count / 2.0 / (example.IsAttack ? attacks : examples.Count - attacks) / Math.Sqrt(example.Windows.Count)))).ToArray();
        var weights = new double[1 << InjectionModel.Bits];
        var slopes = new double[weights.Length];
        double bias = 0, biasSlope = 0;
        var random = new Random(Seed);
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle(windows);
            foreach (var (features, isAttack, importance) in windows)
            {
                var unit = 1 / Math.Sqrt(features.Length);
                var z = bias;
                foreach (var feature in features) z += weights[feature] * unit;
                var error = importance * (1 / (1 + Math.Exp(-z)) - (isAttack ? 1 : 0));
                foreach (var feature in features)
                {
                    var slope = error * unit + Decay * weights[feature];
                    slopes[feature] += slope * slope;
                    weights[feature] -= Rate * slope / Math.Sqrt(slopes[feature] + 1e-8);
                }
                biasSlope += error * error;
                bias -= Rate * 0.1 * error / Math.Sqrt(biasSlope + 1e-8);
            }
        }
        return (weights, bias);
    }

    private static string Fill(string template, Random random)
    {
        var text = new System.Text.StringBuilder();
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf('{', at);
            if (open < 0) { text.Append(template, at, template.Length - at); break; }
            var close = template.IndexOf('}', open);
            var choices = template[(open + 1)..close].Split('|');
            text.Append(template, at, open - at).Append(choices[random.Next(choices.Length)]);
            at = close + 1;
        }
        return text.ToString();
    }
}
