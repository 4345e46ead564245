using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using SomaStack.Intelligence.Inference.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// What <c>soma-extract</c> answers: verbatim sentences of the evidence that share the question's rarer words, each with its place.
/// Pure and deterministic; it composes nothing of its own but the sentence that says so.
/// </summary>
internal sealed record ExtractiveAnswer(string Text, IReadOnlyList<Quotation> Quotations)
{
    public const string Preface = "I quote memory and generate nothing. These passages bear on the question:";
    public const string NothingFound = "I found nothing in memory about this. I quote what is remembered and generate nothing, so there is no answer.";
    public const string NothingBears = "Memory holds passages near this question, but none of their sentences speaks of it. I quote and generate nothing, so there is no answer.";

    private const int QuoteLimit = 4;
    private const int EmbedLimit = 8;

    // A quote that says less than this share of the best one's score is left out.
    private const double Relative = 0.45;

    /// <summary>Cosine from which two sentences count as being about the same thing although they share no word.</summary>
    private const double NearInMeaning = 0.55;

    /// <param name="embed">Null when there is no embedder, or it returns null.</param>
    public static ExtractiveAnswer Compose(string question, IReadOnlyList<Evidence> evidence, Func<string, float[]?>? embed)
    {
        if (evidence.Count == 0) return new ExtractiveAnswer(NothingFound, []);
        var candidates = Score(question, evidence, embed);
        var chosen = Choose(candidates);
        if (chosen.Count == 0) return new ExtractiveAnswer(NothingBears, []);

        var text = new StringBuilder(Preface).Append('\n');
        var quotations = new List<Quotation>(chosen.Count);
        foreach (var candidate in chosen)
        {
            var source = candidate.Evidence;
            var quote = candidate.Sentence.Of(source.Text).ToString();
            int? line = source.Line is { } first ? Sentences.LineOf(source.Text, candidate.Sentence.Start, first) : null;
            quotations.Add(new Quotation(source.Id, quote, source.Source, line));
            text.Append("\n\u201c").Append(quote).Append("\u201d [").Append(quotations.Count.ToString(CultureInfo.InvariantCulture)).Append("]\n");
        }
        return new ExtractiveAnswer(text.ToString().TrimEnd(), quotations);
    }

    private static List<Candidate> Score(string question, IReadOnlyList<Evidence> evidence, Func<string, float[]?>? embed)
    {
        var candidates = new List<Candidate>();
        foreach (var passage in evidence)
            foreach (var sentence in Sentences.Of(passage.Text)) candidates.Add(new Candidate(passage, sentence, candidates.Count));

        var asked = Words.Terms(question).Distinct(StringComparer.Ordinal).ToList();
        var wanted = asked.Where(term => !Words.IsStopWord(term)).ToList();
        if (wanted.Count == 0) wanted = asked;
        var weights = Weights(wanted, candidates);
        var total = weights.Values.Sum();
        var top = evidence.Max(passage => passage.Score);
        foreach (var candidate in candidates)
        {
            candidate.Cover(weights, total);
            candidate.Prior = top > 0 ? Math.Max(0, candidate.Evidence.Score) / top : 0;
        }
        Compare(question, candidates, embed);
        return candidates;
    }

