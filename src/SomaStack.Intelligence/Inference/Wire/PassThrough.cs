using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Forwards a request to a provider of its own format and the answer back, byte for byte, around governed calls: each opening is
/// durable before the first byte of its answer leaves, the settlement is durable before the request ends.
/// </summary>
internal sealed class PassThrough(ProviderList providers, ModelCalls calls, Attempts attempts, AnswerCache cache, ObligedCall obliged, RequestScreen screen, TimeProvider clock)
{
    /// <param name="call">Permitted for the first candidate, not yet opened.</param>
    /// <param name="body">Must stay valid until the task ends.</param>
    /// <param name="translate">
    /// Answers with a candidate that speaks another format, given the attempts so far; throws a <see cref="Problem"/> when that fails
    /// before its first byte. Without it such candidates are not asked.
    /// </param>
    public async Task ForwardAsync(
        HttpContext http, ModelCall call, Route route, IWire wire, Envelope envelope, ReadOnlyMemory<byte> body, Func<KnownModel, int, Task>? translate = null)
    {
        call.RequestId ??= AnswerHeaders.RequestOf(http);
        var kept = AnswerCache.Wanted(http, route) && !ObligedCall.Changes(call) ? cache.Find(call, route.Candidates[0], wire.Format, envelope, body) : default;
        if (kept.Answer is { } known)
        {
            await ReplayAsync(http, call, known);
            return;
        }
        if (kept.Key is not null) http.Response.Headers[AnswerHeaders.Cache] = "miss";
        var plan = new AttemptPlan<UpstreamAttempt>(route, call.Stream, (next, deadline) => BeginAsync(http, next, wire, envelope, body, route, deadline), http.RequestAborted)
        {
            Suits = model => providers.Of(model)?.Speaks(wire.Format) == true,
            Elsewhere = translate is null ? null : (model, count) => TranslateAsync(http, translate, model, count),
        };
        try
        {
            var attempt = await attempts.RunAsync(plan, call);
            if (attempt is null) return;
            await using (attempt) await AnswerAsync(http, attempt, wire, envelope, kept.Key is { } key && ReferenceEquals(attempt.Call.Model, route.Candidates[0]) ? key : null);
        }
        finally
        {
            // What they hold ends with the request, and they are booked with it.
            foreach (var overtaken in plan.Overtaken) await overtaken;
        }
    }

    private async Task<UpstreamAttempt> BeginAsync(HttpContext http, ModelCall call, IWire wire, Envelope envelope, ReadOnlyMemory<byte> body, Route route, AttemptDeadline deadline)
    {
        var upstream = providers.Of(call.Model)!;
        var forwarded = envelope.Forward(body, call.Model.Id);
        if (route is { ByRole: true, Profile: { } profile })
        {
            forwarded = ProfileSettings.Apply(forwarded, wire.Format, upstream.Kind, profile);
            if (envelope.OutputTokensMax is null && profile.MaxTokens is { } limit) call.OutputTokensMax = Math.Min(limit, Obligation.CapOf(call.Decision.Obligations) ?? limit);
        }
        if (call.Decision.Obligations.Count > 0) forwarded = await obliged.BodyAsync(call, envelope, forwarded, wire.Format, upstream.Kind, http.RequestAborted);
        var attempt = new UpstreamAttempt(calls, upstream, call, wire, envelope, forwarded, deadline, clock);
        try
        {
            await attempt.BeginAsync();
            // Whatever comes after this failure, the caller can find it.
            if (attempt.Failure is not null) AnswerHeaders.Announce(http, call);
            return attempt;
        }
        catch
        {
            await attempt.DisposeAsync();
            throw;
        }
    }

    /// <returns>Why it did not answer, or null.</returns>
    private static async Task<Problem?> TranslateAsync(HttpContext http, Func<KnownModel, int, Task> translate, KnownModel model, int count)
    {
        try
        {
            await translate(model, count);
            return null;
        }
        catch (Problem problem) when (!http.Response.HasStarted)
        {
            return problem;
        }
    }

    private Task AnswerAsync(HttpContext http, UpstreamAttempt attempt, IWire wire, Envelope envelope, string? cacheKey)
    {
        if (attempt.Failure is { } failure) return RefuseAsync(http, attempt, failure);
        return attempt.Relay is null ? WholeAsync(http, attempt, wire, cacheKey) : StreamAsync(http, attempt, attempt.Relay, wire, envelope, cacheKey);
    }

    private static async Task RefuseAsync(HttpContext http, UpstreamAttempt attempt, Problem failure)
    {
        if (attempt.RefusalStatus is not { } status) throw failure;
        http.Response.StatusCode = status;
        await WriteAsync(http, attempt.Held!.Memory, http.RequestAborted);
    }

    private async Task WholeAsync(HttpContext http, UpstreamAttempt attempt, IWire wire, string? cacheKey)
    {
        var call = attempt.Call;
        AnswerHeaders.AnnounceWhole(http, call, calls.CostNanos(call));
        var body = wire.Format == WireFormat.Embeddings ? attempt.Held!.Memory : await ModerateAsync(http, attempt);
        await WriteAsync(http, body, http.RequestAborted);
        if (attempt.Seen.HasError)
        {
            await attempt.FailAsync(InferenceProblems.Garbled.Code, hungUp: false);
            return;
        }
        if (cacheKey is not null) cache.Keep(cacheKey, new CachedAnswer(body.ToArray(), call.Stream, false, call.Model, call.Usage));
        await attempt.SettleAsync();
    }

