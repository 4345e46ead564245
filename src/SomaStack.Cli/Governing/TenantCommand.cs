using System.CommandLine;
using System.Text.Json.Nodes;

namespace SomaStack.Cli;

/// <summary>Tenants of the installation.</summary>
internal static class TenantCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "1 to 63 of a-z, 0-9 and '-'." };
    private static readonly Option<string> Name = new("--name") { Description = "As people see it.", Required = true };
    private static readonly Option<string> Owner = new("--owner") { Description = "Its first principal.", DefaultValueFactory = _ => "owner" };

    public static Command Create() => new("tenant", "Tenants: who shares this installation without sharing anything else.\n\nExamples:\n  soma tenant current\n  soma tenant add acme --name \"Acme\" --owner ana")
    {
        Remote.Show("current", "The caller's tenant.", _ => Ask.Get("/v1/tenants/current")),
        Remote.List("list", "All tenants; needs platform:admin.", _ => "/v1/tenants", [new("id", "id", 24), new("name", "display_name", 30), new("active", "active", 6), new("created", "created_at", 28)]),
        Remote.Change("add", "Create a tenant with its owner, and print the link by which the owner signs in once.",
            parsed => Ask.Post("/v1/tenants", new JsonObject { ["id"] = parsed.GetValue(Id), ["display_name"] = parsed.GetValue(Name), ["owner"] = parsed.GetValue(Owner) }), Id, Name, Owner),
    };
}
