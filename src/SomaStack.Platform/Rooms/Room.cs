using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SomaStack.Platform;

/// <summary>
/// A room of the house, as its module declares it: services, routes, event handlers, start-up work, refusals and JSON shapes.
/// The server lists the rooms in order; nothing is scanned.
/// </summary>
/// <param name="Name">Also the folder that holds the room's migrations, e.g. <c>Sessions</c>.</param>
public sealed record Room(string Name, Assembly Assembly)
{
    public Action<IServiceCollection, SomaOptions> Add { get; init; } = static (_, _) => { };

    public Action<IEndpointRouteBuilder> Map { get; init; } = static _ => { };

    /// <summary>True when a replica that is only a brain serves the routes too.</summary>
    public bool ServedByBrain { get; init; }

    public Action<Subscriptions, IServiceProvider> Handle { get; init; } = static (_, _) => { };

    /// <summary>Runs once after migrations and before listening, in the order of the rooms.</summary>
    public Func<IServiceProvider, CancellationToken, Task> Start { get; init; } = static (_, _) => Task.CompletedTask;

    public IReadOnlyList<ProblemCode> Problems { get; init; } = [];

    /// <summary>The source-generated context of the room's request, response and event types.</summary>
    public IJsonTypeInfoResolver? Json { get; init; }

    /// <summary>The room's metric names, so that a test can compare them with what is documented and emitted.</summary>
    public IReadOnlyList<MetricDescription> Metrics { get; init; } = [];
}
