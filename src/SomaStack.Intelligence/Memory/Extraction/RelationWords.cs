using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

/// <summary>The words of relations.</summary>
internal static class RelationWords
{
    /// <summary>The relation of somebody to their sister, boss and so on; null where it says too little.</summary>
    private static readonly FrozenDictionary<string, string> Kinship = Map(
        ("sister brother sibling twin", Predicates.SiblingOf), ("son daughter kid child stepson stepdaughter", Predicates.ParentOf), ("mother father mom mum dad mommy mummy daddy", Predicates.ChildOf),
        ("wife husband spouse", Predicates.MarriedTo), ("partner girlfriend boyfriend fiancé fiancée fiance fiancee", Predicates.PartnerOf), ("friend bestie", Predicates.FriendOf));

    private static readonly FrozenSet<string> PetNouns = Set("dog cat puppy kitten hamster rabbit bunny parrot turtle tortoise horse pony goldfish fish bird guinea gecko snake lizard ferret pet dogs cats puppies kittens rabbits horses parrots hamsters");

    private static readonly FrozenSet<string> Things = Set(
        "car house apartment flat bike bicycle motorcycle motorbike boat cabin farm garden piano guitar violin camera laptop computer phone tablet truck van scooter tent kayak shop store bakery restaurant company business studio telescope drone ring watch collection");

    private static readonly FrozenSet<string> Occupations = Set(
        "teacher nurse doctor engineer programmer developer lawyer artist writer author musician singer painter chef cook baker farmer student scientist researcher professor manager director designer architect accountant electrician plumber carpenter " +
        "mechanic pilot driver journalist photographer counselor counsellor therapist psychologist dentist pharmacist veterinarian vet librarian barista waiter waitress salesperson consultant analyst actor actress dancer coach trainer translator firefighter " +
        "policeman policewoman officer soldier paramedic surgeon physicist chemist biologist mathematician economist entrepreneur cashier hairdresser tailor gardener fisherman editor producer filmmaker illustrator sculptor welder midwife tutor lecturer intern");

    /// <summary>Between subject and verb without a say in what is stated.</summary>
    private static readonly FrozenSet<string> Adverbs = Set(
        "really just now currently also still always finally recently actually absolutely totally already even both all truly definitely then simply usually often mostly officially happily proudly presently personally both so do does kinda sort of");

    private static readonly FrozenSet<string> Denials = Set("n't not never no hardly barely nor neither without");

    private static readonly FrozenSet<string> Modals = Set("would 'd could might may should can ca must wo will 'll wish wished used wanted ought wonder wondering imagine pretend almost nearly");

    /// <summary>Words that make a whole sentence a supposition.</summary>
    private static readonly FrozenSet<string> Suppositions = Set("if unless suppose supposing imagine pretend whether wish hypothetically dreamed dreamt dream");

    private static readonly FrozenSet<string> Hedges = Set("maybe perhaps probably guess think believe possibly apparently seems seem likely heard rumor rumour supposedly");

    /// <summary>Where a noun phrase ends.</summary>
    private static readonly FrozenSet<string> Stops = Set(
        "in on at to from with for by as about because and or but so if when while since who which that where than then though although unless until is are was were be been am 's 're 'm 've 'll 'd n't not has have had do does did will would can could " +
        "should may might must i you he she it we they me us him them until after before during over under into onto through every near via also too now these those anymore lately recently nowadays very much together either like likes love loves");

    private static readonly FrozenSet<string> NoObjects = Set(
        "it this that these those them you him her me us what how when where who which everything something anything nothing everyone someone there here so to of on in at being having seeing hearing knowing my's one more most less lot bit few all both either being");

    private static readonly FrozenSet<string> Clauses = Set("and but because so while though although which who that or then");

    private static readonly FrozenDictionary<string, string> ObjectVerbs = Map(
        ("like likes love loves enjoy enjoys adore adores enjoying loving", Predicates.Likes), ("dislike dislikes hate hates detest detests loathe loathes despise despises", Predicates.Dislikes),
        ("play plays", Predicates.Plays), ("study studies studying", Predicates.Studies), ("speak speaks", Predicates.Speaks), ("own owns", Predicates.Owns));

    public static string? KinOf(string word) => Kinship.GetValueOrDefault(word);

    public static bool IsPet(string word) => PetNouns.Contains(word);

    public static bool IsThing(string word) => Things.Contains(word);

    public static bool IsOccupation(string word) => Occupations.Contains(word);

    public static bool IsAdverb(string word) => Adverbs.Contains(word);

    public static bool IsDenial(string word) => Denials.Contains(word);

    public static bool IsModal(string word) => Modals.Contains(word);

    public static bool IsSupposition(string word) => Suppositions.Contains(word);

    public static bool IsHedge(string word) => Hedges.Contains(word);

    public static bool IsStop(string word) => Stops.Contains(word);

    public static bool IsNoObject(string word) => NoObjects.Contains(word);

    public static bool IsClause(string word) => Clauses.Contains(word);

    public static string? ObjectVerb(string word) => ObjectVerbs.GetValueOrDefault(word);

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, string> Map(params (string Words, string To)[] entries) =>
        entries.SelectMany(entry => entry.Words.Split(' ').Select(word => (word, entry.To))).ToFrozenDictionary(pair => pair.word, pair => pair.To, StringComparer.Ordinal);
}
