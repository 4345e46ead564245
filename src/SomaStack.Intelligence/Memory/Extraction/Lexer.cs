using System.Collections.Frozen;
using System.Globalization;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Cuts English text into lexemes in one pass: contractions and possessives apart (<c>I'm</c> as i + 'm, <c>don't</c> as do + n't), numbers
/// with their value, e-mail addresses whole, abbreviations with their dot, sentences by their closing mark or line.
/// </summary>
internal static class Lexer
{
    /// <summary>As long as a memory may be; what comes after is not read.</summary>
    public const int TextMax = 32_000;

    private const int AddressMax = 254; // RFC 5321, 4.5.3.1.3
    private const int DigitsMax = 15;

    private static readonly FrozenSet<string> Abbreviations =
        "mr mrs ms dr prof st jr sr vs etc no approx dept inc ltd co corp ave blvd mt capt sgt rev hon".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> MonthDots = "jan feb mar apr jun jul aug sep sept oct nov dec".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly string[] Clitics = ["n't", "'s", "'m", "'re", "'ve", "'ll", "'d"];

    public static LexedText Cut(string text)
    {
        var state = new State(text, Math.Min(text.Length, TextMax));
        while (state.At < state.Length) Step(state);
        state.EndSentence(question: false);
        return new LexedText(text, [.. state.Items], [.. state.Sentences]);
    }

    private static void Step(State state)
    {
        var c = state.Text[state.At];
        if (c == '\n') Line(state);
        else if (char.IsWhiteSpace(c)) state.Skip();
        else if (IsAddressStart(c) && Address(state)) return;
        else if (char.IsAsciiDigit(c)) Number(state);
        else if (char.IsLetter(c)) Word(state);
        else Mark(state, c);
    }

    /// <summary>A line ends a sentence unless the next one goes on in small letters, and not with who speaks.</summary>
    private static void Line(State state)
    {
        var next = state.At + 1;
        while (next < state.Length && state.Text[next] is ' ' or '\t' or '\r') next++;
        if (next >= state.Length || !char.IsLower(state.Text[next]) || IsRole(state.Text, next, state.Length)) state.EndSentence(question: false);
        state.Skip();
    }

    private static bool IsRole(string text, int at, int length)
    {
        const int roleMax = 12;
        var end = at;
        while (end < length && end - at < roleMax && char.IsLetter(text[end])) end++;
        return end < length && text[end] == ':';
    }

    private static void Mark(State state, char c)
    {
        var start = state.At;
        state.At++;
        // A run of the same closing marks is one.
        if (c is '.' or '!' or '?') while (state.At < state.Length && state.Text[state.At] is '.' or '!' or '?') state.At++;
        state.Add(new Lexeme(LexemeKind.Mark, c == '\u2019' ? "'" : c is '\u2013' or '\u2014' ? "-" : c.ToString(), start, state.At, state.Sentence));
        if (c is '.' or '!' or '?' or '\u3002') state.EndSentence(state.Text.AsSpan(start, state.At - start).Contains('?'));
    }

    private static void Number(State state)
    {
        var text = state.Text;
        var start = state.At;
        var end = Digits(text, start, state.Length);
        // Thousands in groups of three: 1,200,000.
        while (end + 3 < state.Length && text[end] == ',' && Digits(text, end + 1, state.Length) == end + 4) end += 4;
        if (end + 1 < state.Length && text[end] == '.' && char.IsAsciiDigit(text[end + 1]))
        {
            var fraction = Digits(text, end + 1, state.Length);
            // Two points make a date, a version or an address, not a fraction.
            if (!(fraction + 1 < state.Length && text[fraction] == '.' && char.IsAsciiDigit(text[fraction + 1])) && !(start > 0 && text[start - 1] == '.')) end = fraction;
        }
        var digits = text[start..end];
        var value = end - start <= DigitsMax + 4 && double.TryParse(digits, NumberStyles.AllowThousands | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var parsed) ? parsed : double.MaxValue;
        var ordinal = end + 1 < state.Length && IsOrdinalEnding(text, end) && (end + 2 >= state.Length || !char.IsLetter(text[end + 2]));
        state.At = ordinal ? end + 2 : end;
        state.Add(new Lexeme(LexemeKind.Number, digits, start, state.At, state.Sentence, value) { Ordinal = ordinal });
    }

