using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a link may be.</summary>
internal static class LinkLimits
{
    public const int LinksMax = 32;

    private const int TypeMax = 64;
    private const int IdMax = 512;

    /// <summary>Types that lead from a part to its whole or from a thing to its reason: they never lead back.</summary>
    public static readonly IReadOnlyList<string> Acyclic = ["part_of", "depends_on", "derived_from"];

    /// <exception cref="Problem">422 naming the fields.</exception>
    public static void Check(IReadOnlyList<RememberedLink> links)
    {
        Platform.Check.That(links.Count <= LinksMax, "links", $"must be at most {LinksMax}").And(links.All(static link => link is not null), "links", "must not hold null").OrThrow();
        foreach (var link in links)
            Platform.Check.That(IsType(link.Type), "links.type", TypeRule).And(IsWeight(link.Weight ?? 1), "links.weight", WeightRule)
                .And(link.Target is { Length: > 0 and <= IdMax }, "links.target", "must be the id of a memory").OrThrow();
    }

    /// <exception cref="Problem">422 naming the fields.</exception>
    public static void Check(LinkDraft link) => Platform.Check.That(IsType(link.Type), "type", TypeRule).And(IsWeight(link.Weight), "weight", WeightRule)
        .And(link.ValidFrom is null || link.ValidTo is null || link.ValidFrom < link.ValidTo, "valid_to", "must be later than valid_from").OrThrow();

    /// <summary>snake_case, so that a type reads the same everywhere: the known ones (related, causes, contrasts, part_of, …) and the caller's own.</summary>
    public static bool IsType(string? type)
    {
        if (type is not { Length: > 0 and <= TypeMax } || !char.IsAsciiLetterLower(type[0])) return false;
        foreach (var c in type)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_') return false;
        return true;
    }

    private const string TypeRule = "must be snake_case of 1 to 64 characters: a-z, 0-9 and _, a letter first";
    private const string WeightRule = "must be above 0 and at most 1";

    private static bool IsWeight(double weight) => weight is > 0 and <= 1;
}
