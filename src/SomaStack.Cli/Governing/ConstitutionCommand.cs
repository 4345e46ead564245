using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>The signed document that every action is checked against.</summary>
internal static class ConstitutionCommand
{
    private const string Constitution = "/v1/constitution";

    private static readonly Argument<string> File = new("file") { Description = "A JSON file; - reads standard input." };
    private static readonly Argument<long> Version = new("version") { Description = "A version as soma constitution versions shows it." };
    private static readonly Argument<long> Other = new("other") { Description = "The version that it is compared with." };

    public static Command Create() => new("constitution", "The signed document that every action is checked against.\n\nExamples:\n  soma constitution show\n  soma constitution checksum next.json\n  soma constitution load signed.json\n  soma constitution activate 2 --wait")
    {
        Remote.Show("show", "The constitution in force, with its signatures.", _ => Ask.Get(Constitution)),
        Remote.List("versions", "All versions, newest first.", _ => Constitution + "/versions",
            [new("version", "version", 8), new("state", "state", 10), new("hash", "hash", 16), new("issued", "issued_at", 28), new("activated", "activated_at", 28)]),
        Remote.Show("diff", "What differs between two versions.", parsed => Ask.Get(Remote.Query(Constitution + "/diff", ("from", $"{parsed.GetValue(Version)}"), ("to", $"{parsed.GetValue(Other)}"))), Version, Other),
        Remote.Show("checksum", "Checksum and statement to sign of {document, version, issued_at}.", parsed => Ask.Post(Constitution + "/checksum", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Show("validate", "Whether a document could govern, and whether its signatures hold.", parsed => Ask.Post("/constitution/validate", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Change("load", "Store a signed version as a candidate; it does not govern yet.", parsed => Ask.Post(Constitution + "/load", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Change("activate", "Let a loaded version govern; needs a second person.", parsed => Ask.Post(Constitution + "/activate", new JsonObject { ["version"] = parsed.GetValue(Version) }), Version),
        Remote.Change("rollback", "Let an older document govern again, as a new activation; needs a second person.", parsed => Ask.Post(Constitution + "/rollback", new JsonObject { ["version"] = parsed.GetValue(Version) }), Version),
    };
}
