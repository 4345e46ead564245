using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>What a schedule runs: a template, or a capsule.</summary>
/// <param name="Version">Of the capsule; null for the newest approved one at each time.</param>
/// <param name="Inputs">An object; for a template, laid over its defaults.</param>
internal sealed record ScheduleTarget(string? Template, string? Capsule, string? Version, JsonElement? Inputs);

/// <param name="Overlap">skip or allow: what happens when the run before still goes on.</param>
/// <param name="Paused">Why it is; null while it is not.</param>
/// <param name="Missed">Times that were left out so far.</param>
internal sealed record ScheduleRow(
    string Tenant, string Id, string Name, ScheduleTarget Target, string Cron, string TimeZone, CatchUp CatchUp, string Overlap, RunStarter Starter, string? Paused, long Missed, long? NextAt,
    long Version, long CreatedAt, long UpdatedAt)
{
    public const string Columns = "tenant, id, name, target, cron, time_zone, catch_up, overlap, starter, paused, missed, next_at, version, created_at, updated_at";

    public static ScheduleRow Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), JsonSerializer.Deserialize(row.GetString(3), SchedulesJson.Default.ScheduleTarget)!, row.GetString(4), row.GetString(5),
        Enum.Parse<CatchUp>(row.GetString(6), ignoreCase: true), row.GetString(7), JsonSerializer.Deserialize(row.GetString(8), WorkflowsJson.Default.RunStarter)!, row.Text(9), row.GetInt64(10), row.Number(11),
        row.GetInt64(12), row.GetInt64(13), row.GetInt64(14));

    /// <summary>What was checked when it was written.</summary>
    public Timetable Timetable() => Workflows.Timetable.TryCreate(Cron, TimeZone, out _) ?? throw new InvalidOperationException($"Schedule {Id} has no timetable.");
}

/// <param name="Kind">cron, backfill or manual.</param>
/// <param name="State">due, awaiting (a second person), approved, started, skipped or failed.</param>
internal sealed record FireRow(string Tenant, string Schedule, long DueAt, string Kind, string State, string? Run, string? Approval, string? Code, string? Detail, long UpdatedAt)
{
    public const string Columns = "tenant, schedule, due_at, kind, state, run, approval, code, detail, updated_at";

    public static FireRow Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetString(4), row.Text(5), row.Text(6), row.Text(7), row.Text(8), row.GetInt64(9));

    /// <summary>One run for one time, however often it is tried.</summary>
    public string Key => $"schedule/{Schedule}/{DueAt}";
}

internal sealed record FireView(DateTimeOffset DueAt, string Kind, string State, string? RunId, string? Approval, string? Code, string? Detail, DateTimeOffset UpdatedAt)
{
    public static FireView Of(FireRow row) => new(row.DueAt.ToInstant(), row.Kind, row.State, row.Run, row.Approval, row.Code, row.Detail, row.UpdatedAt.ToInstant());
}

/// <param name="Next">The next five times; empty while it is paused.</param>
/// <param name="Last">The newest time that came; null when none did.</param>
internal sealed record ScheduleView(
    string Id, string Name, ScheduleTarget Target, string Cron, string TimeZone, string CatchUp, string Overlap, string Starter, string? Paused, long Missed, IReadOnlyList<DateTimeOffset> Next, FireView? Last,
    long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    private const int Shown = 5;

    public static ScheduleView Of(ScheduleRow row, FireRow? last, DateTimeOffset now) => new(
        row.Id, row.Name, row.Target, row.Cron, row.TimeZone, row.CatchUp.ToString().ToLowerInvariant(), row.Overlap, row.Starter.Id, row.Paused, row.Missed,
        row.Paused is null ? row.Timetable().Next(now, Shown) : [], last is null ? null : FireView.Of(last), row.Version, row.CreatedAt.ToInstant(), row.UpdatedAt.ToInstant());
}
