namespace SomaStack.Intelligence.Memory;

internal enum EntityKind { Other, Person, Place, Organisation }

/// <summary>A name in a text.</summary>
/// <param name="Text">As it is written, without honorific and possessive.</param>
/// <param name="Normalised">For comparing: lower case, white space single.</param>
internal sealed record EntityMention(string Text, string Normalised, EntityKind Kind, Extent Extent);

/// <summary>
/// Names by their capitals: runs of capitalised words, joined by of, de, van and the like. The first word of a sentence counts only when
/// something else says that it is a name. What a name names is told by its words, by lists, and by what stands beside it.
/// </summary>
internal static class Entities
{
    private const int RunMax = 6;

    public static IReadOnlyList<EntityMention> Find(string text) => Find(Lexer.Cut(text));

    /// <summary>The distinct normalised names of a text, in order: what a ranking compares.</summary>
    public static IReadOnlyList<string> Names(string text)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var names = new List<string>();
        foreach (var mention in Find(text))
            if (seen.Add(mention.Normalised)) names.Add(mention.Normalised);
        return names;
    }

    public static IReadOnlyList<EntityMention> Find(LexedText text)
    {
        var found = new List<EntityMention>();
        var known = Capitalised(text);
        var shouting = Shouting(text);
        var turns = Speakers.Of(text);
        var turn = 0;
        for (var i = 0; i < text.Count;)
        {
            if (turn < turns.Count && text[i].Start >= turns[turn].Extent.Start)
            {
                var (speaker, behind, extent) = turns[turn++];
                // Roles are no names.
                if (char.IsUpper(speaker[0])) found.Add(new EntityMention(speaker, Normalise(speaker), EntityKind.Person, extent));
                i = behind;
                continue;
            }
            var (first, end) = Run(text, i, known, shouting);
            if (end == 0)
            {
                i++;
                continue;
            }
            found.Add(new EntityMention(text.Slice(first, end), Normalise(text.Slice(first, end)), KindOf(text, first, end), text.Extent(first, end)));
            i = end;
        }
        return Agree(found);
    }

    public static string Normalise(string name) => string.Join(' ', Platform.Nfkc.Normalize(name).Replace('\u2019', '\'').ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Words written with a capital where nothing asks for one: the same word at the start of a sentence is then a name too.</summary>
    private static HashSet<string> Capitalised(LexedText text)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < text.Count; i++)
            if (text[i] is { Capital: true, Shouted: false, Opens: false } word && !AfterOpening(text, i)) known.Add(word.Text);
        return known;
    }

    /// <summary>Sentences of which more than half the words are all capitals: capitals tell nothing there.</summary>
    private static HashSet<int> Shouting(LexedText text)
    {
        var loud = new HashSet<int>();
        for (var s = 0; s < text.Sentences.Count; s++)
        {
            var (words, shouted) = (0, 0);
            for (var i = text.Sentences[s].First; i < text.Sentences[s].End; i++)
            {
                if (!text[i].IsWord || text[i].End - text[i].Start < 2) continue;
                words++;
                if (text[i].Shouted) shouted++;
            }
            if (shouted >= 3 && shouted * 2 > words) loud.Add(s);
        }
        return loud;
    }

    /// <summary>The run that begins at <paramref name="i"/>, honorifics left out; (0, 0) when there is none.</summary>
    private static (int First, int End) Run(LexedText text, int i, HashSet<string> known, HashSet<int> shouting)
    {
        var titled = EntityCues.IsHonorific(text[i].Text) && text[i].Capital && text[i + 1].Capital && !(text[i].Text is "father" or "sister" or "brother" or "king" or "queen" && text[i].Opens);
        var first = titled ? i + 1 : i;
        if (!Names(text, first, shouting)) return default;
        // At the start of a sentence a common word before a name does not belong to it: "When Anna came".
        var opens = text[first].Opens || AfterOpening(text, first);
        if (opens && !titled && !IsNameAtStart(text, first, known)) return default;
        var end = first + 1;
        while (end - first < RunMax && text[end].Sentence == text[first].Sentence)
        {
            if (Names(text, end, shouting) && !TimeWords.IsCalendar(text[end])) end++;
            else if (Joins(text, end) is var skip and > 0 && text[end + skip].Sentence == text[first].Sentence && Names(text, end + skip, shouting)) end += skip + 1;
            else break;
        }
        if (end == first + 1 && TimeWords.IsCalendar(text[first])) return default;
        return (first, end);
    }

    private static bool Names(LexedText text, int i, HashSet<int> shouting)
    {
        var word = text[i];
        if (!word.IsWord || !word.Capital || word.Text is "i" || EntityCues.IsCommon(word.Text) && !EntityCues.IsGivenName(word.Text) && !FirstOfPlace(text, i)) return false;
        if (word.Shouted && shouting.Contains(word.Sentence)) return EntityCues.IsGivenName(word.Text) || EntityCues.IsPlace(word.Text);
        if (TimeWords.Month(word, orShort: false) is not null && (text[i + 1].IsNumber || text[i - 1].IsNumber || text[i - 1].Text is "in" or "of" or "last" or "next" or "since" or "by" or "until" or "this" or "late" or "early" or "mid" or "during")) return false;
        return word.End - word.Start > 1 || text[i - 1].Capital;
    }

    /// <summary>New York: new is a common word elsewhere.</summary>
    private static bool FirstOfPlace(LexedText text, int i) => text[i + 1].Capital && EntityCues.IsPlace(text[i].Text + " " + text[i + 1].Text);

    private static bool IsNameAtStart(LexedText text, int i, HashSet<string> known)
    {
        var word = text[i];
        if (EntityCues.IsGivenName(word.Text) && !EntityCues.IsCommon(word.Text)) return true;
        if (EntityCues.IsPlace(word.Text) || EntityCues.IsOrganisation(word.Text) || FirstOfPlace(text, i) || known.Contains(word.Text) || word.Shouted && word.End - word.Start is > 2 and < 6) return true;
        var next = text[i + 1];
        if (next.Capital && next.Text != "i" && !EntityCues.IsCommon(next.Text) && !next.Opens) return true;
        if (next.Text == "and" && text[i + 2] is { Capital: true } other && EntityCues.IsGivenName(other.Text)) return true;
        return EntityCues.IsAct(next.Text) && !EntityCues.IsCommon(word.Text) && !word.Text.EndsWith("ing", StringComparison.Ordinal);
    }

    /// <summary>Behind a quotation mark, a colon or a bullet a capital says as little as at the start of a sentence.</summary>
    private static bool AfterOpening(LexedText text, int i) => text[i - 1] is { Kind: LexemeKind.Mark } mark && mark.Text is "\"" or "\u201C" or ":" or "*" or "#" or ">" || i == 0;

    /// <summary>How many small words may stand inside a name here: of, of the, de, van der, &amp;, a hyphen or an initial's dot.</summary>
    private static int Joins(LexedText text, int i) => text[i].Text switch
    {
        "of" or "for" when text.Is(i + 1, "the") => 2,
        "of" or "de" or "van" or "von" or "der" or "la" or "del" or "da" or "di" or "du" or "al" or "bin" => text[i].Text == "van" && text.Is(i + 1, "der") ? 2 : 1,
        "&" => 1,
        "-" when text[i].Joined && text[i + 1].Joined => 1,
        _ => 0,
    };

    private static EntityKind KindOf(LexedText text, int first, int end)
    {
        var name = Normalise(text.Slice(first, end));
        var (head, last, before) = (text[first], text[end - 1].Text, text[first - 1]);
        if (EntityCues.IsOrganisation(name) || end - first > 1 && (EntityCues.IsOrganisationEnd(last) || EntityCues.IsOrganisationStart(head.Text) && text.Is(first + 1, "of"))) return EntityKind.Organisation;
        if (EntityCues.IsPlace(name)) return EntityKind.Place;
        if (EntityCues.IsLanguage(name)) return EntityKind.Other;
        if (end - first > 1 && (EntityCues.IsPlaceEnd(last) || EntityCues.IsPlaceStart(head.Text) && !EntityCues.IsGivenName(head.Text))) return EntityKind.Place;
        if (EntityCues.IsHonorific(before.Text) && before.Capital || EntityCues.IsGivenName(head.Text)) return EntityKind.Person;
        if (EntityCues.IsKin(before.Text)) return EntityKind.Person;
        if (before.Text is "at" or "for" or "joined" or "by" or "of" or "with" && EntityCues.IsEmployment(before.Text == "joined" ? "joined" : text[first - 2].Text)) return EntityKind.Organisation;
        if (before.Text is "in" or "to" or "from" or "visit" or "visited" or "visiting" or "around" or "near" && (EntityCues.IsMovement(text[first - 2].Text) || EntityCues.IsMovement(before.Text))) return EntityKind.Place;
        if (before.Text is "in" && end - first == 1) return EntityKind.Place;
        if (end - first == 1 && (text[end].Text is "said" or "says" or "told" or "asked" or "thinks" or "wants" or "feels" || head.Opens && EntityCues.IsAct(text[end].Text) && text[end].Text is not ("is" or "was" or "has" or "had" or "'s") && !head.Shouted)) return EntityKind.Person;
        return EntityKind.Other;
    }

    /// <summary>The same name is the same thing throughout a text: one that grammar named once lends its kind to the others.</summary>
    private static List<EntityMention> Agree(List<EntityMention> found)
    {
        var kinds = new Dictionary<string, EntityKind>(StringComparer.Ordinal);
        foreach (var mention in found)
            if (mention.Kind != EntityKind.Other) kinds.TryAdd(mention.Normalised, mention.Kind);
        for (var i = 0; i < found.Count; i++)
            if (found[i].Kind == EntityKind.Other && kinds.TryGetValue(found[i].Normalised, out var kind)) found[i] = found[i] with { Kind = kind };
        return found;
    }
}
