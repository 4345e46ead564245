using System.Text.RegularExpressions;

namespace SomaStack.Platform.Cel;

/// <summary>Functions over text. Costs grow with what is read; a needle counts once for each 64 units of itself.</summary>
internal static class Texts
{
    /// <summary>Steps for a regular expression that is only known at run time.</summary>
    private const int PatternCost = 2000;

    public static Value Contains(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != ValueKind.String || b.Kind != ValueKind.String) return Fault.NoOverload;
        Charge(frame, a.Text, b.Text.Length, 6);
        return Value.Of(a.Text.Contains(b.Text, StringComparison.Ordinal));
    }

    public static Value StartsWith(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != ValueKind.String || b.Kind != ValueKind.String) return Fault.NoOverload;
        frame.Charge(b.Text.Length >> 6);
        return Value.Of(a.Text.StartsWith(b.Text, StringComparison.Ordinal));
    }

    public static Value EndsWith(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != ValueKind.String || b.Kind != ValueKind.String) return Fault.NoOverload;
        frame.Charge(b.Text.Length >> 6);
        return Value.Of(a.Text.EndsWith(b.Text, StringComparison.Ordinal));
    }

    public static Value Matches(Frame frame, in Value a, in Value b)
    {
        if (a.Kind != ValueKind.String || b.Kind != ValueKind.String) return Fault.NoOverload;
        frame.Charge(PatternCost);
        return Patterns.Compile(b.Text, out _) is { } pattern ? Matches(frame, a, pattern, b.Text.Length) : Fault.Pattern;
    }

    public static Value Matches(Frame frame, in Value a, Regex pattern, int length)
    {
        if (a.Kind != ValueKind.String) return Fault.NoOverload;
        Charge(frame, a.Text, length, 3);
        return Value.Of(pattern.IsMatch(a.Text));
    }

    private static void Charge(Frame frame, string text, int needle, int shift) => frame.Charge((int)Math.Min(int.MaxValue, (long)text.Length * (1 + (needle >> 6)) >> shift));
}
