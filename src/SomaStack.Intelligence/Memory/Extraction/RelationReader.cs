namespace SomaStack.Intelligence.Memory;

/// <summary>Reads one text: finds subjects, their possessions and kin; the verbs are in the other part.</summary>
internal sealed partial class RelationReader
{
    private readonly LexedText _text;
    private readonly IReadOnlyList<TimeMention> _times;
    private readonly IReadOnlyList<Turn> _turns;
    private readonly string? _speaker;
    private readonly EntityMention?[] _entityAt;
    private readonly int[] _entityEnd;
    private readonly bool[] _timeAt;
    private readonly List<RelationMention> _found = [];
    private readonly HashSet<(string, string, string)> _told = [];
    private SentenceRange _sentence;
    private double _hedge = 1;
    private int _timeFrom;

    public RelationReader(LexedText text, IReadOnlyList<EntityMention> entities, IReadOnlyList<TimeMention> times, string? speaker)
    {
        (_text, _times, _turns, _speaker) = (text, times, Speakers.Of(text), speaker);
        _entityAt = new EntityMention?[text.Count + 1];
        _entityEnd = new int[text.Count + 1];
        _timeAt = new bool[text.Count + 1];
        var (entity, time) = (0, 0);
        for (var i = 0; i < text.Count; i++)
        {
            while (time < times.Count && times[time].Extent.End <= text[i].Start) time++;
            _timeAt[i] = time < times.Count && times[time].Extent.Start <= text[i].Start;
            while (entity < entities.Count && entities[entity].Extent.Start < text[i].Start) entity++;
            if (entity >= entities.Count || entities[entity].Extent.Start != text[i].Start) continue;
            var end = i + 1;
            while (end < text.Count && text[end].End <= entities[entity].Extent.End) end++;
            (_entityAt[i], _entityEnd[i]) = (entities[entity], end);
        }
    }

    public IReadOnlyList<RelationMention> Read()
    {
        foreach (var sentence in _text.Sentences)
        {
            _sentence = sentence;
            if (sentence.Question || !Sober()) continue;
            for (var i = sentence.First; i < sentence.End;) i = Math.Max(At(i), i + 1);
        }
        return _found;
    }

    /// <summary>Whether the sentence states anything; sets how surely.</summary>
    private bool Sober()
    {
        _hedge = 1;
        for (var i = _sentence.First; i < _sentence.End; i++)
        {
            if (RelationWords.IsSupposition(_text[i].Text)) return false;
            if (RelationWords.IsHedge(_text[i].Text)) _hedge = Relations.Hedge;
        }
        while (_timeFrom < _times.Count && _times[_timeFrom].Extent.Start < _text[_sentence.First].Start) _timeFrom++;
        return true;
    }

    private string Me(int i) => Speakers.At(_turns, i, _speaker) ?? Relations.Author;

    /// <summary>Tries a subject here; where reading goes on.</summary>
    private int At(int i)
    {
        var word = _text[i];
        if (!word.IsWord || Denied(i)) return i + 1;
        if (word.Text is "i" or "im") return Clause(Me(i), i, i + 1);
        if (word.Text == "we") return Clause(Me(i), i, i + 1);
        if (word.Text is "my" or "our") return Possession(Me(i), i, i + 1);
        if (word.Text == "call" && _text.Is(i + 1, "me") && _entityAt[i + 2] is { } nick) return Add(Me(i), Predicates.Named, nick.Text, Relations.Stated, i, _entityEnd[i + 2]);
        if (_entityAt[i] is not { } entity || IsObjectPlace(i)) return i + 1;
        var end = _entityEnd[i];
        // Anna's a teacher, Anna's from Oslo; else what is Anna's.
        if (_text.Is(end, "'s")) return IsContracted(end + 1) ? Clause(entity.Text, i, end) : Possession(entity.Text, i, end + 1);
        if (_text.Is(end, ",") && _text.Is(end + 1, "who")) return Clause(entity.Text, i, end + 2);
        return Clause(entity.Text, i, end);
    }

