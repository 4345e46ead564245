using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

/// <summary>Routes of the marketplace that are named and not there: they say so.</summary>
internal static class NotBuilt
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/installations", Refuse).Requires(Capability.CapsuleInstall).WithTags("capsules").WithSummary("Not built: 501.");
        routes.MapPost("/v1/installations", Refuse).Requires(Capability.CapsuleInstall).WithTags("capsules").WithSummary("Not built: 501.");
        routes.MapPost("/v1/installations/{id}/rollback", static (string id) => Refuse()).Requires(Capability.CapsuleInstall).WithTags("capsules").WithSummary("Not built: 501.");
    }

    private static IResult Refuse() => throw PlatformProblems.NotBuilt.Because("Installations per environment are not built. An approved capsule can be run as it is: POST /v1/templates/import.");
}
