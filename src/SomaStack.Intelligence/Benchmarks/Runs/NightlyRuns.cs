using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>When benchmarks run by themselves: once a day, UTC.</summary>
internal sealed class Schedule(TimeOnly? at)
{
    public bool IsSet => at is not null;

    /// <param name="text">HH:mm, or null for no schedule.</param>
    /// <exception cref="InvalidOperationException">It is neither.</exception>
    public static Schedule Of(string? text)
    {
        if (string.IsNullOrEmpty(text)) return new Schedule(null);
        return TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? new Schedule(at)
            : throw new InvalidOperationException($"SOMA_BENCHMARK_AT is '{text}'; it must be a time of day in UTC as 03:00.");
    }

    /// <summary>The first such time after now; null without a schedule.</summary>
    public DateTimeOffset? Next(DateTimeOffset now)
    {
        if (at is not { } time) return null;
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) + time.ToTimeSpan();
        return today > now ? today : today.AddDays(1);
    }
}

/// <summary>
/// Queues the nightly run of the installation's own tenant. Its id is made of the day, so that of several replicas one queues it. A night on
/// which no worker was up has no run.
/// </summary>
internal sealed partial class NightlyRuns(Schedule schedule, StartRun start, IIdentity identity, ISettings settings, TimeProvider clock, ILogger<NightlyRuns> log) : BackgroundService
{
    /// <summary>A clock that was set is noticed within this time.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (schedule.Next(clock.GetUtcNow()) is { } next)
        {
            while (clock.GetUtcNow() is var now && now < next) await Task.Delay(next - now < Longest ? next - now : Longest, clock, stoppingToken);
            try
            {
                await QueueAsync(next, stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
        }
    }

    private async Task QueueAsync(DateTimeOffset night, CancellationToken cancellationToken)
    {
        var (tenant, _) = await identity.DemoOwnerAsync(cancellationToken);
        var id = Ids.Derive(string.Create(CultureInfo.InvariantCulture, $"benchmark_run\n{tenant}\n{night:yyyy-MM-dd HH:mm}"));
        await start.BeginAsync(RequestContext.ForSystem(tenant, settings.Mode), id, "schedule", new RunRequest(), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Tonight's benchmarks could not be queued.")]
    private partial void LogFailure(Exception exception);
}
