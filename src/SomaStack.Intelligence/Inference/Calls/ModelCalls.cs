using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
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
internal sealed partial class ModelCalls
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>What a call may write when neither the request nor the model limits it, for the reservation alone.</summary>
    public const long OutputTokensAssumed = 4096;

    private const string Kind = "model.call";

    private readonly ConcurrentDictionary<string, ModelCall> _underWay = new(StringComparer.Ordinal);
    private readonly Db _db;
    private readonly Journal _journal;
    private readonly CallStore _store;
    private readonly IGate _gate;
    private readonly IBilling _billing;
    private readonly TimeProvider _clock;
    private readonly ILogger<ModelCalls> _log;
    private readonly IKillSwitch? _killSwitch;
    private readonly IApprovals? _approvals;
    private readonly ProviderList? _providers;
    private readonly Gathering<ModelCall> _openings;
    private readonly LateSettlements _late;

    public ModelCalls(Db db, Journal journal, CallStore store, IGate gate, IBilling billing, TimeProvider clock, ILogger<ModelCalls> log, IKillSwitch? killSwitch = null,
        IApprovals? approvals = null, ProviderList? providers = null)
    {
        (_db, _journal, _store, _gate, _billing, _clock, _log, _killSwitch, _approvals, _providers) = (db, journal, store, gate, billing, clock, log, killSwitch, approvals, providers);
        _openings = new Gathering<ModelCall>(db, WriteOpeningsAsync, OpenAloneAsync, clock);
        _late = new LateSettlements(new Gathering<CallEnd>(db, WriteEndsAsync, EndAloneAsync, clock, LateSettlements.Linger), end => _underWay.TryRemove(end.Call.Id, out _), clock, log);
    }

    /// <summary>The calls that this process has under way.</summary>
    public IEnumerable<ModelCall> UnderWay => _underWay.Values;

    /// <exception cref="Problem">403 when the gate denies the call or wants a second person.</exception>
    /// <param name="mayAsk">The call is opened afterwards, so that an approval is spent with it; what is not can have none, and a later attempt neither.</param>
    /// <param name="approved">A yes that covers the call is spent in its opening by whoever asks for it.</param>
    /// <param name="origin">What the request derives from, for rules over taints and sequences.</param>
    /// <param name="meets">Obligations that are carried out for the call; by its purpose when absent.</param>
    /// <param name="inputTokensMax">A byte-level tokenizer makes at most one token of a byte, so the body's length bounds its tokens.</param>
    public async ValueTask<ModelCall> PermitAsync(
        RequestContext context, KnownModel model, string purpose, bool stream, string requestSha256, long inputTokensMax, long? outputTokensMax, CancellationToken cancellationToken,
        bool mayAsk = true, bool approved = false, CallOrigin? origin = null, IReadOnlyList<string>? meets = null)
    {
        _killSwitch?.ThrowIfEngaged(context.Tenant);
        if (_providers?.Of(model) is { } provider) ModeLimits.ThrowIfSpends(context.Mode, _billing.PriceOf(model.Provider, model.Id) is { IsFree: true }, provider.BaseAddress);
        var price = _billing.PriceOf(model.Provider, model.Id);
        var ratio = await _billing.BudgetRatioAsync(context.Tenant, cancellationToken);
        var arguments = $"{{\"body_sha256\":\"{requestSha256}\",\"model\":\"{JsonEncodedText.Encode(model.Id)}\",\"purpose\":\"{purpose}\"}}";
        var action = new GatedAction(Kind, model.Id, arguments, BudgetRatio: ratio)
        {
            Taints = origin?.Taints ?? [],
            Session = origin?.Session,
            Meets = meets ?? ObligedCall.MetFor(purpose),
            Quantities = ActionQuantities.OfCall(_billing, price, inputTokensMax, outputTokensMax),
        };
        var decision = await _gate.CheckAsync(context, action, cancellationToken);
        var wanted = decision.Verdict == Verdict.NeedsApproval && mayAsk && _approvals is not null
            ? decision.ToApproval(action, $"{context.Principal.Id} calls {model.Qualified} ({purpose}, at most {inputTokensMax} tokens in).") : null;
        var covered = decision.Verdict == Verdict.NeedsApproval && (approved || (wanted is not null && context.Approval is not null));
        if (decision.Verdict != Verdict.Allow && !covered) throw await RefuseAsync(context, decision, wanted, cancellationToken);
        var cap = Obligation.CapOf(decision.Obligations) ?? long.MaxValue;
        return new ModelCall(context, model, purpose, stream, decision, price, _clock)
        {
            Meets = action.Meets,
            RequestSha256 = requestSha256,
            InputTokensMax = inputTokensMax,
            OutputTokensMax = Math.Min(cap, outputTokensMax ?? Math.Min(OutputTokensAssumed, model.ContextTokens ?? OutputTokensAssumed)),
            Wanted = approved ? null : wanted,
            Approved = approved,
            Origin = origin,
        };
    }

    private async Task<Problem> RefuseAsync(RequestContext context, Decision decision, ApprovalRequest? wanted, CancellationToken cancellationToken)
    {
        var detail = $"The gate's score is {decision.Score:0.####}, {decision.Threshold:0.####} is needed. {string.Join(" ", decision.Reasons.Select(reason => reason.Message))}".TrimEnd();
        if (decision.Verdict != Verdict.NeedsApproval) return new Problem(InferenceProblems.Denied, detail) { Reasons = decision.Reasons };
        if (wanted is null) return new Problem(InferenceProblems.NeedsApproval, detail) { Reasons = decision.Reasons };
        var asked = await _db.WriteAsync(context.Tenant, work => _approvals!.ProposeAsync(work, context, wanted), cancellationToken);
        return new Problem(InferenceProblems.NeedsApproval, $"{detail} Approval {asked.Id} was asked for.") { Reasons = decision.Reasons, Approval = asked.Id };
    }

    /// <summary>Spends the yes that the call needed, in the commit that records it.</summary>
    private Task ClaimAsync(DbWork work, ModelCall call) =>
        call.Wanted is { } wanted ? _approvals!.ClaimAsync(work, call.Context, call.Context.Approval!, wanted) : Task.CompletedTask;

    /// <summary>Another attempt of the same request. The gate decides on each model anew, and a yes was to one model alone.</summary>
    /// <exception cref="Problem">As for <see cref="PermitAsync"/>.</exception>
    public async ValueTask<ModelCall> AgainAsync(ModelCall first, KnownModel model, int attempt, CancellationToken cancellationToken)
    {
        var call = await PermitAsync(first.Context, model, first.Purpose, first.Stream, first.RequestSha256, first.InputTokensMax, first.OutputTokensMax, cancellationToken,
            mayAsk: false, approved: first.Approved && model.Provider == first.Model.Provider && model.Id == first.Model.Id, origin: first.Origin, meets: first.Meets);
        (call.RequestId, call.Attempt) = (first.RequestId, attempt);
        return call;
    }

    /// <summary>Whether nothing can refuse the call any more, so that its provider may be asked while the opening is still being written.</summary>
    public ValueTask<bool> IsSureAsync(ModelCall call) => call.Wanted is not null ? ValueTask.FromResult(false) : _billing.IsSureAsync(call.Context, Reservation(call));

    /// <summary>Durable when it returns. Not cancellable: once begun, the call is recorded whatever its caller does.</summary>
    /// <param name="sure">Nothing can refuse it, so it may share a transaction with others that begin now.</param>
    /// <exception cref="Problem">429 when the budget does not hold it; then nothing was recorded.</exception>
    public async Task OpenAsync(ModelCall call, bool sure = false)
    {
        await (sure ? _openings.AddAsync(call.Context.Tenant, call) : OpenAloneAsync(call));
        _underWay[call.Id] = call;
        // Engaged while it was being opened: whoever listens to the switch may not have seen it yet.
        if (_killSwitch?.Stopped(call.Context.Tenant) is { } stopped) call.Deadline?.Stop(stopped);
    }

    /// <summary>Null when price or usage is unknown.</summary>
    public long? CostNanos(ModelCall call) => _billing.CostNanos(call.Price, call.Usage);

    /// <summary>Durable when it returns.</summary>
    public Task SettleAsync(ModelCall call) => EndAsync(Settled(call));

    /// <summary>
    /// Returns before it is durable, unless too many wait already: for an answer whose last byte has left. Until it is durable the call
    /// stays open and its lease is renewed; a crash before that leaves a call that is found lost.
    /// </summary>
    public ValueTask SettleLaterAsync(ModelCall call) => _late.AddAsync(Settled(call));

    /// <summary>Returns when no settlement waits any more; with the exception that keeps them from being written when the time is over.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => _late.DrainAsync(cancellationToken);

    /// <param name="reached">Whether the provider may have worked on it: then its usage is settled, unknown or not; else the reservation goes back.</param>
    public Task FailAsync(ModelCall call, string code, bool reached)
    {
        InferenceMetrics.Record(call, code);
        return EndAsync(new CallEnd(call, call.DurationMs) { FailureCode = code, Reached = reached });
    }

    /// <summary>Answered from memory: no provider was asked and nothing is charged, which one line of the journal says. Durable when it returns.</summary>
    public Task AnswerFromCacheAsync(ModelCall call, TokenUsage saved)
    {
        var cached = new CallCached(
            call.Id, call.Model.Provider, call.Model.Id, call.Purpose, call.Stream, call.RequestSha256, call.Decision.ConstitutionHash, call.Decision.PolicyVersion,
            call.Decision.Score, call.Decision.Digest, saved.InputTokens, saved.OutputTokens, 0, call.Price?.Currency ?? "USD", call.RequestId);
        return _db.WriteAsync(call.Context.Tenant, async work =>
        {
            await ClaimAsync(work, call);
            await _journal.AppendAsync(work, call.Context, Subject(call.Id), 1, InferenceEvents.CallCached, cached, InferenceJson.Default.CallCached);
            await NoticeAsync(work, call);
        }, CancellationToken.None);
    }

    /// <summary>Keeps the calls of this process from being declared lost.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in _underWay.Values.GroupBy(call => call.Context.Tenant, call => call.Id))
            await _db.WriteAsync(tenant.Key, work => CallStore.RenewAsync(work, tenant.Key, [.. tenant], LeaseUntil()), cancellationToken);
    }

    /// <summary>Declares lost what nobody renews any more: usage unknown, reservation given back.</summary>
    /// <returns>How many were found.</returns>
    public async Task<int> ReconcileAsync(DeploymentMode mode, CancellationToken cancellationToken)
    {
        var expired = await _store.ExpiredAsync(_clock.NowMicros(), cancellationToken);
        var lost = 0;
        foreach (var call in expired)
        {
            var context = RequestContext.ForSystem(call.Tenant, mode) with { TraceId = call.TraceId };
            var mine = await _db.WriteAsync(call.Tenant, async work =>
            {
                if (!await CallStore.CloseLostAsync(work, call.Tenant, call.Id, _clock.NowMicros())) return false;
                await _billing.ReleaseAsync(work, context, call.Id, "lost");
                await _journal.AppendAsync(work, context, Subject(call.Id), 2, InferenceEvents.CallLost,
                    new CallLost(call.Id, call.Provider, call.Model, call.OpenedAt.ToInstant(), null, null, null), InferenceJson.Default.CallLost);
                return true;
            }, cancellationToken);
            if (!mine) continue;
            lost++;
            LogLost(call.Id, call.Tenant);
        }
        return lost;
    }

    private Task OpenAloneAsync(ModelCall call) => _db.WriteAsync(call.Context.Tenant, async work =>
    {
        await ClaimAsync(work, call);
        if (call.Opening is { } opening) await opening(work);
        await WriteOpeningsAsync(work, [call]);
    }, CancellationToken.None);

    private async Task WriteOpeningsAsync(DbWork work, IReadOnlyList<ModelCall> calls)
    {
        var (rows, reservations, lines) = (new List<OpenCallRow>(calls.Count), new List<(RequestContext, ReservationRequest)>(calls.Count), new List<JournalEntry>(calls.Count));
        foreach (var call in calls)
        {
            rows.Add(new OpenCallRow(call.Context.Tenant, call.Id, call.Model.Provider, call.Model.Id, call.OpenedAt, call.Context.TraceId));
            reservations.Add((call.Context, Reservation(call)));
            lines.Add(Line(call, 1, InferenceEvents.CallOpened, new CallOpened(
                call.Id, call.Model.Provider, call.Model.Id, call.Purpose, call.Stream, call.RequestSha256, call.Decision.ConstitutionHash, call.Decision.PolicyVersion,
                call.Decision.Score, call.Decision.Digest, call.InputTokensMax, call.OutputTokensMax, call.RequestId, call.Attempt), InferenceJson.Default.CallOpened));
        }
        await CallStore.OpenAsync(work, rows, LeaseUntil());
        await _billing.ReserveAsync(work, reservations);
        await _journal.AppendAsync(work, lines);
        foreach (var call in calls) await NoticeAsync(work, call);
    }

    private Task NoticeAsync(DbWork work, ModelCall call) => _journal.NoticeAsync(work, call.Context, call.Decision, Kind, call.Model.Id, Subject(call.Id));

    private static CallEnd Settled(ModelCall call)
    {
        InferenceMetrics.Record(call, "settled");
        return new CallEnd(call, call.DurationMs) { OverheadMs = call.OverheadMs, Refused = call.Watch.Refused, Reached = true };
    }

    private async Task EndAsync(CallEnd end)
    {
        try
        {
            await EndAloneAsync(end);
        }
        finally
        {
            _underWay.TryRemove(end.Call.Id, out _);
        }
    }

    private Task EndAloneAsync(CallEnd end) => _db.WriteAsync(end.Call.Context.Tenant, work => WriteEndsAsync(work, [end]), CancellationToken.None);

    private async Task WriteEndsAsync(DbWork work, IReadOnlyList<CallEnd> ends)
    {
        var (ids, used) = (new List<string>(ends.Count), new List<EndedCall>(ends.Count));
        foreach (var end in ends)
        {
            ids.Add(end.Call.Id);
            if (end.Reached) used.Add(new EndedCall(end.Call.Context, end.Call.Id, end.Call.Usage));
        }
        var open = await CallStore.CloseAsync(work, work.Tenant, ids);
        if (open != ends.Count && ends.Count > 1) throw new InvalidOperationException("One of the calls had been declared lost; each ends by itself.");
        var settlements = await _billing.SettleAsync(work, used);
        var lines = new List<JournalEntry>(ends.Count);
        var next = 0;
        foreach (var end in ends)
        {
            var settlement = end.Reached ? settlements[next++] : null;
            // A commit whose answer was lost is tried again: the line of its first time stands.
            if (end.Reached && settlement is null) continue;
            if (!end.Reached) await _billing.ReleaseAsync(work, end.Call.Context, end.Call.Id, end.FailureCode!);
            // Declared lost while its process was only slow: that line is version 2, this one follows it.
            lines.Add(LineOf(end, settlement, open == ends.Count ? 2 : 3));
        }
        await _journal.AppendAsync(work, lines);
    }

    private JournalEntry LineOf(CallEnd end, Settlement? settlement, long version)
    {
        var (call, usage) = (end.Call, end.Call.Usage);
        if (end.FailureCode is null)
            return Line(call, version, InferenceEvents.CallSettled, new CallSettled(
                call.Id, call.Model.Provider, call.Model.Id, usage.InputTokens, usage.OutputTokens, usage.CachedInputTokens, usage.ReasoningTokens,
                settlement!.CostNanos, settlement.Currency, call.FirstByteMs, end.DurationMs, end.OverheadMs, end.Refused, call.Purpose, usage.CacheWriteTokens), InferenceJson.Default.CallSettled);
        return Line(call, version, InferenceEvents.CallFailed, new CallFailed(
            call.Id, call.Model.Provider, call.Model.Id, end.FailureCode, call.UpstreamStatus, call.Stream ? call.Chunks : null, usage.InputTokens, usage.OutputTokens,
            settlement?.CostNanos, settlement?.Currency ?? call.Price?.Currency ?? "USD", call.FirstByteMs, end.DurationMs,
            call.RequestId, call.Attempt, call.Estimated, call.Purpose, usage.CachedInputTokens, usage.ReasoningTokens, usage.CacheWriteTokens), InferenceJson.Default.CallFailed);
    }

    private JournalEntry Line<T>(ModelCall call, long version, string type, T data, JsonTypeInfo<T> shape) =>
        _journal.Prepare(call.Context, Subject(call.Id), version, type, data, shape);

    private long LeaseUntil() => _clock.NowMicros() + (long)Lease.TotalMicroseconds;

    private static ReservationRequest Reservation(ModelCall call) => new(call.Id, call.Model.Provider, call.Model.Id, call.InputTokensMax, call.OutputTokensMax, call.Purpose);

    private static string Subject(string id) => "call/" + id;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The model call {CallId} of tenant {Tenant} was lost: its process ended before settling it.")]
    private partial void LogLost(string callId, string tenant);
}

/// <summary>How a call ended, as it is written; the clock was read at its end and not when that is written.</summary>
internal sealed record CallEnd(ModelCall Call, double DurationMs)
{
    public double OverheadMs { get; init; }

    public bool? Refused { get; init; }

    /// <summary>Null when it was complete.</summary>
    public string? FailureCode { get; init; }

    /// <summary>The provider may have worked on it.</summary>
    public bool Reached { get; init; }
}
