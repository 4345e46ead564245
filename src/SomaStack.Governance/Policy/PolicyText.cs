using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>Reads a policy that somebody wants in force; pure.</summary>
internal static class PolicyText
{
    private const int MaxBytes = 512 * 1024;

    /// <summary>The RFC 8785 text of a policy that can govern.</summary>
    /// <exception cref="Problem">422 with every complaint; 413 when it is too large.</exception>
    public static string Canonical(JsonElement document)
    {
        if (document.ValueKind != JsonValueKind.Object) throw Problem.Invalid("policy", "must be an object");
        byte[] bytes;
        try
        {
            bytes = CanonicalJson.Serialize(document);
        }
        catch (FormatException exception)
        {
            throw Problem.Invalid("policy", "has no canonical form: " + exception.Message);
        }
        if (bytes.Length > MaxBytes) throw PlatformProblems.TooLarge.Because($"The policy has {bytes.Length} bytes; at most {MaxBytes} are allowed.");
        var text = Encoding.UTF8.GetString(bytes);
        var issues = new List<string>();
        if (CompiledPolicy.Parse(text, issues) is null) throw Problem.Invalid("policy", "cannot govern. " + string.Join(" ", issues.Take(20)));
        return text;
    }
}
