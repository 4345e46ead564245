namespace SomaStack.Intelligence.Memory;

/// <summary>A fact that a text states.</summary>
/// <param name="Subject">A name, <c>NAME's sister</c>, or <c>author</c> for a first person without a name.</param>
/// <param name="Predicate">See <see cref="Predicates"/>.</param>
/// <param name="Functional">It has one value at a time: a newer one ends the older.</param>
/// <param name="Confidence">0 to 1, by the constants of <see cref="Relations"/>.</param>
/// <param name="ValidFrom">When it began, where the sentence says so; else null.</param>
/// <param name="ValidTo">When it ended: only of visits.</param>
internal sealed record RelationMention(
    string Subject, string Predicate, string Object, bool Functional, double Confidence, Extent Extent, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null);

/// <summary>
/// Facts that the grammar of one sentence states: who lives, works, likes, owns what. Questions, denials, conditions, wishes, habits of
/// the past and pronouns without a name give nothing: what is not said plainly is not recorded.
/// </summary>
internal static class Relations
{
    /// <summary>Said in so many words: "I live in Oslo". The constants order facts; they are set by judgement, not measured.</summary>
    public const double Stated = 0.9;

    /// <summary>Follows from what is said: who moved to Oslo lives there.</summary>
    public const double Implied = 0.7;

    /// <summary>An intention.</summary>
    public const double Planned = 0.6;

    /// <summary>Factor for sentences with maybe, probably, I think.</summary>
    public const double Hedge = 0.6;

    /// <summary>Who speaks, when the text does not name them.</summary>
    public const string Author = "author";

    public static IReadOnlyList<RelationMention> Find(string text, DateTimeOffset eventTime, string? speaker) => Extractor.Run(text, eventTime, speaker).Relations;

    public static IReadOnlyList<RelationMention> Find(LexedText text, IReadOnlyList<EntityMention> entities, IReadOnlyList<TimeMention> times, string? speaker) =>
        new RelationReader(text, entities, times, speaker).Read();
}

/// <summary>The kinds of facts. <c>favourite_X</c> is made of what follows "favourite".</summary>
internal static class Predicates
{
    public const string LivesIn = "lives_in", MovedFrom = "moved_from", ComesFrom = "comes_from", WorksAt = "works_at", WorksAs = "works_as", BornOn = "born_on", BornIn = "born_in",
        MarriedTo = "married_to", PartnerOf = "partner_of", SiblingOf = "sibling_of", ParentOf = "parent_of", ChildOf = "child_of", FriendOf = "friend_of", HasPet = "has_pet", Owns = "owns", Likes = "likes",
        Dislikes = "dislikes", IsA = "is_a", Named = "named", LocatedIn = "located_in", Visited = "visited", PlansTo = "plans_to", Age = "age", Email = "email", Phone = "phone",
        Plays = "plays", Studies = "studies", Speaks = "speaks", AllergicTo = "allergic_to", Favourite = "favourite_";

    public static bool IsFunctional(string predicate) => predicate is LivesIn or ComesFrom or WorksAt or WorksAs or BornOn or BornIn or MarriedTo or PartnerOf or Named or LocatedIn or Age or Email or Phone
        || predicate.StartsWith(Favourite, StringComparison.Ordinal);
}
