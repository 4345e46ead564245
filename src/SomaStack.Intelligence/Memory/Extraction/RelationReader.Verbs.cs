namespace SomaStack.Intelligence.Memory;

/// <summary>What a subject does or is.</summary>
internal sealed partial class RelationReader
{
    private const int WordsMax = 6;
    private const int PlanWordsMax = 10;

    private readonly record struct Verb(string Subject, int First, int At, bool Be, bool Perfect);

    /// <summary>Verbs joined by "and" share the subject: I live in Oslo and work as a nurse.</summary>
    private int Clause(string subject, int first, int i)
    {
        var end = i;
        for (var round = 0; round < 4; round++)
        {
            if (Lead(subject, first, i) is not { } verb) return end;
            var done = Act(verb);
            if (done <= verb.At) return end;
            end = done;
            i = _text.Is(end, ",") ? end + 1 : end;
            if (_text[i].Text is "and" or "but") i++;
            else return end;
            // Another subject begins here.
            if (_text[i].Text is "i" or "we" or "my" || _entityAt[i] is not null) return end;
        }
        return end;
    }

    /// <summary>Passes auxiliaries and adverbs; null when the clause denies, supposes or tells of the past.</summary>
    private Verb? Lead(string subject, int first, int i)
    {
        var (be, perfect) = (false, false);
        for (var steps = 0; steps < 7 && i < _sentence.End; steps++, i++)
        {
            var word = _text[i].Text;
            if (RelationWords.IsDenial(word) || RelationWords.IsModal(word) || RelationWords.IsDenial(_text[i + 1].Text) && _text[i + 1].Text is not "no") return null;
            if (IsBe(word) && !(word == "'s" && !IsContracted(i + 1) && !RelationWords.IsAdverb(_text[i + 1].Text))) be = true;
            else if (word is "have" or "has" or "'ve" && (_text[i + 1].Text is "been" or "lived" or "worked" or "moved" or "visited" or "always" or "just" or "recently" or "already" or "loved" or "enjoyed")) perfect = true;
            else if (word is "been" or "got" && _text[i + 1].Text is "married" or "living" or "working" or "based" or "playing" or "studying") be = true;
            else if (word == "was" && _text.Is(i + 1, "born")) be = true;
            else if (!RelationWords.IsAdverb(word)) break;
        }
        return _text[i].IsWord || _text[i].IsNumber ? new Verb(subject, first, i, be, perfect) : null;
    }

    private int Act(Verb verb)
    {
        var word = _text[verb.At].Text;
        var next = verb.At + 1;
        switch (word)
        {
            case "live" or "lives" or "reside" or "resides":
            case "living" or "residing" or "based" when verb.Be:
            case "lived" when verb.Perfect:
                return Home(verb, next);
            case "moved" or "relocated":
                return Moved(verb, next);
            case "work" or "works" or "working" or "employed":
            case "worked" when verb.Perfect:
                return Work(verb, next);
            case "joined" when _entityAt[next] is { Kind: not EntityKind.Person } employer:
                return Add(verb.Subject, Predicates.WorksAt, employer.Text, Relations.Implied, verb.First, _entityEnd[next], changes: true);
            case "started" or "got" when Job(next) is var job and > 0:
                return Work(verb, job, changes: true);
            case "born" when verb.Be:
                return Born(verb, next);
            case "married" when _text.Is(next, "to") && Name(next + 1) is var (spouse, end):
                return Add(verb.Subject, Predicates.MarriedTo, spouse, Relations.Stated, verb.First, end, changes: true);
            case "married" when Name(next) is var (spouse, end):
                return Add(verb.Subject, Predicates.MarriedTo, spouse, Relations.Stated, verb.First, end, changes: true);
            case "have" or "has" or "got" or "adopted" or "bought" or "own" or "owns" or "purchased":
                return Has(verb, next, word);
            case "visited":
                return Visit(verb, next);
            case "went" or "travelled" or "traveled" or "flew" or "drove" when _text.Is(next, "to"):
            case "been" when _text.Is(next, "to"):
                return Visit(verb, next + 1);
            case "turned" when Years(next) is var (age, end):
                return Add(verb.Subject, Predicates.Age, age, Relations.Stated, verb.First, end, changes: true);
            case "come" or "comes" or "came" when _text.Is(next, "from") && Place(next + 1) is var (origin, end):
                return Add(verb.Subject, Predicates.ComesFrom, origin, word == "came" ? Relations.Implied : Relations.Stated, verb.First, end);
            case "plan" or "plans" or "planning" or "hope" or "hopes" or "hoping" or "intend" or "intends" or "want" or "wants" or "going" when _text.Is(next, "to"):
                return Plan(verb, next + 1);
            case "thinking" or "dreaming" when verb.Be && _text[next].Text is "of" or "about":
                return Plan(verb, next + 1);
        }
        if (RelationWords.ObjectVerb(word) is { } predicate) return Objects(verb, predicate, next);
        return verb.Be ? Is(verb) : verb.At;
    }