    /// <summary>A denial earlier in the clause covers what follows: I do not think that Anna lives there.</summary>
    private bool Denied(int i)
    {
        for (var at = i - 1; at >= _sentence.First && i - at < 12 && _text[at].Kind != LexemeKind.Mark && _text[at].Text is not ("and" or "but" or "because"); at--)
            if (RelationWords.IsDenial(_text[at].Text)) return true;
        return false;
    }

    /// <summary>A name behind a preposition is no subject.</summary>
    private bool IsObjectPlace(int i) => i > _sentence.First && _text[i - 1].Text is "in" or "at" or "to" or "from" or "of" or "with" or "for" or "by" or "near" or "about" or "the" or "like";

    private bool IsContracted(int i) => _text[i].Text is "a" or "an" or "from" or "in" or "living" or "working" or "married" or "based" or "born" or "allergic" or "planning" or "going" or "into" || _text[i].IsNumber;

    /// <summary>my sister Anna, Caroline's dog is called Luna, my favourite colour is blue, my name is.</summary>
    private int Possession(string owner, int from, int i)
    {
        if (_text[i].Text is "favorite" or "favourite") return Favourite(owner, from, i + 1);
        if (_text[i].Text is "best" or "older" or "younger" or "little" or "big" or "elder" or "dear" or "new" or "own" or "twin" or "beloved" or "late") i++;
        var noun = _text[i].Text;
        if (RelationWords.KinOf(noun) is { } kin) return Related(owner, from, i, kin, null);
        if (RelationWords.IsPet(noun)) return Related(owner, from, i, Predicates.HasPet, noun);
        var be = noun is "phone" or "email" or "e" or "mobile" or "cell" or "telephone" ? NextBe(i + 1, 3) : i + 1;
        if (be < 0 || !IsBe(_text[be].Text) || RelationWords.IsDenial(_text[be + 1].Text)) return i;
        switch (noun)
        {
            case "name" when Name(be + 1) is var (name, end):
                return Add(owner, Predicates.Named, name, Relations.Stated, from, end);
            case "email" or "e" when _text[be + 1].Kind == LexemeKind.Address:
                return Add(owner, Predicates.Email, _text[be + 1].Text, Relations.Stated, from, be + 2);
            case "phone" or "number" or "mobile" or "cell" or "telephone" when Phone(be + 1) is var (number, end):
                return Add(owner, Predicates.Phone, number, Relations.Stated, from, end);
            case "birthday":
                return Birthday(owner, from, be + 1);
            case "hometown" when _entityAt[be + 1] is { } town:
                return Add(owner, Predicates.ComesFrom, town.Text, Relations.Stated, from, _entityEnd[be + 1]);
        }
        return i;
    }

    private int Favourite(string owner, int from, int i)
    {
        var be = NextBe(i, 4);
        if (be <= i || RelationWords.IsDenial(_text[be + 1].Text)) return i;
        var kind = string.Join('_', Enumerable.Range(i, be - i).Select(at => _text[at].Text is "color" ? "colour" : _text[at].Text).Where(word => char.IsLetter(word[0])));
        if (_text[be].Text is "are") kind = Quantities.Singular(kind);
        return kind.Length > 0 && Noun(be + 1) is var (text, end) ? Add(owner, Predicates.Favourite + kind, text, Relations.Stated, from, end) : be;
    }

