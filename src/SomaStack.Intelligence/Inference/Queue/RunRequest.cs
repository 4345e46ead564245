using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>One attempt: asks the model under the caller's own rights, streams its words as they come, and stores how it went.</summary>
internal sealed partial class RunRequest(
    RequestStore store, IModelAnswers answers, Embeddings embeddings, RequestScreen screen, ISettings settings, SomaOptions options, WorkSignal signal, TimeProvider clock, ILogger<RunRequest> log)
{
    /// <summary>What the caller was when it asked, under the mode that this server is in now.</summary>
    public RequestContext ContextOf(RequestRow row) => new(
        row.Tenant, new Principal(row.Principal, row.PrincipalKind, row.ApiKey), CapabilitySet.Of(row.Capabilities.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(Capability.All.Contains)),
        row.ClientType, settings.Mode, options.Region, row.TraceId);

    /// <param name="stopping">Whether the attempt ends because this server does.</param>
    public async Task RunAsync(RunningRequest request, Func<bool> stopping)
    {
        var row = request.Row;
        var context = ContextOf(row);
        using var writer = new RequestWriter(store, request, clock);
        try
        {
            await CheckRegionAsync(row, request.Token);
            var payload = JsonSerializer.Deserialize(await store.PayloadAsync(row.Tenant, row.Id, request.Token), QueueJson.Default.RequestPayload)!;
            var result = row.Mode == RequestPrompt.Embedding ? await EmbedAsync(context, row, payload, request.Token) : await AnswerAsync(context, row, payload, writer, request.Token);
            await writer.FinishAsync();
            await EndAsync(context, row, new SucceedCommand(request.Attempt), result, null, null);
        }
        catch (Exception exception)
        {
            await KeepAsync(writer);
            if (writer.Lost) TakenOver(log, row.Id, request.Attempt);
            else await FailAsync(context, request, exception, stopping);
        }
    }

    private async Task FailAsync(RequestContext context, RunningRequest request, Exception exception, Func<bool> stopping)
    {
        var row = request.Row;
        if (exception is not Problem && request.Token.IsCancellationRequested)
        {
            var error = new RequestError(RequestDecider.WorkerStopping, "The worker was stopping; another goes on.");
            // Somebody cancelled it, or the server stops; the decider knows of the first, and the second is no fault of the request.
            if (await IsCancelledAsync(context, row) || stopping()) await EndAsync(context, row, new InterruptCommand(request.Attempt), null, error, null);
            else TakenOver(log, row.Id, request.Attempt);
            return;
        }
        if (exception is not Problem problem)
        {
            Unexpected(log, row.Id, request.Attempt, exception);
            problem = PlatformProblems.Internal.Because("The attempt failed; the operator's log has the cause.", exception);
        }
        var retryable = problem.Code.Kind is ProblemKind.Busy or ProblemKind.Unavailable or ProblemKind.Timeout or ProblemKind.Upstream or ProblemKind.Internal;
        await EndAsync(context, row, new FailCommand(request.Attempt, problem.Code.Code, retryable), null, new RequestError(problem.Code.Code, problem.Detail), problem.RetryAfter);
    }

    private async Task EndAsync(RequestContext context, RequestRow row, RequestCommand command, RequestResult? result, RequestError? error, TimeSpan? retryAfter)
    {
        var next = clock.NowMicros() + (long)Backoff.After(row.State.Attempt, Random.Shared.NextDouble(), retryAfter).TotalMicroseconds;
        var (ended, refusal) = await store.DecideAsync(context, row.Id, command, happened => happened switch
        {
            SucceededEvent => new RequestChange(Result: result),
            RetriedEvent { Code: RequestDecider.WorkerStopping } => new RequestChange(NextAttemptAt: clock.NowMicros(), Error: error),
            RetriedEvent => new RequestChange(NextAttemptAt: next, Error: error),
            FailedEvent => new RequestChange(Error: error),
            _ => RequestChange.None,
        }, CancellationToken.None);
        if (refusal is not null)
        {
            TakenOver(log, row.Id, row.State.Attempt);
            return;
        }
        QueueMetrics.Ended(ended!);
        if (ended!.State.Phase == RequestPhase.Queued) signal.Ring();
    }

    private async Task<RequestResult> AnswerAsync(RequestContext context, RequestRow row, RequestPayload payload, RequestWriter writer, CancellationToken cancellationToken)
    {
        var (text, reasoning) = (new StringBuilder(), new StringBuilder());
        var uses = new List<RequestToolUse>();
        string? finish = null;
        IReadOnlyList<Quotation> quotations = [];
        CallReceipt? receipt = null;
        var messages = RequestPrompt.Messages(row.Mode, payload);
        var taints = await screen.MessagesAsync(context, messages, areNew: false, cancellationToken);
        var request = new ModelRequest(row.Model, messages, RequestPrompt.Options(payload), "request", row.RequestSha256, InputMax(payload))
        {
            Role = row.Role,
            Taints = taints,
            Watched = true,
        };
        await foreach (var update in answers.StreamAsync(context, request, cancellationToken))
        {
            if (update.FinishReason is { } reason) finish = reason.Value;
            if (update.AdditionalProperties is { } properties)
            {
                if (properties.TryGetValue(CallReceipt.Key, out var given) && given is CallReceipt settled) receipt = settled;
                quotations = AnswerChat.QuotationsOf(properties) ?? quotations;
            }
            foreach (var content in update.Contents)
                switch (content)
                {
                    case TextContent { Text.Length: > 0 } said:
                        text.Append(said.Text);
                        writer.Append(RequestStreamEvent.Text, said.Text);
                        break;
                    case TextReasoningContent { Text.Length: > 0 } thought:
                        reasoning.Append(thought.Text);
                        writer.Append(RequestStreamEvent.Reasoning, thought.Text);
                        break;
                    case FunctionCallContent call:
                        uses.Add(UseOf(call));
                        writer.Append(RequestStreamEvent.ToolCall, JsonSerializer.Serialize(uses[^1], QueueJson.Default.RequestToolUse));
                        break;
                }
        }
        if (receipt is null) throw InferenceProblems.Garbled.Because("The answer came without its receipt.");
        var usage = new RequestUsage(receipt.InputTokens, receipt.OutputTokens, receipt.InputTokens + receipt.OutputTokens, receipt.CachedInputTokens, receipt.ReasoningTokens);
        var cost = receipt.CostNanos is { } nanos ? Money.Text(nanos, receipt.Currency) : null;
        return new RequestResult(
            text.ToString(), reasoning.Length > 0 ? reasoning.ToString() : null, finish, uses, quotations, receipt.Provider, receipt.Model, usage, cost, receipt.CallId);
    }

    private async Task<RequestResult> EmbedAsync(RequestContext context, RequestRow row, RequestPayload payload, CancellationToken cancellationToken)
    {
        var answer = await embeddings.AnswerAsync(
            JsonSerializer.SerializeToUtf8Bytes(new EmbeddingsRequest(payload.Input!.Value, row.Model, payload.EncodingFormat, payload.Dimensions), InferenceJson.Default.EmbeddingsRequest), context, cancellationToken);
        return new RequestResult("", null, null, [], [], null, answer.Model, new RequestUsage(answer.Usage.PromptTokens, 0, answer.Usage.TotalTokens, null, null), null, null, answer);
    }

    private static RequestToolUse UseOf(FunctionCallContent call)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in call.Arguments ?? new Dictionary<string, object?>())
            {
                json.WritePropertyName(name);
                if (value is JsonElement element) element.WriteTo(json);
                else if (value is string said) json.WriteStringValue(said);
                else if (value is null) json.WriteNullValue();
                else json.WriteRawValue(JsonSerializer.Serialize(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType())));
            }
            json.WriteEndObject();
        }
        return new RequestToolUse(call.CallId, "function", new RequestFunctionUse(call.Name, Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }

    /// <summary>The edge keeps a tenant out of foreign regions; a worker must too.</summary>
    private async Task CheckRegionAsync(RequestRow row, CancellationToken cancellationToken)
    {
        var regions = (await settings.OfTenantAsync(row.Tenant, cancellationToken)).ResidencyRegions;
        if (regions.Count > 0 && !regions.Contains(options.Region)) throw QueueProblems.RegionRefused.Because($"The tenant's data stays in {string.Join(", ", regions)}; this worker is in '{options.Region}'.");
    }

    private async Task<bool> IsCancelledAsync(RequestContext context, RequestRow row) =>
        (await store.GetAsync(context, row.Id, everybodys: true, CancellationToken.None)).Row.State.CancelBy is not null;

    /// <summary>What the database does not take now is lost to the stream, not to the outcome.</summary>
    private async Task KeepAsync(RequestWriter writer)
    {
        try
        {
            await writer.FinishAsync();
        }
        catch (Exception exception)
        {
            NotStreamed(log, exception);
        }
    }

    private static long InputMax(RequestPayload payload) => InputBound.Of(JsonSerializer.SerializeToUtf8Bytes(payload, QueueJson.Default.RequestPayload));

    [LoggerMessage(LogLevel.Error, "Attempt {Attempt} of request {RequestId} failed unexpectedly.")]
    private static partial void Unexpected(ILogger log, string requestId, long attempt, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Attempt {Attempt} of request {RequestId} has no say any more: another attempt has begun, or it has ended.")]
    private static partial void TakenOver(ILogger log, string requestId, long attempt);

    [LoggerMessage(LogLevel.Warning, "The end of an answer was not streamed.")]
    private static partial void NotStreamed(ILogger log, Exception exception);
}
