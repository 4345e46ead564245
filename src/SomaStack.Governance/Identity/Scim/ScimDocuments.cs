using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What SCIM clients read to learn what is here (RFC 7643, 5 to 7; RFC 7644, 4): only what is true.</summary>
internal static class ScimDocuments
{
    public const string UserSchema = "urn:ietf:params:scim:schemas:core:2.0:User";
    public const string GroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group";

    /// <summary>Ours: the capabilities that a group's members get.</summary>
    public const string GroupExtension = "urn:somastack:params:scim:schemas:1.0:Group";

    public static void Map(IEndpointRouteBuilder routes)
    {
        Scim(routes.MapGet("/scim/v2/ServiceProviderConfig", static (PublicOrigin origin) => ScimMessage.Json(Config(origin))));
        Scim(routes.MapGet("/scim/v2/ResourceTypes", static (PublicOrigin origin) => ScimMessage.Json(List(Types(origin)))));
        Scim(routes.MapGet("/scim/v2/ResourceTypes/{id}", static (string id, PublicOrigin origin) => ScimMessage.Json(One(Types(origin), id))));
        Scim(routes.MapGet("/scim/v2/Schemas", static (PublicOrigin origin) => ScimMessage.Json(List(Schemas(origin)))));
        Scim(routes.MapGet("/scim/v2/Schemas/{id}", static (string id, PublicOrigin origin) => ScimMessage.Json(One(Schemas(origin), id))));
    }

    public static JsonObject Meta(string type, string location, long version, DateTimeOffset createdAt, DateTimeOffset updatedAt) => new()
    {
        ["resourceType"] = type, ["created"] = ScimMessage.Instant(createdAt), ["lastModified"] = ScimMessage.Instant(updatedAt), ["location"] = location, ["version"] = ScimMessage.Version(version),
    };

    private static void Scim(RouteHandlerBuilder route) => route.ForAnyPrincipal().WithScimErrors().ExcludeFromDescription();

    private static JsonObject List(JsonObject[] documents) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:ListResponse"), ["totalResults"] = documents.Length, ["startIndex"] = 1, ["itemsPerPage"] = documents.Length,
        ["Resources"] = new JsonArray([.. documents]),
    };

    private static JsonObject One(JsonObject[] documents, string id) =>
        Array.Find(documents, document => document["id"]!.GetValue<string>() == id) ?? throw PlatformProblems.NotFound.Because("There is no such document.");

    private static JsonObject Config(PublicOrigin origin) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"),
        ["patch"] = new JsonObject { ["supported"] = true },
        ["bulk"] = new JsonObject { ["supported"] = false, ["maxOperations"] = 0, ["maxPayloadSize"] = 0 },
        ["filter"] = new JsonObject { ["supported"] = true, ["maxResults"] = 200 },
        ["changePassword"] = new JsonObject { ["supported"] = false },
        ["sort"] = new JsonObject { ["supported"] = false },
        ["etag"] = new JsonObject { ["supported"] = true },
        ["authenticationSchemes"] = new JsonArray(new JsonObject
        {
            ["type"] = "oauthbearertoken", ["name"] = "Bearer", ["description"] = "An API key or an access token with the capability tenant:admin.", ["primary"] = true,
        }),
        ["meta"] = new JsonObject { ["resourceType"] = "ServiceProviderConfig", ["location"] = origin.Of("/scim/v2/ServiceProviderConfig") },
    };

    private static JsonObject[] Types(PublicOrigin origin) =>
    [
        Type(origin, "User", "/Users", UserSchema, null),
        Type(origin, "Group", "/Groups", GroupSchema, GroupExtension),
    ];

    private static JsonObject Type(PublicOrigin origin, string name, string endpoint, string schema, string? extension)
    {
        var type = new JsonObject
        {
            ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:ResourceType"), ["id"] = name, ["name"] = name, ["endpoint"] = endpoint, ["schema"] = schema,
            ["meta"] = new JsonObject { ["resourceType"] = "ResourceType", ["location"] = origin.Of("/scim/v2/ResourceTypes/" + name) },
        };
        if (extension is not null) type["schemaExtensions"] = new JsonArray(new JsonObject { ["schema"] = extension, ["required"] = false });
        return type;
    }

    private static JsonObject[] Schemas(PublicOrigin origin) =>
    [
        Schema(origin, UserSchema, "User",
        [
            Attribute("userName", required: true, uniqueness: "server"), Attribute("externalId", caseExact: true), Attribute("displayName"), Attribute("active", "boolean"),
            Complex("name", false, [Attribute("formatted"), Attribute("familyName"), Attribute("givenName"), Attribute("middleName")]),
            Attribute("nickName"), Attribute("title"), Attribute("userType"), Attribute("preferredLanguage"), Attribute("locale"), Attribute("timezone"),
            Complex("emails", true, [Attribute("value"), Attribute("type"), Attribute("display"), Attribute("primary", "boolean")]),
            Complex("phoneNumbers", true, [Attribute("value"), Attribute("type"), Attribute("display"), Attribute("primary", "boolean")]),
            Complex("groups", true, [Attribute("value", caseExact: true, mutability: "readOnly"), Attribute("display", mutability: "readOnly"), Attribute("type", mutability: "readOnly")], "readOnly"),
        ]),
        Schema(origin, GroupSchema, "Group",
        [
            Attribute("displayName", required: true, uniqueness: "server", caseExact: true), Attribute("externalId", caseExact: true),
            Complex("members", true, [Attribute("value", caseExact: true, mutability: "immutable"), Attribute("type", mutability: "immutable")]),
        ]),
        Schema(origin, GroupExtension, "Rights of a group", [Attribute("capabilities", caseExact: true, many: true)]),
    ];

    private static JsonObject Schema(PublicOrigin origin, string id, string name, JsonObject[] attributes) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:Schema"), ["id"] = id, ["name"] = name, ["description"] = name, ["attributes"] = new JsonArray([.. attributes]),
        ["meta"] = new JsonObject { ["resourceType"] = "Schema", ["location"] = origin.Of("/scim/v2/Schemas/" + id) },
    };

    private static JsonObject Attribute(string name, string type = "string", bool required = false, string uniqueness = "none", bool caseExact = false, string mutability = "readWrite", bool many = false) => new()
    {
        ["name"] = name, ["type"] = type, ["multiValued"] = many, ["description"] = name, ["required"] = required, ["caseExact"] = caseExact, ["mutability"] = mutability,
        ["returned"] = "default", ["uniqueness"] = uniqueness,
    };

    private static JsonObject Complex(string name, bool many, JsonObject[] parts, string mutability = "readWrite")
    {
        var attribute = Attribute(name, "complex", mutability: mutability, many: many);
        attribute["subAttributes"] = new JsonArray([.. parts]);
        return attribute;
    }
}
