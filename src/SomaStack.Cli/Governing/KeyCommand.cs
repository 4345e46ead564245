using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>API keys for programs.</summary>
internal static class KeyCommand
{
    private const string Keys = "/v1/api-keys";

    private static readonly Argument<string> Id = new("id") { Description = "A key as soma key list shows it." };
    private static readonly Option<string> Name = new("--name") { Description = "What it is for.", Required = true };
    private static readonly Option<string?> Principal = new("--principal") { Description = "Whose key it is; yourself by default." };
    private static readonly Option<string[]> Scope = new("--scope") { Description = "Repeat; at most what both of you hold.", Required = true };
    private static readonly Option<int?> Days = new("--days") { Description = "Until it expires; never by default." };

    public static Command Create() => new("key", "API keys: each is shown once, when it is made.\n\nExamples:\n  soma key create --name ci --scope session:start --days 90\n  soma key list\n  soma key revoke ID")
    {
        Remote.List("list", "Keys without their secrets.", _ => Keys,
            [new("id", "id", 37), new("name", "name", 20), new("principal", "principal", 20), new("prefix", "prefix", 14), new("scopes", "scopes", 40), new("last used", "last_used_at", 28)]),
        Remote.Change("create", "Make a key and print it, once.", Create, Name, Principal, Scope, Days),
        Remote.Change("rotate", "Make a successor and print it; the old key lives on for a while.", parsed => Ask.Post($"{Keys}/{Remote.Part(parsed.GetValue(Id)!)}/rotate"), Id),
        Remote.Change("revoke", "End a key now.", parsed => new Ask(HttpMethod.Delete, $"{Keys}/{Remote.Part(parsed.GetValue(Id)!)}"), Id),
    };

    private static Ask Create(ParseResult parsed)
    {
        var body = new JsonObject { ["name"] = parsed.GetValue(Name), ["scopes"] = new JsonArray([.. parsed.GetValue(Scope)!.Select(static one => (JsonNode)one)]) };
        if (parsed.GetValue(Principal) is { } principal) body["principal"] = principal;
        if (parsed.GetValue(Days) is { } days) body["expires_at"] = TimeProvider.System.GetUtcNow().AddDays(days);
        return Ask.Post(Keys, body);
    }
}
