using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Cli;

/// <summary>Tools: what there is, whose manifests count, and carrying out an action. Signing is the publisher's own act, on his machine with his key.</summary>
internal static class ToolCommand
{
    private const string Adapters = "/v1/adapters";
    private const string Publishers = "/v1/tool-publishers";

    private static readonly Argument<string> Id = new("adapter") { Description = "An adapter as soma tool list shows it." };
    private static readonly Argument<string> File = new("file") { Description = "A manifest, or what soma tool sign printed; - reads standard input." };
    private static readonly Argument<string> Document = new("document") { Description = "An OpenAPI document, YAML or JSON; - reads standard input." };
    private static readonly Argument<string> Action = new("action") { Description = "ADAPTER.ACTION" };
    private static readonly Argument<string> KeyId = new("key-id") { Description = "A key as soma tool publishers shows it." };
    private static readonly Argument<string> PublicKey = new("public-key") { Description = "As soma tool sign prints it, or a file that holds it." };
    private static readonly Option<string> KeyFile = new("--key") { Description = "The publisher's private key (PKCS #8 PEM); made when there is none.", Required = true };
    private static readonly Option<string> Name = new("--name") { Description = "Whose key it is.", Required = true };
    private static readonly Option<bool> Installation = new("--installation") { Description = "For all tenants; needs platform:admin." };
    private static readonly Option<string?> Arguments = new("--arguments") { Description = "The arguments as a JSON object; {} by default." };
    private static readonly Option<string[]> Taint = new("--taint") { Description = "Where the arguments come from: web, tool, memory, …; repeat." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Shown to whoever wants to use it." };
    private static readonly Option<string?> Version = new("--version-of-manifest") { Description = "A version; the one in force by default." };
    private static readonly Option<string?> As = new("--id") { Description = "Name of the adapter; made of the document's title by default." };
    private static readonly Option<string?> BaseUrl = new("--base-url") { Description = "Instead of the document's first server." };

    public static Command Create() => new("tool", """
        Tools: adapters, their manifests and their calls.

        Examples:
          soma tool import petstore.yaml --id petstore > petstore.json
          soma tool sign petstore.json --key publisher.pem > signed.json
          soma tool pin PUBLIC_KEY --name "Pets Ltd"
          soma tool register signed.json --wait
          soma tool call petstore.getPetById --arguments '{"petId":1}'
        """)
    {
        Remote.List("list", "Adapters, and why one cannot be used.", _ => Adapters,
            [new("id", "id", 20), new("kind", "kind", 10), new("status", "status", 12), new("version", "version", 10), new("source", "source", 9), new("reason", "reason", 60)]),
        Remote.Show("show", "One adapter with its manifest.", parsed => Ask.Get($"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}"), Id),
        Remote.List("versions", "Versions of an adapter's manifest.", parsed => $"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}/versions",
            [new("version", "version", 12), new("state", "state", 10), new("digest", "digest", 66), new("by", "registered_by", 16), new("at", "registered_at", 28)], Id),
        Remote.List("calls", "Calls of an adapter, newest first.", parsed => $"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}/calls",
            [new("id", "job_id", 37), new("action", "action", 20), new("status", "status", 18), new("code", "code", 22), new("by", "principal", 16), new("at", "created_at", 28)], Id),
        Remote.Show("verify", "Whether a manifest could be registered here, and whose signature it has.", parsed => Ask.Post(Adapters + "/verify", WithManifest(Remote.Document(parsed.GetValue(File)!))), File),
        Sign(),
        Remote.Show("import", "Make the draft of a manifest from an OpenAPI document; nothing is stored.", Import, Document, As, BaseUrl),
        Remote.List("publishers", "Keys whose signatures count.", _ => Publishers, [new("key", "key_id", 44), new("name", "name", 24), new("scope", "scope", 12), new("by", "pinned_by", 16)]),
        Remote.Change("pin", "Let a publisher's signatures count.", Pin, PublicKey, Name, Installation),
        Remote.Change("unpin", "Take a publisher's key back; what it signed stops at once.", parsed => new Ask(HttpMethod.Delete, Remote.Query($"{Publishers}/{Remote.Part(parsed.GetValue(KeyId)!)}", ("scope", Scope(parsed)))), KeyId, Installation),
        Remote.Change("register", "Let a manifest in; needs a second person.", parsed => Ask.Post(Adapters, Signed(parsed.GetValue(File)!)), File),
        Remote.Change("disable", "Switch an adapter off.", parsed => Ask.Post($"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}/disable", new JsonObject { ["reason"] = parsed.GetValue(Reason) }), Id, Reason),
        Remote.Change("enable", "Switch an adapter on again.", parsed => Ask.Post($"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}/enable"), Id),
        Remote.Change("revoke", "Revoke a version of a manifest for good.", parsed => Ask.Post($"{Adapters}/{Remote.Part(parsed.GetValue(Id)!)}/revoke",
            new JsonObject { ["reason"] = parsed.GetValue(Reason) ?? throw new UsageException("--reason is needed."), ["version"] = parsed.GetValue(Version) }), Id, Reason, Version),
        Remote.Change("call", "Carry out an action.", Call, Action, Arguments, Taint),
    };

    /// <summary>Talks to no server.</summary>
    private static Command Sign()
    {
        var command = new Command("sign", "Sign a manifest with the publisher's own key and print both; talks to no server.") { File, KeyFile, GlobalOptions.Json };
        command.SetAction(parsed =>
        {
            var manifest = Manifest(parsed.GetValue(File)!);
            try
            {
                using var key = Ed25519Key.LoadOrCreate(parsed.GetValue(KeyFile)!);
                var digest = ManifestSigning.Digest(manifest.ToJsonString());
                Console.WriteLine(new JsonObject
                {
                    ["manifest"] = manifest, ["signature"] = new JsonObject { ["algorithm"] = "ed25519", ["key_id"] = key.KeyId, ["value"] = Base64Url.EncodeToString(key.Sign(ManifestSigning.Message(digest))) },
                }.ToJsonString());
                Console.Error.WriteLine($"soma: signed {digest}\n      public key {key.Public.X}");
            }
            catch (Exception broken) when (broken is CryptographicException or FormatException or IOException or UnauthorizedAccessException)
            {
                throw new UsageException(broken.Message);
            }
            return 0;
        });
        return command;
    }

    private static JsonObject Manifest(string file)
    {
        var read = Remote.Document(file);
        return read["manifest"] is JsonObject inside ? (JsonObject)inside.DeepClone() : read;
    }

    /// <summary>A bare manifest is put where a signed one has it.</summary>
    private static JsonObject WithManifest(JsonObject read) => read.ContainsKey("manifest") ? read : new JsonObject { ["manifest"] = read };

    private static JsonObject Signed(string file)
    {
        var read = Remote.Document(file);
        return read.ContainsKey("manifest") ? new JsonObject { ["manifest"] = read["manifest"]!.DeepClone(), ["signature"] = read["signature"]?.DeepClone() } : new JsonObject { ["manifest"] = read };
    }

    private static Ask Import(ParseResult parsed)
    {
        var file = parsed.GetValue(Document)!;
        try
        {
            return Ask.Post(Adapters + "/import/openapi", new JsonObject
            {
                ["document"] = file == "-" ? Console.In.ReadToEnd() : System.IO.File.ReadAllText(file), ["id"] = parsed.GetValue(As), ["base_url"] = parsed.GetValue(BaseUrl),
            });
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {unreadable.Message}");
        }
    }

    private static Ask Pin(ParseResult parsed)
    {
        var key = parsed.GetValue(PublicKey)!;
        if (System.IO.File.Exists(key)) key = System.IO.File.ReadAllText(key).Trim();
        return Ask.Post(Publishers, new JsonObject { ["name"] = parsed.GetValue(Name), ["public_key"] = key, ["scope"] = Scope(parsed) });
    }

    private static string? Scope(ParseResult parsed) => parsed.GetValue(Installation) ? "installation" : null;

    private static Ask Call(ParseResult parsed)
    {
        var action = parsed.GetValue(Action)!;
        var dot = action.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0) throw new UsageException("Name the action as ADAPTER.ACTION.");
        JsonNode? arguments;
        try
        {
            arguments = JsonNode.Parse(parsed.GetValue(Arguments) ?? "{}");
        }
        catch (System.Text.Json.JsonException broken)
        {
            throw new UsageException($"--arguments is no JSON: {broken.Message}");
        }
        return Ask.Post($"{Adapters}/{Remote.Part(action[..dot])}/execute", new JsonObject
        {
            ["action"] = action[(dot + 1)..], ["arguments"] = arguments, ["taints"] = new JsonArray([.. (parsed.GetValue(Taint) ?? []).Select(static one => (JsonNode)one)]),
        });
    }
}
