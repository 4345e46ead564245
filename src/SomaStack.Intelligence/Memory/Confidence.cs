namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The probability that one of the first ten memories answers the question: a logistic in the best score and its lead over the tenth.
/// Fitted on the three tuning conversations of LoCoMo, half of the questions being other people's, asked under these names;
/// <c>soma bench memory</c> prints how well it holds on the others (area under the curve, calibration error).
/// </summary>
internal static class Confidence
{
    /// <summary>
    /// Below this recall says that it abstains; the list is shown all the same. On the two conversations that nothing was fitted on it is said
    /// of 9 % of the questions whose evidence was found and of 57 % of the others.
    /// </summary>
    public const double AbstainBelow = 0.2;

    public const int Depth = 10;

    private const double OfScore = 7.71;
    private const double OfLead = 31.66;
    private const double Constant = -3.82;

    /// <param name="found">Best first, ten of them when there are so many.</param>
    public static double Of(IReadOnlyList<Found> found)
    {
        if (found.Count == 0) return 0;
        var tenth = found.Count >= Depth ? found[Depth - 1].Score : 0;
        return 1 / (1 + Math.Exp(-(OfScore * found[0].Score + OfLead * (found[0].Score - tenth) + Constant)));
    }
}
