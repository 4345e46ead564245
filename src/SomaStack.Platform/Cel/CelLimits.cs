namespace SomaStack.Platform.Cel;

/// <summary>What an expression may cost. Parsing, checking and evaluating recurse at most <see cref="Depth"/> deep, so no stack overflows.</summary>
public static class CelLimits
{
    /// <summary>UTF-16 units of a source.</summary>
    public const int Source = 8192;

    /// <summary>Levels of the tree, and of brackets in the text; the language asks implementations for 32 at least.</summary>
    public const int Depth = 250;

    /// <summary>Steps of one evaluation. A step is one operation, one element of a loop, or 64 bytes that are read or copied.</summary>
    public const int Steps = 10_000;

    /// <summary>UTF-16 units of a regular expression, and of its form with counted repetitions written out.</summary>
    public const int Pattern = 1000;
    public const int PatternUnrolled = 10_000;
}
