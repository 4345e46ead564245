using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// <c>POST /v1/requests</c>: takes work in, answers at once. Row and event are one transaction, so that what was acknowledged is done,
/// whatever dies meanwhile. With an Idempotency-Key a retry meets the first request.
/// </summary>
internal sealed class SubmitRequest(RequestStore store, WorkSignal signal, RequestScreen screen, TimeProvider clock)
{
    private const int AttemptsDefault = 5;
    private const int AttemptsMost = 10;
    private const int MetadataBytesMax = 16 << 10;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/requests", static (RequestBody body, RequestContext context, SubmitRequest use, CancellationToken cancellationToken) => use.RunAsync(body, context, cancellationToken))
        .Requires(Capability.InferenceInvoke).WithBodyLimit(10 << 20).WithTags("requests").WithSummary("Queue a model request.");

    private async Task<Accepted<RequestAccepted>> RunAsync(RequestBody body, RequestContext context, CancellationToken cancellationToken)
    {
        var stored = await QueueAsync(body, Ids.For(context, "request"), context, cancellationToken);
        return TypedResults.Accepted($"/v1/requests/{stored.Id}", new RequestAccepted(stored.Id, RequestRow.PhaseName(stored.State.Phase)));
    }

    /// <summary>Durable when it returns; the same id again changes nothing.</summary>
    /// <exception cref="Problem">422 naming every field that is wrong; 429 when too many wait; 403 when moderation stops it.</exception>
    public async Task<RequestRow> QueueAsync(RequestBody body, string id, RequestContext context, CancellationToken cancellationToken)
    {
        RequestPrompt.Check(body.Mode, body.Payload);
        Check.That(body.Model is null or { Length: > 0 and <= 200 }, "model", "must have 1 to 200 characters")
            .And(body.Role is null or "chat" or "planning" or "code" or "embedding", "role", "must be chat, planning, code or embedding")
            .And(body.SessionId is null or { Length: > 0 and <= 128 }, "session_id", "must have 1 to 128 characters")
            .And(body.Metadata is null or { ValueKind: JsonValueKind.Null } || IsSmallObject(body.Metadata.Value), "metadata", $"must be an object of at most {MetadataBytesMax} bytes")
            .And(body.AttemptsMax is null or (>= 1 and <= AttemptsMost), "attempts_max", $"must be from 1 to {AttemptsMost}")
            .OrThrow();
        // It is looked at again when it is worked on, without a strike: rules and locks may change while it waits.
        IReadOnlyList<ChatMessage> messages = body.Mode == RequestPrompt.Embedding ? [] : RequestPrompt.Messages(body.Mode, body.Payload);
        await screen.MessagesAsync(context, messages, areNew: true, cancellationToken);
        var now = clock.NowMicros();
        var payload = JsonSerializer.Serialize(body.Payload, QueueJson.Default.RequestPayload);
        var row = new RequestRow(
            context.Tenant, id, body.Mode, body.Role ?? (body.Mode == RequestPrompt.Embedding ? "embedding" : "chat"), body.Model, body.SessionId,
            context.Principal.Id, context.Principal.Kind, string.Join(' ', context.Capabilities.Names), context.ClientType, context.TraceId,
            body.Metadata is { ValueKind: JsonValueKind.Object } metadata ? metadata.GetRawText() : null, TextDigest.Of(payload),
            RequestState.None with { AttemptsMax = body.AttemptsMax ?? AttemptsDefault }, null, now, 0, null, now, null, null) { ApiKey = context.Principal.Key };
        var stored = await store.AddAsync(context, row, payload, cancellationToken);
        signal.Ring();
        return stored;
    }

    private static bool IsSmallObject(JsonElement metadata) =>
        metadata.ValueKind == JsonValueKind.Object && Encoding.UTF8.GetByteCount(metadata.GetRawText()) <= MetadataBytesMax;
}