    private static void Word(State state)
    {
        var text = state.Text;
        var start = state.At;
        var end = start;
        while (end < state.Length && (char.IsLetterOrDigit(text[end]) || IsInnerApostrophe(text, end, state.Length) || char.GetUnicodeCategory(text[end]) == UnicodeCategory.NonSpacingMark)) end++;
        if (end - start == 1 && Initials(state, start)) return;
        var word = text[start..end].Replace('\u2019', '\'').ToLowerInvariant();
        foreach (var clitic in Clitics)
            if (word.Length > clitic.Length && word.EndsWith(clitic, StringComparison.Ordinal) && word.Length == end - start)
            {
                AddWord(state, word[..^clitic.Length], start, end - clitic.Length);
                state.At = end;
                state.Add(new Lexeme(LexemeKind.Word, clitic, end - clitic.Length, end, state.Sentence));
                return;
            }
        var dotted = end < state.Length && text[end] == '.' && (Abbreviations.Contains(word) && char.IsUpper(text[start]) && FollowedBy(text, end + 1, char.IsLetter)
            || MonthDots.Contains(word) && FollowedBy(text, end + 1, char.IsAsciiDigit));
        AddWord(state, word, start, dotted ? end + 1 : end);
        state.At = dotted ? end + 1 : end;
    }

    /// <summary>One letter and a dot, perhaps several: J. K., U.S., e.g.; the pronoun at the end of a sentence is not one.</summary>
    private static bool Initials(State state, int start)
    {
        var text = state.Text;
        var end = start;
        while (end + 1 < state.Length && char.IsLetter(text[end]) && text[end + 1] == '.') end += 2;
        if (end == start || end == start + 2 && text[start] == 'I' || !char.IsUpper(text[start]) && end == start + 2) return false;
        AddWord(state, text[start..end].ToLowerInvariant(), start, end);
        state.At = end;
        return true;
    }

    private static void AddWord(State state, string word, int start, int end)
    {
        var letters = 0;
        var capitals = 0;
        for (var i = start; i < end; i++)
        {
            if (!char.IsLetter(state.Text[i])) continue;
            letters++;
            if (char.IsUpper(state.Text[i])) capitals++;
        }
        state.Add(new Lexeme(LexemeKind.Word, word, start, end, state.Sentence)
        {
            Capital = IsLatin(state.Text[start]) && char.IsUpper(state.Text[start]), Shouted = letters > 1 && letters == capitals, Opens = !state.HasWord,
        });
        state.HasWord = true;
    }

    /// <summary>Something like name@host.tld, up to the next white space or bracket.</summary>
    private static bool Address(State state)
    {
        var text = state.Text;
        // Once for each run of characters: the answer is remembered, so that reading stays linear.
        if (state.At < state.NoAddressBefore) return false;
        var end = state.At;
        var at = -1;
        while (end < state.Length && !char.IsWhiteSpace(text[end]) && text[end] is not ('<' or '>' or '(' or ')' or ',' or ';' or ':' or '"'))
        {
            if (text[end] == '@' && at < 0) at = end;
            end++;
        }
        state.NoAddressBefore = Math.Max(end, state.At + 1);
        while (end > state.At && !char.IsLetterOrDigit(text[end - 1])) end--;
        if (at <= state.At || end - state.At > AddressMax || at + 3 >= end || text.AsSpan(at + 1, end - at - 1).IndexOf('.') <= 0 || text.AsSpan(at + 1, end - at - 1).Contains('@')) return false;
        state.Add(new Lexeme(LexemeKind.Address, text[state.At..end].ToLowerInvariant(), state.At, end, state.Sentence));
        state.At = end;
        return true;
    }

    private static int Digits(string text, int at, int length)
    {
        while (at < length && char.IsAsciiDigit(text[at])) at++;
        return at;
    }

    private static bool IsOrdinalEnding(string text, int at) =>
        (char.ToLowerInvariant(text[at]), char.ToLowerInvariant(text[at + 1])) is ('s', 't') or ('n', 'd') or ('r', 'd') or ('t', 'h');

    private static bool FollowedBy(string text, int at, Func<char, bool> what) =>
        at < text.Length && (what(text[at]) || text[at] == ' ' && at + 1 < text.Length && what(text[at + 1]));

    private static bool IsInnerApostrophe(string text, int at, int length) =>
        text[at] is '\'' or '\u2019' && at > 0 && at + 1 < length && char.IsLetter(text[at - 1]) && char.IsLetter(text[at + 1]);

    private static bool IsAddressStart(char c) => char.IsAsciiLetterOrDigit(c);

    public static bool IsLatin(char c) => c < '\u0250' || c is >= '\u1E00' and <= '\u1EFF';

    private sealed class State(string text, int length)
    {
        private int _sentenceFirst;

        public string Text => text;

        public int Length => length;

        public int At { get; set; }

        public int NoAddressBefore { get; set; }

        public bool HasWord { get; set; }

        public List<Lexeme> Items { get; } = [];

        public List<SentenceRange> Sentences { get; } = [];

        public int Sentence => Sentences.Count;

        public void Skip() => At++;

        public void Add(Lexeme lexeme) => Items.Add(lexeme with { Joined = Items.Count > 0 && Items[^1].End == lexeme.Start });

        public void EndSentence(bool question)
        {
            if (Items.Count == _sentenceFirst) return;
            Sentences.Add(new SentenceRange(_sentenceFirst, Items.Count, question));
            _sentenceFirst = Items.Count;
            HasWord = false;
        }
    }
}
