using System.Text.Json;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The journal lines of requests: each event of the decider is the next version of <c>request/ID</c>.</summary>
internal sealed class RequestLines(Journal journal)
{
    /// <param name="row">As it is after the event.</param>
    public Task AppendAsync(DbWork work, RequestContext context, RequestRow row, RequestEvent happened, RequestChange change)
    {
        var json = QueueJson.Default;
        return happened switch
        {
            QueuedEvent or ReplayedEvent => Append(RequestEvents.Queued, row.AsQueued(row.State), json.RequestQueued),
            StartedEvent started => Append(RequestEvents.Started, new RequestStarted(row.Id, started.Attempt, row.Owner ?? "", started.AfterLoss), json.RequestStarted),
            RetriedEvent retried => Append(RequestEvents.Retried, new RequestRetried(row.Id, retried.Attempt, retried.Code, row.NextAttemptAt.ToInstant()), json.RequestRetried),
            CancelAskedEvent asked => Append(RequestEvents.CancelAsked, new RequestCancelAsked(row.Id, asked.By), json.RequestCancelAsked),
            SucceededEvent or FailedEvent or CancelledEvent => Append(RequestEvents.Completed, CompletedOf(row, happened, change.Result), json.RequestCompleted),
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };

        Task Append<T>(string type, T data, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> shape) =>
            journal.AppendAsync(work, context, "request/" + row.Id, row.State.Version, type, data, shape);
    }

    public static RequestCompleted CompletedOf(RequestRow row, RequestEvent happened, RequestResult? result) => new(
        RequestEvents.Version, row.Id, row.SessionId, row.Role, row.Mode, RequestRow.PhaseName(row.State.Phase), row.State.Attempt,
        result is null ? null : TextDigest.Of(result.Text), result?.Text.Length,
        result is null ? null : new RequestMetrics(result.Model, result.Usage.PromptTokens, result.Usage.CompletionTokens, result.Usage.TotalTokens),
        result?.CallId, (happened as FailedEvent)?.Code, row.State.Dead);
}

/// <summary>What a reader of the stream sees of an event.</summary>
internal static class RequestStreamEvents
{
    /// <param name="row">As it is after the event.</param>
    public static (string Type, string Data) Of(RequestRow row, RequestEvent happened, RequestChange change)
    {
        var json = QueueJson.Default;
        var attempt = JsonSerializer.Serialize(new AttemptData(row.Id, row.State.Attempt, row.State.AttemptsMax), json.AttemptData);
        return happened switch
        {
            QueuedEvent or ReplayedEvent => (RequestStreamEvent.Queued, attempt),
            StartedEvent started => (started.Attempt == 1 ? RequestStreamEvent.Started : RequestStreamEvent.Restarted, attempt),
            RetriedEvent retried => (RequestStreamEvent.Retrying, JsonSerializer.Serialize(
                new RetryData(row.Id, retried.Attempt, change.Error ?? new RequestError(retried.Code, "It is tried again."), row.NextAttemptAt.ToInstant()), json.RetryData)),
            CancelAskedEvent asked => (RequestStreamEvent.Cancelling, JsonSerializer.Serialize(new CancellingData(row.Id, asked.By), json.CancellingData)),
            SucceededEvent => (RequestStreamEvent.Succeeded, View(row, change)),
            FailedEvent => (RequestStreamEvent.Failed, View(row, change)),
            CancelledEvent => (RequestStreamEvent.Cancelled, View(row, change)),
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    private static string View(RequestRow row, RequestChange change) => JsonSerializer.Serialize(row.View(change.Result), QueueJson.Default.RequestView);
}