    /// <summary>Somebody's sister or dog: her name, if it is told, then what she does.</summary>
    private int Related(string owner, int from, int i, string predicate, string? species)
    {
        var (name, end) = _entityAt[i + 1] is { } beside ? (beside.Text, _entityEnd[i + 1])
            : _text.Is(i + 1, ",") && _entityAt[i + 2] is { } apposed ? (apposed.Text, _entityEnd[i + 2])
            : _text[i + 1].Text is "named" or "called" && _entityAt[i + 2] is { } called ? (called.Text, _entityEnd[i + 2])
            : IsBe(_text[i + 1].Text) && Name(i + 2) is var (told, after) ? (told, after)
            : _text.Is(i + 1, "'s") && _text.Is(i + 2, "name") && IsBe(_text[i + 3].Text) && Name(i + 4) is var (known, behind) ? (known, behind)
            : ("", i + 1);
        if (name.Length == 0) return Clause($"{owner}'s {_text[i].Text}", from, i + 1);
        Add(owner, predicate, name, Relations.Stated, from, end);
        if (species is not null && species != "pet") Add(name, Predicates.IsA, species, Relations.Stated, from, end);
        return Clause(name, from, _text.Is(end, ",") ? end + 1 : end);
    }

    private int Birthday(string owner, int from, int i)
    {
        if (_text[i].Text is "on") i++;
        return TimeAt(i) is { Precision: TimePrecision.Day } day
            ? Add(owner, Predicates.BornOn, Written(day.Extent).Any(static word => word.Length == 4 && int.TryParse(word, out _)) ? Iso(day) : "--" + Iso(day)[5..], Relations.Stated, from, EndOf(day))
            : i;
    }

    private string[] Written(Extent extent) => _text.Source.Substring(extent.Start, extent.Length).Split(' ', '-', '/', ',', '.');

    private static string Iso(TimeMention day) => day.Start.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private TimeMention? TimeAt(int i)
    {
        for (var t = _timeFrom; t < _times.Count && i < _text.Count && _times[t].Extent.Start <= _text[i].Start; t++)
            if (_times[t].Extent.Start == _text[i].Start) return _times[t];
        return null;
    }

    private int EndOf(TimeMention time)
    {
        var end = _sentence.First;
        while (end < _sentence.End && _text[end].Start < time.Extent.End) end++;
        return end;
    }

    /// <summary>A name; called and named before it are passed.</summary>
    private (string Name, int End)? Name(int i)
    {
        if (_text[i].Text is "called" or "named") i++;
        return _entityAt[i] is { } entity ? (entity.Text, _entityEnd[i]) : null;
    }

    /// <summary>7 to 15 digits (E.164 has at most 15).</summary>
    private (string Number, int End)? Phone(int i)
    {
        var end = i;
        var digits = 0;
        for (; end < _sentence.End && (_text[end].IsNumber || _text[end].Text is "+" or "-" or "(" or ")"); end++) digits += _text[end].IsNumber ? _text[end].Text.Length : 0;
        return digits is >= 7 and <= 15 ? (_text.Slice(i, end), end) : null;
    }

    private int NextBe(int i, int within)
    {
        for (var at = i; at <= i + within && at < _sentence.End; at++)
            if (IsBe(_text[at].Text)) return at;
        return -1;
    }

    private static bool IsBe(string word) => word is "is" or "are" or "'s" or "am" or "'m" or "'re";

    private int Add(string subject, string predicate, string value, double confidence, int first, int end, bool changes = false, bool passes = false)
    {
        if (value.Length is 0 or > 200 || subject.Length > 200 || string.Equals(subject, value, StringComparison.OrdinalIgnoreCase) || !_told.Add((subject, predicate, value))) return end;
        var (from, to) = When(changes, passes);
        _found.Add(new RelationMention(subject, predicate, value, Predicates.IsFunctional(predicate), Math.Round(confidence * _hedge, 4), _text.Extent(first, end), from, to));
        return end;
    }

    /// <summary>What the sentence says of its time: since when, when it changed, or when it passed.</summary>
    private (DateTimeOffset? From, DateTimeOffset? To) When(bool changes, bool passes)
    {
        for (var t = _timeFrom; t < _times.Count && _times[t].Extent.Start < _text[_sentence.End - 1].End; t++)
        {
            if (_times[t].Since) return (_times[t].Start, null);
            if (passes) return (_times[t].Start, _times[t].End);
            if (changes) return (_times[t].Start, null);
        }
        return (null, null);
    }
}
