using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal sealed record QueuedRequest(string Op, string Path, string Key, string Id, string OrderKey, JsonElement Body);

/// <param name="Made">The memories that a remember will make; empty for other writes.</param>
/// <param name="State">queued, or what became of an earlier try: done, dead.</param>
internal sealed record QueuedAnswer(QueuedRequest Request, IReadOnlyList<MemoryDraft> Made, string State, string Reason);

/// <summary>What the caller of a write that waits is told: 202, the final id, and that it waits.</summary>
internal static class QueuedAnswers
{
    /// <param name="Id">Of the memory as it will be; null for writes that make none.</param>
    /// <param name="Created">False: it is not there yet.</param>
    /// <param name="ItemId">Names it in <c>/v1/outbox</c>.</param>
    internal sealed record One(
        bool Ok, bool Success, string? Id, string? Namespace, string? Universe, bool Created, bool Deduplicated, string? DuplicateOf, IReadOnlyList<string> Superseded, bool Queued,
        string ExtractionStatus, IReadOnlyList<string> DegradedReasons, string ItemId);

    internal sealed record Many(bool Ok, bool Success, IReadOnlyList<One> Results, bool Queued, IReadOnlyList<string> DegradedReasons, string ItemId);

    /// <summary>Refuses now what the brain would refuse later, as far as it can be known here.</summary>
    /// <exception cref="Problem">422 or 413, as the route itself would.</exception>
    public static IReadOnlyList<MemoryDraft> Made(RequestContext context, QueuedRequest request, JsonSerializerOptions options, DateTimeOffset now)
    {
        if (request.Body.ValueKind != JsonValueKind.Object) throw Problem.Invalid("body", "must be an object");
        if (request.Op == BufferedOps.Remember) return [Read<RememberRequest>(request.Body, options).ToDraft(context, IdOf("memory"), now)];
        if (request.Op != BufferedOps.Batch) return [];
        var batch = Read<RememberBatchRequest>(request.Body, options);
        Check.That(batch.Items.Count is >= 1 and <= MemoryLimits.BatchMax, "items", $"must be 1 to {MemoryLimits.BatchMax}").And(batch.Items.All(static item => item is not null), "items", "must not hold null").OrThrow();
        return [.. batch.Items.Select((item, i) => (item with { Namespace = item.Namespace ?? batch.Namespace }).ToDraft(context, IdOf("memory/" + i), now))];

        string IdOf(string purpose) => BufferedOps.MadeId(context.Tenant, context.Principal.Id, purpose, request.Path, request.Key);
    }

    public static Task WriteAsync(HttpContext http, QueuedAnswer answer)
    {
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        var ones = answer.Made.Select(draft => OneOf(answer, draft)).ToList();
        if (answer.Request.Op == BufferedOps.Batch)
            return http.Response.WriteAsJsonAsync(
                new Many(true, true, ones, answer.State == BufferState.Queued, [answer.Reason], answer.Request.Id), GatewayJson.Default.QueuedMany, null, http.RequestAborted);
        return http.Response.WriteAsJsonAsync(ones.Count > 0 ? ones[0] : OneOf(answer, null), GatewayJson.Default.QueuedOne, null, http.RequestAborted);
    }

    private static One OneOf(QueuedAnswer answer, MemoryDraft? draft) => new(
        true, true, draft?.Id, draft?.Namespace, draft?.Universe, false, false, null, [], answer.State == BufferState.Queued, "pending", [answer.Reason], answer.Request.Id);

    private static T Read<T>(JsonElement body, JsonSerializerOptions options)
    {
        try
        {
            return body.Deserialize((JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)))!;
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException("The body has another shape.", StatusCodes.Status400BadRequest, exception);
        }
    }
}
