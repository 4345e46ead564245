using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>
/// Protected resource metadata (RFC 9728): which issuer gives tokens for this server. There is one, ourselves; a token of another audience or
/// issuer is refused by the edge like any other.
/// </summary>
internal sealed class ResourceMetadata(IPublicAddress address)
{
    public const string PathOfMcp = "/.well-known/oauth-protected-resource/mcp";

    private const string Root = "/.well-known/oauth-protected-resource";
    private const string PathOfA2A = Root + A2AEndpoint.Path;

    /// <param name="ScopesSupported">The least that is of use; more is asked for when it is needed (scope minimisation).</param>
    internal sealed record Document(
        string Resource, IReadOnlyList<string> AuthorizationServers, IReadOnlyList<string> ScopesSupported, IReadOnlyList<string> BearerMethodsSupported,
        string ResourceName, string ResourceDocumentation);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Root, (ResourceMetadata use, HttpResponse response) => use.Of(response, McpEndpoint.Path, Capability.ToolExecute)).Public().WithTags("mcp").WithSummary("Who issues tokens for the MCP server.");
        routes.MapGet(PathOfMcp, (ResourceMetadata use, HttpResponse response) => use.Of(response, McpEndpoint.Path, Capability.ToolExecute)).Public().WithTags("mcp").WithSummary("Who issues tokens for the MCP server.");
        routes.MapGet(PathOfA2A, (ResourceMetadata use, HttpResponse response) => use.Of(response, A2AEndpoint.Path, Capability.SessionStart)).Public().WithTags("a2a").WithSummary("Who issues tokens for the A2A server.");
    }

    private Ok<Document> Of(HttpResponse response, string path, string scope)
    {
        response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(new Document(address.Of(path), [address.Of("")], [scope], ["header"], "SomaStack", address.Of("/docs")));
    }
}