    private int Home(Verb verb, int i)
    {
        while (_text[i].Text is "here" or "now" or "alone" or "happily" or "currently" or "right" or "back") i++;
        return _text.Is(i, "in") && Place(i + 1) is var (place, end) ? Located(place, Add(verb.Subject, Predicates.LivesIn, place, Relations.Stated, verb.First, end)) : verb.At;
    }

    /// <summary>Oslo, Norway: the first is in the second, when both are known places.</summary>
    private int Located(string place, int end) =>
        _text.Is(end, ",") && _entityAt[end + 1] is { Kind: EntityKind.Place } wider && EntityCues.IsPlace(wider.Normalised)
            ? Add(place, Predicates.LocatedIn, wider.Text, Relations.Implied, end - 1, _entityEnd[end + 1])
            : end;

    private int Moved(Verb verb, int i)
    {
        var end = verb.At;
        for (var steps = 0; steps < 8 && i < _sentence.End && !RelationWords.IsClause(_text[i].Text); steps++)
        {
            if (_text[i].Text is "from" or "to" && Place(i + 1) is var (place, after))
            {
                var to = _text.Is(i, "to");
                end = Add(verb.Subject, to ? Predicates.LivesIn : Predicates.MovedFrom, place, to ? Relations.Implied : Relations.Stated, verb.First, after, changes: true);
                i = end;
            }
            else
            {
                i++;
            }
        }
        return end;
    }

    private int Work(Verb verb, int i, bool changes = false)
    {
        var end = verb.At;
        for (var part = 0; part < 2; part++)
        {
            if (_text[i].Text is "now" or "currently" or "remotely" or "full" or "part") i++;
            if (_text.Is(i, "as") && _text[i + 1].Text is "a" or "an" or "the" && Noun(i + 1) is var (job, after)) end = i = Add(verb.Subject, Predicates.WorksAs, job, Relations.Stated, verb.First, after, changes);
            else if (_text[i].Text is "at" or "for" or "by" && Employer(i + 1) is var (place, behind)) end = i = Add(verb.Subject, Predicates.WorksAt, place, Relations.Stated, verb.First, behind, changes);
            else if (_text.Is(i, "in") && part == 1 && Place(i + 1) is var (_, inside)) end = i = inside;
        }
        return end;
    }

    /// <summary>a job, a new position: where it goes on.</summary>
    private int Job(int i)
    {
        if (_text[i].Text is "working") return i + 1;
        if (_text[i].Text is not ("a" or "my")) return 0;
        var at = _text[i + 1].Text is "new" or "great" or "better" ? i + 2 : i + 1;
        return _text[at].Text is "job" or "position" or "role" or "internship" ? at + 1 : 0;
    }

    /// <summary>A named employer, or a kind of place with its article: a bakery. For has no kinds of place: works for a living.</summary>
    private (string Text, int End)? Employer(int i)
    {
        var at = _text[i].Text is "the" ? i + 1 : i;
        if (_entityAt[at] is { Kind: not EntityKind.Person } entity) return (entity.Text, _entityEnd[at]);
        return _text.Is(i - 1, "at") && _text[i].Text is "a" or "an" or "the" && !_text.Is(i + 1, "moment") ? Noun(i) : null;
    }

