using System.Text;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="HoldsAddresses">False for V8, which reserves many times the addresses that it uses.</param>
internal sealed record KnownLanguage(string Name, string Program, IReadOnlyList<string> Options, string Ending, bool HoldsAddresses)
{
    public string Version { get; init; } = "";
}

/// <summary>Which languages there are behind the walls: each is asked for its version there, once.</summary>
internal sealed class Languages(Bubblewrap walls)
{
    private static readonly KnownLanguage[] Candidates =
    [
        new("python", "/usr/bin/python3", ["-B", "-X", "utf8"], ".py", true),
        new("node", "/usr/bin/node", [], ".js", false),
        new("bash", "/usr/bin/bash", ["--noprofile", "--norc"], ".sh", true),
        new("perl", "/usr/bin/perl", [], ".pl", true),
        new("ruby", "/usr/bin/ruby", [], ".rb", true),
    ];

    private readonly Lazy<IReadOnlyList<KnownLanguage>> _known = new(() => walls.Unavailable is null ? [.. Candidates.Select(candidate => Asked(walls, candidate)).OfType<KnownLanguage>()] : []);

    public IReadOnlyList<KnownLanguage> Known => _known.Value;

    public KnownLanguage? Find(string name) => Known.FirstOrDefault(language => language.Name == name);

    private static KnownLanguage? Asked(Bubblewrap walls, KnownLanguage candidate)
    {
        if (!File.Exists(candidate.Program)) return null;
        try
        {
            var limits = new SandboxLimits(TimeSpan.FromSeconds(10), 5, 512 << 20, 64, 4096) { HoldsAddresses = candidate.HoldsAddresses };
            var result = walls.RunAsync(new SandboxCommand(candidate.Program, [candidate.Name == "perl" ? "-e" : "--version", .. candidate.Name == "perl" ? (string[])["print $^V"] : []], limits), CancellationToken.None).GetAwaiter().GetResult();
            var version = Encoding.UTF8.GetString(result.Output).Split('\n', 2)[0].Trim();
            return result is { End: SandboxEnd.Exited, ExitCode: 0 } && version.Length > 0 ? candidate with { Version = version } : null;
        }
        catch (Problem)
        {
            return null;
        }
    }
}
