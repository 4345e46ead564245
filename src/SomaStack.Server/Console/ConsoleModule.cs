using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Server.Console;

/// <summary>The wiring of the web console: pages at the addresses that its screens have, and the files that they load.</summary>
public static class ConsoleModule
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Whether a program that is started like this shows the console.</summary>
    public static bool IsShown(SomaOptions options) => options.HasRole("console") && ConsoleFiles.IsIn(options);

    public static readonly Room Room = new("Console", typeof(ConsoleModule).Assembly)
    {
        Add = static (services, _) => services.AddSingleton<ConsoleFiles>(),
        Map = static routes =>
        {
            if (!routes.ServiceProvider.GetRequiredService<SomaOptions>().HasRole("console")) return;
            var files = routes.ServiceProvider.GetRequiredService<ConsoleFiles>();
            routes.MapMethods("/", Reading, static (HttpContext http, ConsoleFiles files) => ConsolePage.WriteAsync(http, files)).Public().ExcludeFromDescription();
            if (!files.AreBuilt) return;
            // Where a sign-in ends: the silent one is read by a script, so it asks for no page.
            routes.MapMethods("/console/callback", Reading, static (HttpContext http, ConsoleFiles files) => ConsolePage.WriteAsync(http, files)).Public().ExcludeFromDescription();
            routes.MapMethods("/console/{**file}", Reading, static (string? file, HttpContext http, ConsoleFiles files) => ConsoleAsset.WriteAsync(file, http, files)).Public().ExcludeFromDescription();
            foreach (var screen in files.Screens)
                routes.MapMethods($"/{screen}/{{**rest}}", Reading, static (HttpContext http, ConsoleFiles files) => ConsolePage.NavigateAsync(http, files)).Public().ExcludeFromDescription();
        },
    };
}
