using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Routes that are promised and not there yet: they say so with 501.</summary>
internal static class NotBuiltYet
{
    private static readonly (string Method, string Route, string Capability)[] Promised =
    [
        ("GET", "/memory/export", Capability.MemoryRead), ("POST", "/memory/import", Capability.MemoryWrite),
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var prefix in MemoryModule.Prefixes)
            foreach (var (method, route, capability) in Promised)
                routes.MapMethods(prefix + route, [method], static IResult () => throw PlatformProblems.NotBuilt.Because("The memory room does not do this yet."))
                    .Requires(capability).WithoutReplay().WithTags("memory").WithSummary("Not built yet.");
    }
}