    private int Born(Verb verb, int i)
    {
        if (_text[i].Text is not ("in" or "on")) return verb.At;
        if (TimeAt(i + 1) is { Since: false } time)
        {
            var written = time.Precision switch { TimePrecision.Day => Iso(time), TimePrecision.Month => Iso(time)[..7], TimePrecision.Year => Iso(time)[..4], _ => "" };
            return Add(verb.Subject, Predicates.BornOn, written, Relations.Stated, verb.First, EndOf(time));
        }
        if (!_text.Is(i, "in") || Place(i + 1) is not var (place, end)) return verb.At;
        Add(verb.Subject, Predicates.BornIn, place, Relations.Stated, verb.First, end);
        return _text[end].Text is "in" or "on" && TimeAt(end + 1) is not null ? Math.Max(Born(verb, end), end) : end;
    }

    /// <summary>Pets and things of one's own; "have" alone says too little for anything else.</summary>
    private int Has(Verb verb, int i, string word)
    {
        if (_text[i].Text is "got") i++;
        var counted = NumberWords.At(_text, i) is not null;
        if (!counted && _text[i].Text is not ("a" or "an" or "the" or "my" or "our" or "some") && !word.StartsWith("own", StringComparison.Ordinal)) return verb.At;
        var end = counted ? i : i + (_text[i].Text is "a" or "an" or "the" or "my" or "our" or "some" ? 1 : 0);
        var first = end;
        var head = -1;
        for (; end < _sentence.End && end - first < WordsMax && (_text[end].IsWord || _text[end].IsNumber) && !RelationWords.IsStop(_text[end].Text) && _text[end].Text is not ("named" or "called") && !_timeAt[end]; end++) head = end;
        if (head < 0 || RelationWords.IsNoObject(_text[first].Text)) return verb.At;
        var noun = _text[head].Text;
        if (RelationWords.IsPet(noun))
        {
            if (_text[end].Text is "named" or "called" && Name(end) is var (name, after))
            {
                Add(name, Predicates.IsA, noun, Relations.Stated, verb.First, after);
                return Add(verb.Subject, Predicates.HasPet, name, Relations.Stated, verb.First, after, changes: word is "adopted" or "got" or "bought");
            }
            return Add(verb.Subject, Predicates.HasPet, _text.Slice(first, end), Relations.Stated, verb.First, end, changes: word is "adopted" or "got" or "bought");
        }
        if (RelationWords.KinOf(noun) is { } kin && _text[end].Text is "named" or "called" && Name(end) is var (relative, behind)) return Add(verb.Subject, kin, relative, Relations.Stated, verb.First, behind);
        var owned = word is "own" or "owns" || RelationWords.IsThing(Quantities.Singular(noun));
        return owned ? Add(verb.Subject, Predicates.Owns, _text.Slice(first, end), word is "own" or "owns" or "have" or "has" ? Relations.Stated : Relations.Implied, verb.First, end, changes: word is "bought" or "purchased") : verb.At;
    }

    private int Visit(Verb verb, int i)
    {
        var end = verb.At;
        for (var places = 0; places < 8 && Place(i) is var (place, after); places++)
        {
            end = Add(verb.Subject, Predicates.Visited, place, Relations.Stated, verb.First, after, passes: true);
            if (_text[end].Text is not ("," or "and")) break;
            i = _text.Is(end, ",") && _text.Is(end + 1, "and") ? end + 2 : end + 1;
            // A name with a verb behind it is the next subject.
            if (_entityAt[i] is { } && EntityCues.IsAct(_text[_entityEnd[i]].Text)) break;
        }
        return end;
    }