    /// <summary>What may leave of a whole answer. One that is stopped was given all the same, and is booked with what it used.</summary>
    private async Task<ReadOnlyMemory<byte>> ModerateAsync(HttpContext http, UpstreamAttempt attempt)
    {
        try
        {
            return await screen.Watch(attempt.Call.Context).WholeAsync(attempt.Held!.Memory, http.RequestAborted);
        }
        catch (Problem stopped)
        {
            await attempt.FailAsync(stopped.Code.Code, hungUp: false);
            throw;
        }
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, cancellationToken);
        await http.Response.CompleteAsync();
    }

    private async Task StreamAsync(HttpContext http, UpstreamAttempt attempt, EventRelay relay, IWire wire, Envelope envelope, string? cacheKey)
    {
        var call = attempt.Call;
        var copy = cacheKey is null ? null : new StreamCopy();
        AnswerHeaders.AnnounceStream(http, call);
        var cut = await RelayAsync(http, attempt, relay, envelope, copy);
        attempt.Count();
        if (cut is not null) await http.Response.Body.WriteAsync(wire.ErrorEvent(cut, call.Context.TraceId), http.RequestAborted);
        AnswerHeaders.TrailCost(http, call, calls.CostNanos(call));
        await http.Response.CompleteAsync();
        if (cut is null && !relay.Failed)
        {
            if (copy?.Whole is { } whole) cache.Keep(cacheKey!, new CachedAnswer(whole, call.Stream, true, call.Model, call.Usage));
            await attempt.SettleAsync();
            return;
        }
        // An answer that was only long, or read slowly, is no fault of the model; nor is one that moderation stopped.
        var ours = OutputWatch.Stops(cut);
        if (!attempt.Deadline.IsOver && !ours) attempts.Cut(call.Model);
        await attempt.FailAsync(cut?.Code.Code ?? "provider_failed_in_stream", hungUp: ours || cut?.Code == InferenceProblems.Timeout || attempt.Deadline.IsStopped);
    }

    /// <returns>Why the stream did not end with its end mark, or null.</returns>
    private async Task<Problem?> RelayAsync(HttpContext http, UpstreamAttempt attempt, EventRelay relay, Envelope envelope, StreamCopy? copy)
    {
        var output = http.Response.BodyWriter;
        var watch = screen.Watch(attempt.Call.Context);
        var batch = new List<(ReadOnlyMemory<byte> Event, bool IsLast)>();
        try
        {
            var (whole, usageOnly) = attempt.First;
            for (var has = true; ; has = relay.TryRead(out whole, out usageOnly))
            {
                while (has)
                {
                    attempt.Call.Watch.SeeEvent(whole);
                    if (!usageOnly || envelope.WantsUsage) batch.Add((await watch.EventAsync(whole, http.RequestAborted), relay.Done));
                    has = relay.TryRead(out whole, out usageOnly);
                }
                await watch.ReleaseAsync(http.RequestAborted);
                Write(output, attempt, batch, copy);
                if (relay.TooLong) return InferenceProblems.Garbled.Because("An event of its stream is too long.");
                attempt.Deadline.Expect(attempt.Deadline.Limits.Total);
                attempt.Call.BeginWait();
                // Not under the deadline: to cancel a flush would break the connection that the error event is to go through.
                await output.FlushAsync(http.RequestAborted);
                attempt.Call.EndWait();
                if (!await attempt.ReadAsync()) break;
            }
        }
        catch (Problem stopped) when (OutputWatch.Stops(stopped))
        {
            // What came before it in the same read was looked at and is clean; it is not sent all the same.
            return stopped;
        }
        catch (Exception) when (relay.Done)
        {
            // All of the answer had come; that its connection did not end well changes nothing.
            return null;
        }
        catch (Exception exception) when (attempt.Deadline.Explain(exception) is { } problem)
        {
            return problem;
        }
        var wasDone = relay.Done;
        var rest = relay.Rest();
        if (!wasDone && relay.Done)
        {
            TellCost(output, attempt);
            output.Write(rest.Span);
            output.Write("\n\n"u8);
            copy?.Add(rest.Span);
            copy?.Add("\n\n"u8);
        }
        return relay.Done || relay.Failed ? null : InferenceProblems.Garbled.Because("Its stream ended before it was complete.");
    }

    private void Write(IBufferWriter<byte> output, UpstreamAttempt attempt, List<(ReadOnlyMemory<byte> Event, bool IsLast)> batch, StreamCopy? copy)
    {
        foreach (var (bytes, isLast) in batch)
        {
            if (isLast) TellCost(output, attempt);
            output.Write(bytes.Span);
            copy?.Add(bytes.Span);
        }
        batch.Clear();
    }

    /// <summary>The stream's cost as a comment before its end mark, where its usage has come and its price is known. Readers of events skip comments.</summary>
    private void TellCost(IBufferWriter<byte> output, UpstreamAttempt attempt)
    {
        if (attempt.CostTold) return;
        attempt.CostTold = true;
        attempt.Count();
        var call = attempt.Call;
        if (call.Price is { } price && calls.CostNanos(call) is { } cost) output.Write(Encoding.UTF8.GetBytes($": cost {Money.Text(cost, price.Currency)}\n\n"));
    }

    private async Task ReplayAsync(HttpContext http, ModelCall call, CachedAnswer known)
    {
        await calls.AnswerFromCacheAsync(call, known.Usage);
        AnswerHeaders.Announce(http, call);
        var headers = http.Response.Headers;
        headers[AnswerHeaders.Cache] = "hit";
        headers[AnswerHeaders.Model] = known.Model.Qualified;
        headers[AnswerHeaders.Cost] = Money.Text(0, call.Price?.Currency ?? "USD");
        if (!known.IsEvents)
        {
            await WriteAsync(http, known.Body, http.RequestAborted);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        headers.CacheControl = "no-cache";
        await http.Response.BodyWriter.WriteAsync(known.Body, http.RequestAborted);
        await http.Response.CompleteAsync();
    }
}
