using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Forwards a chat request to the configured server and its answer back, byte for byte, around the governed call: the opening is
/// durable before the first byte of the answer leaves, the settlement is durable before the request ends.
/// </summary>
internal sealed class PassThrough(ProviderList providers, ModelCalls calls, TimeProvider clock)
{
    /// <summary>A whole answer is held in memory once; a stream never is.</summary>
    private const int AnswerLimit = 64 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <param name="body">Must stay valid until the task ends.</param>
    public async Task ForwardAsync(HttpContext http, ModelCall call, IWire wire, Envelope envelope, ReadOnlyMemory<byte> body)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var upstream = providers.Of(call.Model)!;
        using var request = upstream.Request(HttpMethod.Post, Provider.PathOf(wire.Format), new ReadOnlyMemoryContent(envelope.Forward(body, call.Model.Id)) { Headers = { ContentType = Json } });
        envelope.Prepare(request);

        // The provider starts to think while the opening becomes durable; nothing of its answer is passed on before that.
        call.BeginWait();
        var sending = upstream.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation.Token);
        try
        {
            await calls.OpenAsync(call);
        }
        catch
        {
            await cancellation.CancelAsync();
            (await Quietly(sending))?.Dispose();
            throw;
        }
        HttpResponseMessage? response = null;
        try
        {
            response = await sending;
            call.EndWait();
            call.UpstreamStatus = (int)response.StatusCode;
            if (!response.IsSuccessStatusCode) await RefuseAsync(http, call, wire, response, cancellation.Token);
            else if (call.Stream && response.Content.Headers.ContentType?.MediaType == "text/event-stream") await StreamAsync(http, call, wire, envelope, response, cancellation.Token);
            else await WholeAsync(http, call, wire, response, cancellation.Token);
        }
        catch (Exception exception)
        {
            var problem = exception as Problem ?? ProviderFailures.Explain(exception, clock, http.RequestAborted);
            // Whoever left or ran out of time may have left work behind that the provider charges for.
            var reached = response is { IsSuccessStatusCode: true } || problem is null || problem.Code == InferenceProblems.Timeout;
            await calls.FailAsync(call, problem?.Code.Code ?? "client_closed", reached);
            if (problem is null || ReferenceEquals(problem, exception)) throw;
            throw problem;
        }
        finally
        {
            response?.Dispose();
        }
    }

    private static async Task<HttpResponseMessage?> Quietly(Task<HttpResponseMessage> sending)
    {
        try
        {
            return await sending;
        }
        catch (Exception)
        {
            // The opening's failure is the one to report.
            return null;
        }
    }

    /// <summary>A 4xx about the request itself is the caller's to read; what concerns our key or the server's health is ours to word.</summary>
    private async Task RefuseAsync(HttpContext http, ModelCall call, IWire wire, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var held = await ReadAsync(response, cancellationToken);
        var retryAfter = ProviderFailures.RetryAfter(response.Headers.TryGetValues("Retry-After", out var values) ? values.First() : null, clock);
        var problem = InferenceProblems.FromStatus(response.StatusCode, ErrorShape.MessageOf(held.Memory.Span), retryAfter);
        if (problem.Code != InferenceProblems.Rejected || !wire.IsRefusal(held.Memory.Span)) throw problem;
        Announce(http, call);
        http.Response.StatusCode = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge ? (int)response.StatusCode : 400;
        await WriteAsync(http, held.Memory, cancellationToken);
        await calls.FailAsync(call, problem.Code.Code, reached: false);
    }

    private async Task WholeAsync(HttpContext http, ModelCall call, IWire wire, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        call.BeginWait();
        using var held = await ReadAsync(response, cancellationToken);
        call.EndWait();
        call.FirstByte();
        var seen = wire.ReadWhole(held.Memory.Span);
        if (!seen.IsAnswer && !seen.HasError) throw InferenceProblems.Garbled.Because("Its answer is not what was asked for.");
        if (seen.Usage is not null) call.Usage = seen.Usage;
        Announce(http, call);
        if (call.Price is { } price && calls.CostNanos(call) is { } cost) http.Response.Headers["x-somastack-cost"] = ModelCall.Money(cost, price.Currency);
        await WriteAsync(http, held.Memory, cancellationToken);
        if (seen.HasError) await calls.FailAsync(call, InferenceProblems.Garbled.Code, reached: true);
        else await calls.SettleAsync(call);
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, cancellationToken);
        await http.Response.CompleteAsync();
    }

    private async Task StreamAsync(HttpContext http, ModelCall call, IWire wire, Envelope envelope, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var relay = new EventRelay(wire);
        Problem? cut = null;
        try
        {
            Announce(http, call);
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers.CacheControl = "no-cache";
            http.Response.Headers["X-Accel-Buffering"] = "no";
            cut = await RelayAsync(http, call, envelope, response, relay, cancellationToken);
        }
        finally
        {
            // Also when the reader left: what was counted until then is booked.
            if (relay.Usage is not null) call.Usage = relay.Usage;
            call.Chunks = relay.Chunks;
        }
        if (cut is not null) await http.Response.Body.WriteAsync(wire.ErrorEvent(cut, call.Context.TraceId), cancellationToken);
        await http.Response.CompleteAsync();
        if (cut is null && !relay.Failed) await calls.SettleAsync(call);
        else await calls.FailAsync(call, cut?.Code.Code ?? "provider_failed_in_stream", reached: true);
    }

    /// <returns>Why the stream did not end with its end mark, or null.</returns>
    private async Task<Problem?> RelayAsync(HttpContext http, ModelCall call, Envelope envelope, HttpResponseMessage response, EventRelay relay, CancellationToken cancellationToken)
    {
        var output = http.Response.BodyWriter;
        try
        {
            await using var input = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                call.BeginWait();
                var count = await input.ReadAsync(relay.Space(), cancellationToken);
                call.EndWait();
                if (count == 0) break;
                call.FirstByte();
                relay.Advance(count);
                while (relay.TryRead(out var whole, out var usageOnly))
                    if (!usageOnly || envelope.WantsUsage) output.Write(whole.Span);
                if (relay.TooLong) return InferenceProblems.Garbled.Because("An event of its stream is too long.");
                call.BeginWait();
                await output.FlushAsync(cancellationToken);
                call.EndWait();
            }
        }
        catch (Exception exception) when (ProviderFailures.Explain(exception, clock, cancellationToken) is { } problem)
        {
            return problem;
        }
        var wasDone = relay.Done;
        var rest = relay.Rest();
        if (!wasDone && relay.Done)
        {
            output.Write(rest.Span);
            output.Write("\n\n"u8);
        }
        return relay.Done || relay.Failed ? null : InferenceProblems.Garbled.Because("Its stream ended before it was complete.");
    }

    /// <summary>What is known of this server's share before the answer's body.</summary>
    private static void Announce(HttpContext http, ModelCall call)
    {
        http.Response.Headers["x-somastack-call-id"] = call.Id;
        http.Response.Headers["x-somastack-overhead-ms"] = call.OverheadMs.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<HeldBody> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var length = response.Content.Headers.ContentLength;
        if (length > AnswerLimit) throw InferenceProblems.Garbled.Because("Its answer is too long.");
        var held = new HeldBody((int)(length ?? 16 << 10));
        try
        {
            await using var input = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await input.ReadAsync(held.Space(), cancellationToken) is var count && count > 0)
                if (!held.Advance(count, AnswerLimit)) throw InferenceProblems.Garbled.Because("Its answer is too long.");
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }
}

/// <summary>A whole body in one rented buffer.</summary>
internal sealed class HeldBody(int expected) : IDisposable
{
    // One byte more than expected, so that the read that finds the end needs no larger buffer.
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(expected + 1);
    private int _length;

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    public Memory<byte> Space()
    {
        if (_length < _buffer.Length) return _buffer.AsMemory(_length);
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        return _buffer.AsMemory(_length);
    }

    /// <returns>False when the body is longer than the limit.</returns>
    public bool Advance(int count, int limit) => (_length += count) <= limit;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
