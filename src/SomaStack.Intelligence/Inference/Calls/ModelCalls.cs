using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// What surrounds every call of the room: the gate before it, reservation and journal line while it starts, settlement and journal
/// line after it. A call whose process dies in between keeps its row, whose lease then runs out.
/// </summary>
internal sealed partial class ModelCalls(Db db, Journal journal, CallStore store, IGate gate, IBilling billing, TimeProvider clock, ILogger<ModelCalls> log, IKillSwitch? killSwitch = null, ProviderList? providers = null)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>What a call may write when neither the request nor the model limits it, for the reservation alone.</summary>
    private const long OutputTokensAssumed = 4096;

    private readonly ConcurrentDictionary<string, ModelCall> _underWay = new(StringComparer.Ordinal);

    /// <summary>The calls that this process has under way.</summary>
    public IEnumerable<ModelCall> UnderWay => _underWay.Values;

    /// <exception cref="Problem">403 when the gate denies the call or wants a second person.</exception>
    /// <param name="inputTokensMax">A byte-level tokenizer makes at most one token of a byte, so the body's length bounds its tokens.</param>
    public async ValueTask<ModelCall> PermitAsync(
        RequestContext context, KnownModel model, string purpose, bool stream, string requestSha256, long inputTokensMax, long? outputTokensMax, CancellationToken cancellationToken)
    {
        killSwitch?.ThrowIfEngaged(context.Tenant);
        if (providers?.Of(model) is { } provider) ModeLimits.ThrowIfSpends(context.Mode, billing.PriceOf(model.Provider, model.Id) is { IsFree: true }, provider.BaseAddress);
        var ratio = await billing.BudgetRatioAsync(context.Tenant, cancellationToken);
        var arguments = $"{{\"body_sha256\":\"{requestSha256}\",\"model\":\"{JsonEncodedText.Encode(model.Id)}\",\"purpose\":\"{purpose}\"}}";
        var decision = await gate.CheckAsync(context, new GatedAction("model.call", model.Id, arguments, BudgetRatio: ratio), cancellationToken);
        if (decision.Verdict != Verdict.Allow)
        {
            var code = decision.Verdict == Verdict.NeedsApproval ? InferenceProblems.NeedsApproval : InferenceProblems.Denied;
            throw new Problem(code, $"The gate's score is {decision.Score:0.####}, {decision.Threshold:0.####} is needed. {string.Join(" ", decision.Reasons.Select(reason => reason.Message))}".TrimEnd()) { Reasons = decision.Reasons };
        }
        return new ModelCall(context, model, purpose, stream, decision, billing.PriceOf(model.Provider, model.Id), clock)
        {
            RequestSha256 = requestSha256,
            InputTokensMax = inputTokensMax,
            OutputTokensMax = outputTokensMax ?? Math.Min(OutputTokensAssumed, model.ContextTokens ?? OutputTokensAssumed),
        };
    }

    /// <summary>Another attempt of the same request. The gate decides on each model anew.</summary>
    /// <exception cref="Problem">As for <see cref="PermitAsync"/>.</exception>
    public async ValueTask<ModelCall> AgainAsync(ModelCall first, KnownModel model, int attempt, CancellationToken cancellationToken)
    {
        var call = await PermitAsync(first.Context, model, first.Purpose, first.Stream, first.RequestSha256, first.InputTokensMax, first.OutputTokensMax, cancellationToken);
        (call.RequestId, call.Attempt) = (first.RequestId, attempt);
        return call;
    }

    /// <summary>Whether nothing can refuse the call any more, so that its provider may be asked while the opening is still being written.</summary>
    public ValueTask<bool> IsSureAsync(ModelCall call) => billing.IsSureAsync(call.Context, Reservation(call));

    /// <summary>Durable when it returns. Not cancellable: once begun, the call is recorded whatever its caller does.</summary>
    /// <exception cref="Problem">429 when the budget does not hold it; then nothing was recorded.</exception>
    public async Task OpenAsync(ModelCall call)
    {
        await db.WriteAsync(call.Context.Tenant, async work =>
        {
            await CallStore.OpenAsync(work, new OpenCallRow(call.Context.Tenant, call.Id, call.Model.Provider, call.Model.Id, call.OpenedAt, call.Context.TraceId), LeaseUntil());
            await billing.ReserveAsync(work, call.Context, Reservation(call));
            var opened = new CallOpened(
                call.Id, call.Model.Provider, call.Model.Id, call.Purpose, call.Stream, call.RequestSha256, call.Decision.ConstitutionHash, call.Decision.PolicyVersion,
                call.Decision.Score, call.Decision.Digest, call.InputTokensMax, call.OutputTokensMax, call.RequestId, call.Attempt);
            await journal.AppendAsync(work, call.Context, Subject(call.Id), 1, InferenceEvents.CallOpened, opened, InferenceJson.Default.CallOpened);
        }, CancellationToken.None);
        _underWay[call.Id] = call;
    }

    /// <summary>Null when price or usage is unknown.</summary>
    public long? CostNanos(ModelCall call) => billing.CostNanos(call.Price, call.Usage);

    public Task SettleAsync(ModelCall call)
    {
        var (duration, overhead) = (call.DurationMs, call.OverheadMs);
        var refused = call.Watch.Refused;
        InferenceMetrics.Record(call, "settled");
        return CloseAsync(call, async (work, version) =>
        {
            var settlement = await billing.SettleAsync(work, call.Context, call.Id, call.Usage);
            var settled = new CallSettled(
                call.Id, call.Model.Provider, call.Model.Id, call.Usage.InputTokens, call.Usage.OutputTokens, call.Usage.CachedInputTokens, call.Usage.ReasoningTokens,
                settlement.CostNanos, settlement.Currency, call.FirstByteMs, duration, overhead, refused, call.Purpose);
            await journal.AppendAsync(work, call.Context, Subject(call.Id), version, InferenceEvents.CallSettled, settled, InferenceJson.Default.CallSettled);
        });
    }

    /// <param name="reached">Whether the provider may have worked on it: then its usage is settled, unknown or not; else the reservation goes back.</param>
    public Task FailAsync(ModelCall call, string code, bool reached)
    {
        var duration = call.DurationMs;
        InferenceMetrics.Record(call, code);
        return CloseAsync(call, async (work, version) =>
        {
            var settlement = reached ? await billing.SettleAsync(work, call.Context, call.Id, call.Usage) : null;
            if (!reached) await billing.ReleaseAsync(work, call.Context, call.Id, code);
            var failed = new CallFailed(
                call.Id, call.Model.Provider, call.Model.Id, code, call.UpstreamStatus, call.Stream ? call.Chunks : null, call.Usage.InputTokens, call.Usage.OutputTokens,
                settlement?.CostNanos, settlement?.Currency ?? call.Price?.Currency ?? "USD", call.FirstByteMs, duration,
                call.RequestId, call.Attempt, call.Estimated, call.Purpose);
            await journal.AppendAsync(work, call.Context, Subject(call.Id), version, InferenceEvents.CallFailed, failed, InferenceJson.Default.CallFailed);
        });
    }

    /// <summary>Answered from memory: no provider was asked and nothing is charged, which one line of the journal says. Durable when it returns.</summary>
    public Task AnswerFromCacheAsync(ModelCall call, TokenUsage saved)
    {
        var cached = new CallCached(
            call.Id, call.Model.Provider, call.Model.Id, call.Purpose, call.Stream, call.RequestSha256, call.Decision.ConstitutionHash, call.Decision.PolicyVersion,
            call.Decision.Score, call.Decision.Digest, saved.InputTokens, saved.OutputTokens, 0, call.Price?.Currency ?? "USD", call.RequestId);
        return db.WriteAsync(call.Context.Tenant, work =>
            journal.AppendAsync(work, call.Context, Subject(call.Id), 1, InferenceEvents.CallCached, cached, InferenceJson.Default.CallCached), CancellationToken.None);
    }

    /// <summary>Keeps the calls of this process from being declared lost.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in _underWay.Values.GroupBy(call => call.Context.Tenant, call => call.Id))
            await db.WriteAsync(tenant.Key, work => CallStore.RenewAsync(work, tenant.Key, [.. tenant], LeaseUntil()), cancellationToken);
    }

    /// <summary>Declares lost what nobody renews any more: usage unknown, reservation given back.</summary>
    /// <returns>How many were found.</returns>
    public async Task<int> ReconcileAsync(DeploymentMode mode, CancellationToken cancellationToken)
    {
        var expired = await store.ExpiredAsync(clock.NowMicros(), cancellationToken);
        var lost = 0;
        foreach (var call in expired)
        {
            var context = RequestContext.ForSystem(call.Tenant, mode) with { TraceId = call.TraceId };
            var mine = await db.WriteAsync(call.Tenant, async work =>
            {
                if (!await CallStore.CloseLostAsync(work, call.Tenant, call.Id, clock.NowMicros())) return false;
                await billing.ReleaseAsync(work, context, call.Id, "lost");
                await journal.AppendAsync(work, context, Subject(call.Id), 2, InferenceEvents.CallLost,
                    new CallLost(call.Id, call.Provider, call.Model, call.OpenedAt.ToInstant(), null, null, null), InferenceJson.Default.CallLost);
                return true;
            }, cancellationToken);
            if (!mine) continue;
            lost++;
            LogLost(call.Id, call.Tenant);
        }
        return lost;
    }

    private async Task CloseAsync(ModelCall call, Func<DbWork, long, Task> work)
    {
        try
        {
            await db.WriteAsync(call.Context.Tenant, async unit =>
            {
                // Declared lost while its process was only slow: that line is version 2, this one follows it.
                var open = await CallStore.CloseAsync(unit, call.Context.Tenant, call.Id);
                await work(unit, open ? 2 : 3);
            }, CancellationToken.None);
        }
        finally
        {
            _underWay.TryRemove(call.Id, out _);
        }
    }

    private long LeaseUntil() => clock.NowMicros() + (long)Lease.TotalMicroseconds;

    private static ReservationRequest Reservation(ModelCall call) => new(call.Id, call.Model.Provider, call.Model.Id, call.InputTokensMax, call.OutputTokensMax, call.Purpose);

    private static string Subject(string id) => "call/" + id;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The model call {CallId} of tenant {Tenant} was lost: its process ended before settling it.")]
    private partial void LogLost(string callId, string tenant);
}
