using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <param name="Wire">The name under which a provider knows it.</param>
internal sealed record OfferedTool(string Wire, string Name, string Adapter, string Action, string Description, string InputSchema, bool ReadOnly);

/// <summary>
/// Names of tools as providers take them: letters, digits, <c>_</c> and <c>-</c>, at most 64 (OpenAI's and Anthropic's rule for function names).
/// <c>github.create_issue</c> is <c>github__create_issue</c>. The way back is the list itself, so nothing is guessed from a name. Pure.
/// </summary>
internal static class ToolNames
{
    public const int LengthMax = 64;

    private const int DigestLength = 8;

    /// <exception cref="Problem">409 <c>tool_name_clash</c> when two actions would have one name.</exception>
    public static IReadOnlyList<OfferedTool> Map(IReadOnlyList<ToolOffer> offers)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var mapped = new List<OfferedTool>(offers.Count);
        foreach (var offer in offers)
        {
            var wire = Wire(offer.Adapter, offer.Action);
            if (!known.TryAdd(wire, offer.Name)) throw SessionProblems.ToolNameClash.Because($"'{known[wire]}' and '{offer.Name}' are both called '{wire}' where a model reads it. Name one of them.");
            mapped.Add(new OfferedTool(wire, offer.Name, offer.Adapter, offer.Action, offer.Description, offer.InputSchema, offer.ReadOnly));
        }
        return mapped;
    }

    /// <summary>What is too long keeps its beginning and a digest of the whole.</summary>
    public static string Wire(string adapter, string action)
    {
        var name = $"{Clean(adapter)}__{Clean(action)}";
        return name.Length <= LengthMax ? name : $"{name[..(LengthMax - DigestLength - 1)]}_{TextDigest.Of($"{adapter}.{action}")[..DigestLength]}";
    }

    private static string Clean(string name) => string.Create(name.Length, name, static (span, from) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = char.IsAsciiLetterOrDigit(from[i]) || from[i] is '_' or '-' ? from[i] : '_';
    });
}
