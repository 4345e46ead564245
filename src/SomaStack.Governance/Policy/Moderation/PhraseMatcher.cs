using System.Globalization;
using System.Text;

namespace SomaStack.Governance.Policy;

/// <summary>A pattern matched; the words from <paramref name="FirstWord"/> to <paramref name="LastWord"/>, as places in the original text.</summary>
internal readonly record struct PhraseMatch(int Rule, int Start, int End);

/// <summary>
/// Finds phrases of whole words in folded text, never a part of a word. A pattern is words between spaces: <c>a|b</c> is either,
/// <c>a?</c> may be absent, <c>~3</c> is up to three words of any kind. All patterns run side by side as bit-parallel automata, so the time
/// is linear in the text whatever the text is. Spaced-out letters (<c>m a l w a r e</c>) are read as one word.
/// </summary>
internal sealed class PhraseMatcher
{
    public const int MaxGap = 6;
    private const int MaxElements = 60;
    private const int SpacedLetters = 3;

    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly List<Pattern> _patterns = [];
    private readonly Dictionary<int, List<int>> _starters = [];

    public bool IsEmpty => _patterns.Count == 0;

    /// <summary>Adds one pattern of a rule.</summary>
    /// <returns>What is wrong with the pattern, or null.</returns>
    public string? Add(int rule, string pattern)
    {
        var words = new List<HashSet<int>?>();
        ulong optional = 0;
        var literal = new StringBuilder();
        var onlyLiterals = true;
        foreach (var part in pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part[0] == '~')
            {
                if (!int.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var gap) || gap is < 1 or > MaxGap) return $"'{part}' must be ~1 to ~{MaxGap}";
                for (var i = 0; i < gap && words.Count < 64; i++) { optional |= 1UL << words.Count; words.Add(null); }
                onlyLiterals = false;
                continue;
            }
            var maybe = part.EndsWith('?');
            var choices = (maybe ? part[..^1] : part).Split('|');
            onlyLiterals &= !maybe && choices.Length == 1;
            if (choices.Length == 1 && !maybe)
            {
                var folded = TextFold.Fold(choices[0]);
                if (folded.Length == 0) return $"'{part}' holds no letter or digit";
                foreach (var word in folded.Split(' ')) words.Add([WordId(word)]);
                literal.Append(folded.Replace(" ", "", StringComparison.Ordinal));
            }
            else
            {
                var ids = new HashSet<int>();
                foreach (var choice in choices)
                {
                    var folded = TextFold.Fold(choice);
                    if (folded.Length == 0 || folded.Contains(' ', StringComparison.Ordinal)) return $"'{choice}' in '{part}' must be one word";
                    ids.Add(WordId(folded));
                }
                if (maybe && words.Count < 64) optional |= 1UL << words.Count;
                words.Add(ids);
            }
            if (words.Count > MaxElements) return $"the pattern is longer than {MaxElements} words";
        }
        if (words.Count == 0 || words.Count > MaxElements) return $"the pattern must have 1 to {MaxElements} words";
        if ((optional & 1) != 0 || (optional >> (words.Count - 1) & 1) != 0) return "the pattern must begin and end with a word that is needed";
        Register(new Pattern(rule, words, optional));
        // The same phrase with its letters spaced out evenly arrives as one word.
        if (onlyLiterals && words.Count > 1) Register(new Pattern(rule, [[WordId(literal.ToString())]], 0));
        return null;
    }

    /// <summary>Matches in the order of their ends. Without <paramref name="all"/> each rule is reported once.</summary>
    public List<PhraseMatch> Find(string text, Func<int, bool> wanted, Func<int, bool> all) => Find(new Folded(text), wanted, all, out _);

    /// <param name="steps">Steps of automata: what the time is made of.</param>
    public List<PhraseMatch> Find(Folded text, Func<int, bool> wanted, Func<int, bool> all, out long steps)
    {
        var found = new List<PhraseMatch>();
        steps = 0;
        if (IsEmpty || text.Words.Count == 0) return found;
        var taken = 0L;
        var tokens = Tokens(text);
        var state = new ulong[_patterns.Count];
        var seen = new int[_patterns.Count];
        var done = new HashSet<int>();
        List<int> active = [], next = [];
        for (var i = 0; i < tokens.Count; i++)
        {
            next.Clear();
            foreach (var p in active) Step(p, i);
            if (tokens[i].Id > 0 && _starters.TryGetValue(tokens[i].Id, out var starters))
                foreach (var p in starters)
                    if (seen[p] != i + 1) Step(p, i);
            (active, next) = (next, active);
        }
        steps = taken;
        return found;

        void Step(int p, int at)
        {
            taken++;
            seen[p] = at + 1;
            var pattern = _patterns[p];
            var bits = pattern.Step(state[p] | Pattern.Start, tokens[at].Id);
            state[p] = bits & ~pattern.Accept;
            if (state[p] != 0) next.Add(p);
            if ((bits & pattern.Accept) == 0 || !wanted(pattern.Rule) || (!all(pattern.Rule) && !done.Add(pattern.Rule))) return;
            found.Add(new PhraseMatch(pattern.Rule, tokens[FirstWord(pattern, tokens, at, ref taken)].Start, tokens[at].End));
        }
    }

    /// <summary>The farthest word from which the pattern reaches exactly this end.</summary>
    private static int FirstWord(Pattern pattern, List<Token> tokens, int last, ref long steps)
    {
        for (var first = Math.Max(0, last - pattern.Length + 1); first < last; first++)
        {
            var bits = Pattern.Start;
            for (var i = first; i <= last && bits != 0; i++, steps++) bits = pattern.Step(bits, tokens[i].Id);
            if ((bits & pattern.Accept) != 0) return first;
        }
        return last;
    }

    private List<Token> Tokens(Folded folded)
    {
        var words = folded.Words;
        var tokens = new List<Token>(words.Count);
        var ids = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var i = 0; i < words.Count; i++)
        {
            var run = i;
            while (run < words.Count && words[run].Length == 1 && char.IsLetterOrDigit(folded.Text(words[run])[0]) && folded.Text(words[run])[0] < 0x0E00) run++;
            if (run - i >= SpacedLetters)
            {
                Spaced(folded, i, run, tokens);
                i = run - 1;
                continue;
            }
            // Shorter runs are words like any other, e.g. the "a" in "as a dan".
            for (var last = Math.Max(run, i + 1); i < last; i++)
                tokens.Add(new Token(ids.TryGetValue(folded.Text(words[i]), out var id) ? id : 0, words[i].Start, words[i].End));
            i--;
        }
        return tokens;
    }

    /// <summary>Letters that stand alone: those at the smallest distance belong together, a larger one parts words.</summary>
    private void Spaced(Folded folded, int from, int to, List<Token> tokens)
    {
        var words = folded.Words;
        var ids = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        var smallest = int.MaxValue;
        for (var i = from + 1; i < to; i++) smallest = Math.Min(smallest, words[i].Start - words[i - 1].End);
        for (var first = from; first < to;)
        {
            var last = first;
            while (last + 1 < to && words[last + 1].Start - words[last].End == smallest) last++;
            // The folded letters of neighbours lie side by side.
            if (last - first + 1 >= SpacedLetters)
            {
                var joined = folded.Text(new Word(words[first].From, last - first + 1, 0, 0));
                tokens.Add(new Token(ids.TryGetValue(joined, out var id) ? id : 0, words[first].Start, words[last].End));
            }
            else
            {
                for (var i = first; i <= last; i++) tokens.Add(new Token(ids.TryGetValue(folded.Text(words[i]), out var id) ? id : 0, words[i].Start, words[i].End));
            }
            first = last + 1;
        }
    }

    private int WordId(string word)
    {
        if (!_vocabulary.TryGetValue(word, out var id)) _vocabulary.Add(word, id = _vocabulary.Count + 1);
        return id;
    }

    private void Register(Pattern pattern)
    {
        foreach (var id in pattern.FirstWords)
        {
            if (!_starters.TryGetValue(id, out var list)) _starters.Add(id, list = []);
            list.Add(_patterns.Count);
        }
        _patterns.Add(pattern);
    }

    /// <param name="Id">0 for a word that no pattern knows.</param>
    private readonly record struct Token(int Id, int Start, int End);

    /// <summary>Bit i of a state: the words before element i have been read.</summary>
    private sealed class Pattern
    {
        private readonly Dictionary<int, ulong> _reads = [];
        private readonly ulong _any;
        private readonly ulong _optional;

        public Pattern(int rule, List<HashSet<int>?> words, ulong optional)
        {
            (Rule, Length, FirstWords, _optional) = (rule, words.Count, words[0]!, optional);
            for (var i = 0; i < words.Count; i++)
            {
                if (words[i] is null) _any |= 1UL << i;
                else
                    foreach (var id in words[i]!) _reads[id] = _reads.GetValueOrDefault(id) | 1UL << i;
            }
            Accept = 1UL << words.Count;
        }

        public int Rule { get; }

        public int Length { get; }

        public HashSet<int> FirstWords { get; }

        /// <summary>The first element is always needed, so nothing is skipped at the start.</summary>
        public const ulong Start = 1;

        public ulong Accept { get; }

        public ulong Step(ulong bits, int word)
        {
            var read = (bits & (_any | (word == 0 ? 0 : _reads.GetValueOrDefault(word)))) << 1;
            for (var more = read; ; read = more)
            {
                more = read | (read & _optional) << 1;
                if (more == read) return read;
            }
        }
    }
}
