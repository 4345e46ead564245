using System.Text.Json;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A request as stored, without what was asked and answered. Instants are unix microseconds.</summary>
/// <param name="Capabilities">Of whoever asked, when it was asked; separated by blanks.</param>
/// <param name="Error">JSON of a <see cref="RequestError"/>: why it failed, or why the last attempt did.</param>
internal sealed record RequestRow(
    string Tenant, string Id, string Mode, string Role, string? Model, string? SessionId, string Principal, string PrincipalKind, string Capabilities, string ClientType,
    string TraceId, string? Metadata, string RequestSha256, RequestState State, string? Owner, long NextAttemptAt, long LeaseUntil, string? Error,
    long CreatedAt, long? StartedAt, long? EndedAt)
{
    /// <summary>The API key that it came with, whose limits bind its calls as they would have bound them at once.</summary>
    public string? ApiKey { get; init; }

    public RequestSummary Summary() => new(
        Id, PhaseName(State.Phase), Mode, Role, Model, SessionId, JsonOf(Metadata), State.Attempt, State.AttemptsMax, State.Dead, State.CancelBy is not null,
        NextAttempt, CreatedAt.ToInstant(), StartedAt?.ToInstant(), EndedAt?.ToInstant(), ErrorOf());

    public RequestView View(RequestResult? result) => new(
        Id, PhaseName(State.Phase), Mode, Role, Model, SessionId, JsonOf(Metadata), State.Attempt, State.AttemptsMax, State.Dead, State.CancelBy is not null,
        NextAttempt, CreatedAt.ToInstant(), StartedAt?.ToInstant(), EndedAt?.ToInstant(), ErrorOf(), result);

    public RequestQueued AsQueued(RequestState state) => new(RequestEvents.Version, Id, SessionId, Role, Mode, Model, RequestSha256, state.Attempt, state.AttemptsMax);

    public static string PhaseName(RequestPhase phase) => phase switch
    {
        RequestPhase.Queued => "queued",
        RequestPhase.Running => "running",
        RequestPhase.Succeeded => "succeeded",
        RequestPhase.Failed => "failed",
        RequestPhase.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(phase)),
    };

    public static RequestPhase? PhaseOf(string name) => name switch
    {
        "queued" => RequestPhase.Queued,
        "running" => RequestPhase.Running,
        "succeeded" => RequestPhase.Succeeded,
        "failed" => RequestPhase.Failed,
        "cancelled" => RequestPhase.Cancelled,
        _ => null,
    };

    private DateTimeOffset? NextAttempt => State.Phase == RequestPhase.Queued ? NextAttemptAt.ToInstant() : null;

    private RequestError? ErrorOf() => Error is null ? null : JsonSerializer.Deserialize(Error, QueueJson.Default.RequestError);

    private static JsonElement? JsonOf(string? text) => text is null ? null : JsonElement.Parse(text);
}

/// <summary>What a change brings beside the new state.</summary>
/// <param name="NextAttemptAt">Of a request that is queued again.</param>
/// <param name="LeaseUntil">Of one that begins to run.</param>
internal sealed record RequestChange(string? Owner = null, long NextAttemptAt = 0, long LeaseUntil = 0, RequestResult? Result = null, RequestError? Error = null)
{
    public static readonly RequestChange None = new();
}
