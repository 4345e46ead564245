using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The wiring of work that is done later.</summary>
internal static class QueueModule
{
    /// <summary>Never renamed: the consumer's place hangs on it.</summary>
    public const string Consumer = "inference.requests";

    public static void Add(IServiceCollection services, SomaOptions options)
    {
        services.AddSingleton<RequestLines>().AddSingleton<RequestStreams>().AddSingleton<ReadStream>().AddSingleton<RequestStore>();
        services.AddSingleton<WorkSignal>().AddSingleton<RunningRequests>().AddSingleton<SubmitRequest>().AddSingleton<RunRequest>().AddSingleton<ForeignRequests>();
        if (options.HasRole("worker")) services.AddHostedService<RequestWorker>().AddHostedService<SweepRequests>();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        SubmitRequest.Map(routes);
        ReadRequests.Map(routes);
        CancelRequest.Map(routes);
        ReplayRequest.Map(routes);
    }

    /// <summary>The events wake the worker; what it then does stands in its rows, so an event that comes late or twice does no harm.</summary>
    public static void Handle(Subscriptions subscriptions, IServiceProvider services)
    {
        var signal = services.GetRequiredService<WorkSignal>();
        subscriptions.On(Consumer, [RequestEvents.Queued], (line, work, _) =>
        {
            Read(line);
            work.OnCommit(signal.Ring);
            return Task.CompletedTask;
        }, (message, cancellationToken) => services.GetRequiredService<ForeignRequests>().TakeAsync(message, cancellationToken));
    }

    /// <exception cref="NotSupportedException">A version that this program does not know: the line becomes a dead letter.</exception>
    internal static RequestQueued Read(JournalLine line)
    {
        var queued = JsonSerializer.Deserialize(line.Data, QueueJson.Default.RequestQueued) ?? throw new NotSupportedException("The event is empty.");
        return queued.Version == RequestEvents.Version
            ? queued
            : throw new NotSupportedException($"The version '{queued.Version}' of slm.requests is not known; this program reads {RequestEvents.Version}.");
    }
}