    private int Plan(Verb verb, int i)
    {
        var end = i;
        while (end < _sentence.End && end - i < PlanWordsMax && _text[end] is { Kind: not LexemeKind.Mark } && !RelationWords.IsClause(_text[end].Text) && !_timeAt[end]) end++;
        if (end == i || _text[i].Text is "be" && end == i + 1 || RelationWords.IsNoObject(_text[i].Text)) return verb.At;
        var text = _text.Slice(i, end);
        return Add(verb.Subject, Predicates.PlansTo, _entityAt[i] is not null ? "go to " + text : text, Relations.Planned, verb.First, end, passes: true);
    }

    /// <summary>I like apples, pears and hiking.</summary>
    private int Objects(Verb verb, string predicate, int i)
    {
        while (_text[i].Text is "really" or "both" or "also" or "mostly") i++;
        if (predicate == Predicates.Likes && _text.Is(i, "to") || predicate == Predicates.Dislikes && _text.Is(i, "to"))
        {
            var stop = i + 1;
            while (stop < _sentence.End && stop - i < PlanWordsMax && _text[stop].Kind != LexemeKind.Mark && !RelationWords.IsClause(_text[stop].Text) && !_timeAt[stop]) stop++;
            return stop > i + 1 ? Add(verb.Subject, predicate, _text.Slice(i + 1, stop), Relations.Stated, verb.First, stop) : verb.At;
        }
        if (predicate == Predicates.Studies && _text[i].Text is "at" or "in" or "for") return verb.At;
        var end = verb.At;
        for (var count = 0; count < 8 && Noun(i) is var (text, after); count++)
        {
            // Behind the first, only short phrases that the list goes on from or ends with.
            if (count > 0 && (_text[after].IsWord && _text[after].Text is not ("and" or "or") || RelationWords.ObjectVerb(_text[i].Text) is not null || text.Count(' ') > 2)) break;
            end = Add(verb.Subject, predicate, text, Relations.Stated, verb.First, after);
            if (_text[after].Text is not ("," or "and")) break;
            i = _text.Is(after, ",") && _text.Is(after + 1, "and") ? after + 2 : after + 1;
            if (_entityAt[i] is { Kind: EntityKind.Person }) break;
        }
        return end;
    }

    /// <summary>To be: from, in, years old, allergic to, a teacher, my sister, Caroline.</summary>
    private int Is(Verb verb)
    {
        var i = verb.At;
        var word = _text[i].Text;
        var person = !(EntityCues.IsPlace(Entities.Normalise(verb.Subject)) || _entityAt[verb.First] is { Kind: EntityKind.Organisation });
        if (word == "from" && Place(i + 1) is var (origin, after)) return Add(verb.Subject, Predicates.ComesFrom, origin, Relations.Stated, verb.First, after);
        if (word is "located" or "situated" && _text.Is(i + 1, "in") && Place(i + 2) is var (site, behind)) return Add(verb.Subject, Predicates.LocatedIn, site, Relations.Stated, verb.First, behind);
        if (word == "in" && !person && Place(i + 1) is var (region, past)) return Add(verb.Subject, Predicates.LocatedIn, region, Relations.Stated, verb.First, past);
        if (Years(i) is var (age, old)) return Add(verb.Subject, Predicates.Age, age, Relations.Stated, verb.First, old);
        if (word is "allergic" && _text.Is(i + 1, "to")) return Objects(verb, Predicates.AllergicTo, i + 2);
        if (word == "fond" && _text.Is(i + 1, "of") || word == "into") return Objects(verb, Predicates.Likes, word == "into" ? i + 1 : i + 2);
        if (word is "called" or "named" && Name(i) is var (name, end)) return Add(verb.Subject, Predicates.Named, name, Relations.Stated, verb.First, end);
        if (word is "my" or "our" && RelationWords.KinOf(_text[i + 1].Text) is { } kin) return Add(Me(i), kin, verb.Subject, Relations.Stated, verb.First, i + 2);
        if (word is "my" && _text[i + 1].Text is "favorite" or "favourite" && Noun(i + 2) is var (kind, stop))
            return Add(Me(i), Predicates.Favourite + kind.ToLowerInvariant().Replace(' ', '_').Replace("color", "colour", StringComparison.Ordinal), verb.Subject, Relations.Stated, verb.First, stop);
        if (_entityAt[i] is { } owner && _text.Is(_entityEnd[i], "'s") && RelationWords.KinOf(_text[_entityEnd[i] + 1].Text) is { } theirs)
            return Add(owner.Text, theirs, verb.Subject, Relations.Stated, verb.First, _entityEnd[i] + 2);
        if (word is "a" or "an") return Sort(verb, i);
        if (_entityAt[i] is { Kind: EntityKind.Person } self && verb.Subject == Me(verb.First) && _text[_entityEnd[i]] is { Kind: LexemeKind.Mark, Text: not "'" })
            return Add(verb.Subject, Predicates.Named, self.Text, Relations.Stated, verb.First, _entityEnd[i]);
        return verb.At;
    }

