using System.Globalization;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

internal enum Told
{
    Kept,

    /// <summary>It had come before.</summary>
    Known,
    NoRun,

    /// <summary>The run has ended and takes none.</summary>
    Over,
}

/// <summary>All SQL of what comes to runs from outside: kept in the order in which it came, until the run's owner takes it.</summary>
internal sealed class RunInputStore(Db db)
{
    /// <summary>Replicas hear on it which run has an input.</summary>
    public const string Channel = "soma_runs";

    /// <summary>Keeps the input and makes the run due, or tells its owner. The row's lock puts inputs and the owner's steps into one order.</summary>
    public static async Task<Told> TellAsync(DbWork work, string tenant, string run, RunInput input, long now)
    {
        var id = InputIds.Of(input);
        var data = JsonSerializer.Serialize(input, RunHistoryJson.Default.RunInput);
        if (await work.NumberAsync($"SELECT COUNT(*) FROM run_inputs WHERE tenant = {tenant} AND run = {run} AND id = {id}") == 1) return Told.Known;
        var reopens = input is RetryRun;
        var told = await work.QueryAsync(static reader => (Number: reader.GetInt64(0), Owner: reader.GetString(1)), $"""
            UPDATE runs SET inbox = inbox + 1, ended_at = NULL, wake_at = CASE WHEN owner = '' AND paused IS NULL THEN {now} ELSE wake_at END
            WHERE tenant = {tenant} AND id = {run} AND (ended_at IS NULL OR ({reopens} AND status = 'failed'))
            RETURNING inbox, owner
            """);
        if (told.Count == 0)
            return await work.NumberAsync($"SELECT COUNT(*) FROM runs WHERE tenant = {tenant} AND id = {run}") == 1 ? Told.Over : Told.NoRun;
        await work.ExecuteAsync($"INSERT INTO run_inputs (tenant, run, number, id, data) VALUES ({tenant}, {run}, {told[0].Number}, {id}, {data})");
        if (told[0].Owner.Length > 0) await work.NotifyAsync(Channel, tenant + " " + run);
        return Told.Kept;
    }

    /// <summary>Keeps it in a transaction of its own.</summary>
    /// <exception cref="Problem">404 <c>run_unknown</c>; 409 <c>run_ended</c>.</exception>
    public async Task KeepAsync(string tenant, string run, RunInput input, long now, CancellationToken cancellationToken)
    {
        var told = await db.WriteAsync(tenant, work => TellAsync(work, tenant, run, input, now), cancellationToken);
        if (told == Told.NoRun) throw WorkflowProblems.Unknown.Because("No run of this tenant has this id.");
        if (told == Told.Over) throw WorkflowProblems.Ended.Because("It takes nothing any more.");
    }

    /// <summary>What has come after those that took effect.</summary>
    public Task<List<(long Number, RunInput Input)>> ReadAsync(string tenant, string run, long after, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => (reader.GetInt64(0), JsonSerializer.Deserialize(reader.GetString(1), RunHistoryJson.Default.RunInput)!),
        $"SELECT number, data FROM run_inputs WHERE tenant = {tenant} AND run = {run} AND number > {after} ORDER BY number LIMIT {RunStore.Batch}", cancellationToken);
}

internal static class InputIds
{
    /// <summary>The same for the same input however often it comes.</summary>
    public static string Of(RunInput input) => input switch
    {
        SignalCame one => "signal/" + one.Id,
        ApprovalEnded one => "approval/" + one.ApprovalId,
        FormAnswered one => string.Create(CultureInfo.InvariantCulture, $"form/{one.Path}/{one.At}"),
        NestedEnded one => string.Create(CultureInfo.InvariantCulture, $"nested/{one.Path}/{one.Attempt}"),
        CancelRun one => string.Create(CultureInfo.InvariantCulture, $"cancel/{one.At}"),
        RetryRun one => string.Create(CultureInfo.InvariantCulture, $"retry/{one.At}"),
        _ => throw new InvalidOperationException($"{input.GetType().Name} does not come from outside."),
    };
}