    /// <summary>BM25's inverse document frequency, ln(1 + (N - n + 0.5) / (n + 0.5)), over the sentences at hand.</summary>
    private static Dictionary<string, double> Weights(List<string> wanted, List<Candidate> candidates)
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var term in wanted)
        {
            var holding = 0;
            foreach (var candidate in candidates)
                if (candidate.Terms.Contains(term)) holding++;
            weights[term] = Math.Log(1 + (candidates.Count - holding + 0.5) / (holding + 0.5));
        }
        return weights;
    }

    /// <summary>Embeds the few sentences that lead so far (milliseconds each) and adds their closeness in meaning.</summary>
    private static void Compare(string question, List<Candidate> candidates, Func<string, float[]?>? embed)
    {
        if (embed?.Invoke(question) is not { } asked) return;
        foreach (var candidate in candidates.OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Order).Take(EmbedLimit))
            if (embed(candidate.Sentence.Of(candidate.Evidence.Text).ToString()) is { } vector) candidate.Similarity = TensorPrimitives.CosineSimilarity(asked, vector);
    }

    /// <summary>Greedy: a sentence that only repeats what the chosen ones cover loses half of its coverage.</summary>
    private static List<Candidate> Choose(List<Candidate> candidates)
    {
        var eligible = candidates.Where(candidate => !candidate.Sentence.IsHeading && (candidate.Matched.Count > 0 || candidate.Similarity >= NearInMeaning)).ToList();
        var chosen = new List<Candidate>();
        var covered = new HashSet<string>(StringComparer.Ordinal);
        var quotes = new HashSet<string>(StringComparer.Ordinal);
        var best = 0.0;
        while (chosen.Count < QuoteLimit)
        {
            Candidate? next = null;
            var nextScore = 0.0;
            foreach (var candidate in eligible)
            {
                var score = candidate.Score - candidate.CoverageOf(covered) * 0.5 * Candidate.CoverageWeight;
                if (next is not null && (score < nextScore || (score == nextScore && candidate.Order > next.Order))) continue;
                (next, nextScore) = (candidate, score);
            }
            if (next is null || nextScore < best * Relative) break;
            eligible.Remove(next);
            if (!quotes.Add(next.Sentence.Of(next.Evidence.Text).ToString())) continue;
            if (chosen.Count == 0) best = nextScore;
            chosen.Add(next);
            covered.UnionWith(next.Matched);
        }
        return chosen;
    }

    private sealed class Candidate
    {
        public const double CoverageWeight = 0.65;
        private const double PriorWeight = 0.15;
        private const double SimilarityWeight = 0.2;

        private readonly HashSet<string> _own;
        private Dictionary<string, double> _weights = [];
        private double _total;
        private double _shape = 1;

        public Candidate(Evidence evidence, Sentence sentence, int order)
        {
            (Evidence, Sentence, Order) = (evidence, sentence, order);
            var words = Words.Terms(sentence.Of(evidence.Text));
            _own = new HashSet<string>(words, StringComparer.Ordinal);
            Terms = new HashSet<string>(_own, StringComparer.Ordinal);
            Terms.UnionWith(Words.Terms(sentence.HeadingOf(evidence.Text)));
            // Fragments state little, and a question is no answer.
            if (words.Count < 5) _shape = 0.5;
            if (sentence.Of(evidence.Text).EndsWith("?")) _shape *= 0.5;
        }

        public Evidence Evidence { get; }

        public Sentence Sentence { get; }

        public int Order { get; }

        /// <summary>Its words and those of the heading it stands under.</summary>
        public HashSet<string> Terms { get; }

        /// <summary>The question's words that the sentence itself holds.</summary>
        public HashSet<string> Matched { get; } = new(StringComparer.Ordinal);

        public double Prior { get; set; }

        public double Similarity { get; set; }

        public double Coverage { get; private set; }

        public double Score => CoverageWeight * Coverage + PriorWeight * Prior + SimilarityWeight * Math.Max(0, Similarity);

        public void Cover(Dictionary<string, double> weights, double total)
        {
            (_weights, _total) = (weights, total);
            foreach (var (term, weight) in weights)
            {
                if (_own.Contains(term)) Matched.Add(term);
                if (total > 0 && Terms.Contains(term)) Coverage += Share(term, weight);
            }
        }

        /// <summary>The part of <see cref="Coverage"/> that these terms give.</summary>
        public double CoverageOf(HashSet<string> terms)
        {
            var sum = 0.0;
            foreach (var term in terms)
                if (Terms.Contains(term)) sum += Share(term, _weights[term]);
            return sum;
        }

        // A word in the heading alone counts half: it names the subject, the sentence need not speak of it.
        private double Share(string term, double weight) => _shape * weight * (_own.Contains(term) ? 1 : 0.5) / _total;
    }
}