    private int Sort(Verb verb, int i)
    {
        if (_text[i + 1].Text is "big" or "huge" or "great" or "massive" && _text[i + 2].Text is "fan" && _text.Is(i + 3, "of")) return Objects(verb, Predicates.Likes, i + 4);
        if (_text[i + 1].Text is "fan" && _text.Is(i + 2, "of")) return Objects(verb, Predicates.Likes, i + 3);
        if (_text[i + 1].Text is "bit" or "little" or "lot" or "few" or "couple" or "fan" or "great" or "good" or "nice" or "big" or "really" or "total" or "huge" || Noun(i) is not var (sort, end)) return verb.At;
        var last = sort[(sort.LastIndexOf(' ') + 1)..].ToLowerInvariant();
        if (!RelationWords.IsOccupation(last)) return Add(verb.Subject, Predicates.IsA, sort, Relations.Stated, verb.First, end);
        end = Add(verb.Subject, Predicates.WorksAs, sort, Relations.Stated, verb.First, end);
        return _text[end].Text is "at" or "for" && Employer(end + 1) is var (place, after) ? Add(verb.Subject, Predicates.WorksAt, place, Relations.Stated, verb.First, after) : end;
    }

    /// <summary>34, when "years old" or nothing follows.</summary>
    private (string Age, int End)? Years(int i)
    {
        if (NumberWords.At(_text, i) is not (>= 1 and <= 120 and var value, var end) || value != Math.Floor(value)) return null;
        var age = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (_text[end].Text is "-" && _text.Is(end + 1, "year")) return null;
        if (_text[end].Text is "years" or "year" && _text.Is(end + 1, "old")) return (age, end + 2);
        return _text[end] is { Kind: LexemeKind.Mark } mark && mark.Text is "." or "!" or "," or "" || _text[end].Text is "now" or "and" || _timeAt[end] ? (age, end) : null;
    }

    private (string Text, int End)? Place(int i)
    {
        if (_text.Is(i, "the")) i++;
        return _entityAt[i] is { Kind: not EntityKind.Person } entity && !EntityCues.IsLanguage(entity.Normalised) ? (entity.Text, _entityEnd[i]) : null;
    }

    /// <summary>A noun phrase without its article, up to the word that ends it; null when it names nothing.</summary>
    private (string Text, int End)? Noun(int i)
    {
        if (_text[i].Text is "a" or "an" or "the" or "some" or "my" or "our") i++;
        var end = i;
        while (end < _sentence.End && end - i < WordsMax && !_timeAt[end])
        {
            var word = _text[end];
            var inner = word.Text is "-" && word.Joined && _text[end + 1].Joined
                || end > i && _text[end + 1].IsWord && (word.Text == "'s" || word.Text is "of" && !RelationWords.IsNoObject(_text[end + 1].Text));
            if (!inner && (word.Kind is not (LexemeKind.Word or LexemeKind.Number) || RelationWords.IsStop(word.Text))) break;
            end++;
        }
        return end == i || RelationWords.IsNoObject(_text[i].Text) || _text[i].Text is "of" ? null : (_text.Slice(i, end), end);
    }
}
