namespace SomaStack.Cli;

/// <summary>The licences under which something may ship with SomaStack.</summary>
internal static class Licences
{
    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal)
    {
        "MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "PostgreSQL",
    };

    /// <summary>Packages from before SPDX expressions name an address: what was found there when it was read.</summary>
    private static readonly Dictionary<string, string> Read = new(StringComparer.Ordinal)
    {
        ["https://raw.githubusercontent.com/HdrHistogram/HdrHistogram.NET/master/LICENSE.txt"] = "BSD-2-Clause",
        ["https://github.com/confluentinc/librdkafka/blob/master/LICENSES.txt"] = "BSD-2-Clause",
    };

    /// <summary>Parts of the web console that ship under something else, each looked at: fonts are data beside the program, and a dedication to the public asks for nothing.</summary>
    private static readonly HashSet<(string Package, string Licence)> LookedAt =
    [
        ("@fontsource-variable/inter", "OFL-1.1"), ("@fontsource-variable/jetbrains-mono", "OFL-1.1"), ("isbot", "Unlicense"),
    ];

    /// <summary>Whether a package may ship under an SPDX expression: one of the alternatives must be allowed, and all of what holds together.</summary>
    public static bool Allow(string package, string expression) => LookedAt.Contains((package, expression)) || Alternatives(expression).Any(static all => all.All(Allowed.Contains));

    /// <summary>The SPDX identifier of the licence at that address; null when nobody has read it.</summary>
    public static string? At(string address) => Read.GetValueOrDefault(address);

    // "A OR B AND C" is A, or B with C. Deeper nesting has not been met; it would be refused.
    private static IEnumerable<IEnumerable<string>> Alternatives(string expression)
    {
        var plain = expression.Trim();
        if (plain.StartsWith('(') && plain.IndexOf(')', StringComparison.Ordinal) == plain.Length - 1) plain = plain[1..^1];
        return plain.Split(" OR ").Select(static side => side.Split(" AND ").Select(static part => part.Trim()));
    }
}
