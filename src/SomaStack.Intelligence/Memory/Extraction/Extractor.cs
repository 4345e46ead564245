namespace SomaStack.Intelligence.Memory;

/// <summary>What a text tells beyond its words, each with its place in it.</summary>
internal sealed record Extraction(
    IReadOnlyList<EntityMention> Entities, IReadOnlyList<TimeMention> Times, IReadOnlyList<QuantityMention> Quantities, IReadOnlyList<RelationMention> Relations);

/// <summary>The deterministic reader of English text: the same input gives the same answer, no text makes it fail, and its time grows with the length.</summary>
internal static class Extractor
{
    /// <summary>Kept in every fact; changes with the rules, so that facts of older rules can be told apart.</summary>
    public const string Version = "grammar-1";

    /// <param name="eventTime">What "yesterday" is relative to.</param>
    /// <param name="speaker">Who says "I", where the text has no <c>Name:</c> before it; null is unknown.</param>
    public static Extraction Run(string text, DateTimeOffset eventTime, string? speaker)
    {
        var lexed = Lexer.Cut(text);
        var times = TimeExpressions.Find(lexed, eventTime);
        var entities = Memory.Entities.Find(lexed);
        return new Extraction(entities, times, Memory.Quantities.Find(lexed), Memory.Relations.Find(lexed, entities, times, speaker));
    }
}
