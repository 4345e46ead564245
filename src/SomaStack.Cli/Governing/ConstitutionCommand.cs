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

    private static readonly Option<string> Scope = new("--scope") { Description = "tenant, or installation for the document that governs all who have none of their own.", DefaultValueFactory = _ => "tenant" };

    public static Command Create()
    {
        Scope.AcceptOnlyFromAmong("tenant", "installation");
        return Commands();
    }

    private static Command Commands() => new("constitution", "The signed document that every action is checked against.\n\nExamples:\n  soma constitution show\n  soma constitution checksum next.json\n  soma constitution load signed.json\n  soma constitution activate 2 --wait\n  soma constitution diff 1 2 --scope installation")
    {
        Remote.Show("show", "The constitution in force, with its signatures.", _ => Ask.Get(Constitution)),
        Remote.List("versions", "All versions, newest first.", parsed => Remote.Query(Constitution + "/versions", ("scope", parsed.GetValue(Scope))),
            [new("version", "version", 8), new("state", "state", 10), new("hash", "hash", 16), new("issued", "issued_at", 28), new("activated", "activated_at", 28)], Scope),
        Remote.Show("diff", "What differs between two versions.", parsed => Ask.Get(Remote.Query(Constitution + "/diff", ("from", $"{parsed.GetValue(Version)}"), ("to", $"{parsed.GetValue(Other)}"), ("scope", parsed.GetValue(Scope)))), Version, Other, Scope),
        Remote.Show("checksum", "Checksum and statement to sign of {document, version, issued_at}.", parsed => Ask.Post(Constitution + "/checksum", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Show("validate", "Whether a document could govern, and whether its signatures hold.", parsed => Ask.Post("/constitution/validate", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Change("load", "Store a signed version as a candidate; it does not govern yet.", parsed => Ask.Post(Constitution + "/load", Remote.Document(parsed.GetValue(File)!)), File),
        Remote.Change("activate", "Let a loaded version govern; needs a second person.", parsed => Ask.Post(Constitution + "/activate", new JsonObject { ["version"] = parsed.GetValue(Version), ["scope"] = parsed.GetValue(Scope) }), Version, Scope),
        Remote.Change("rollback", "Let an older document govern again, as a new activation; needs a second person.", parsed => Ask.Post(Constitution + "/rollback", new JsonObject { ["to"] = parsed.GetValue(Version), ["scope"] = parsed.GetValue(Scope) }), Version, Scope),
    };
}
