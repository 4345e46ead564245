using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Who may do what in the caller's tenant.</summary>
internal static class UserCommand
{
    private const string Users = "/v1/users";

    private static readonly Argument<string> Id = new("id") { Description = "1 to 128 of a-z, 0-9, '.', '_', '@' and '-'." };
    private static readonly Option<string?> Name = new("--name") { Description = "As others see it." };
    private static readonly Option<string[]> Role = new("--role") { Description = "Repeat; see soma user roles." };
    private static readonly Option<string[]> Capability = new("--capability") { Description = "Repeat; beyond what the roles hold." };

    private static readonly Option<string?> Email = new("--email") { Description = "Whoever signs in through the outside issuer with this verified address joins without the link." };

    public static Command Create() => new("user", "Users, their roles and how they get in.\n\nExamples:\n  soma user list\n  soma user add ana --name \"Ana\" --role operator\n  soma user reset ana\n  soma user deactivate ana")
    {
        Remote.List("list", "The principals of the tenant.", _ => Users, [new("id", "id", 24), new("kind", "kind", 8), new("name", "display_name", 24), new("active", "active", 6), new("roles", "roles", 30)]),
        Remote.Show("show", "One principal.", parsed => Ask.Get(Path(parsed)), Id),
        Remote.List("roles", "The roles that can be given, with their capabilities.", _ => "/v1/roles", [new("role", "name", 14), new("description", "description", 50), new("capabilities", "capabilities", 100)]),
        Remote.Change("add", "Create a user.", parsed => new Ask(HttpMethod.Put, Path(parsed), Body(parsed, new JsonObject { ["display_name"] = parsed.GetValue(Id), ["capabilities"] = new JsonArray() })), Id, Name, Role, Capability),
        Remote.Change("set", "Change name, roles or capabilities of a user; what is not named stays.", (parsed, client, cancellationToken) => EditAsync(parsed, client, static _ => { }, cancellationToken), Id, Name, Role, Capability),
        Remote.Change("deactivate", "End all of a user's tokens and keys, and let nobody in by that name.", (parsed, client, cancellationToken) => EditAsync(parsed, client, static user => user["active"] = false, cancellationToken), Id),
        Remote.Change("activate", "Let a user in again; old tokens stay dead.", (parsed, client, cancellationToken) => EditAsync(parsed, client, static user => user["active"] = true, cancellationToken), Id),
        Remote.Change("invite", "Make a link by which a new user joins once; you send it.",
            parsed => Ask.Post("/v1/invitations", Body(parsed, new JsonObject { ["principal"] = parsed.GetValue(Id), ["display_name"] = parsed.GetValue(Id), ["email"] = parsed.GetValue(Email) })),
            Id, Name, Role, Capability, Email),
        Remote.Change("reset", "Make a link by which a user sets a new password once.", parsed => Ask.Post(Path(parsed) + "/reset-link"), Id),
        Remote.Change("unlock", "Lift the lock that failed sign-ins brought.", parsed => Ask.Post(Path(parsed) + "/unlock"), Id),
    };

    private static string Path(ParseResult parsed) => $"{Users}/{Remote.Part(parsed.GetValue(Id)!)}";

    private static async Task<Ask> EditAsync(ParseResult parsed, Client.SomaClient client, Action<JsonObject> change, CancellationToken cancellationToken)
    {
        var now = await client.SendAsync(HttpMethod.Get, Path(parsed), cancellationToken: cancellationToken);
        var user = JsonNode.Parse(now.Body.GetRawText())!.AsObject();
        var body = new JsonObject();
        foreach (var member in (string[])["kind", "display_name", "active", "roles"])
            if (user[member] is { } value) body[member] = value.DeepClone();
        // What it holds beside its roles: all of it would become its own.
        body["capabilities"] = user["extra"]?.DeepClone() ?? new JsonArray();
        change(body);
        return new Ask(HttpMethod.Put, Path(parsed), Body(parsed, body), now.Headers.GetValueOrDefault("ETag"));
    }

    private static JsonObject Body(ParseResult parsed, JsonObject body)
    {
        if (parsed.GetValue(Name) is { } name) body["display_name"] = name;
        if (parsed.GetValue(Role) is { Length: > 0 } roles) body["roles"] = new JsonArray([.. roles.Select(static one => (JsonNode)one)]);
        if (parsed.GetValue(Capability) is { Length: > 0 } capabilities) body["capabilities"] = new JsonArray([.. capabilities.Select(static one => (JsonNode)one)]);
        return body;
    }
}
