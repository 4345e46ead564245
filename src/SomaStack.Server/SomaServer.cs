using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SomaStack.Agents.Capsules;
using SomaStack.Agents.Sessions;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Workflows;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Identity;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Settings;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Intelligence.Inference;
using SomaStack.Intelligence.Memory;
using SomaStack.Operations.Notifications;
using SomaStack.Platform;
using SomaStack.Server.Console;
using SomaStack.Server.Edge;

namespace SomaStack.Server;

/// <summary>The house: the list of rooms, lowest first, and how they are put together.</summary>
public static class SomaServer
{
    public static readonly IReadOnlyList<Room> Rooms =
    [
        JournalModule.Room,
        IdentityModule.Room, ApprovalsModule.Room, SettingsModule.Room, ConstitutionModule.Room, BillingModule.Room, PolicyModule.Room,
        InferenceModule.Room, MemoryModule.Room, BenchmarksModule.Room,
        ToolsModule.Room, CapsulesModule.Room, SessionsModule.Room, WorkflowsModule.Room,
        NotificationsModule.Room,
        EdgeModule.Room,
        ConsoleModule.Room,
    ];

    /// <summary>Builds a server that has migrated its database and run every room's start-up, ready to listen.</summary>
    public static async Task<WebApplication> BuildAsync(SomaOptions options, CancellationToken cancellationToken)
    {
        // Else the whole working folder is watched for changes of its settings file, every write to a database in it included.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        builder.WebHost.UseUrls(options.Url);
        Observability.Add(builder, options);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => Db.Open(options.DatabaseUrl));
        builder.Services.AddSingleton<Journal>();
        builder.Services.AddSingleton<Subscriptions>();
        foreach (var room in Rooms) room.Add(builder.Services, options);

        var app = builder.Build();
        await Migrator.RunAsync(app.Services.GetRequiredService<Db>(), Rooms, TimeProvider.System, cancellationToken);
        var subscriptions = app.Services.GetRequiredService<Subscriptions>();
        EdgeModule.Use(app);
        foreach (var room in Rooms)
        {
            await room.Start(app.Services, cancellationToken);
            room.Handle(subscriptions, app.Services);
            if (!options.IsOnlyBrain || room.ServedByBrain) room.Map(app);
        }
        return app;
    }
}
