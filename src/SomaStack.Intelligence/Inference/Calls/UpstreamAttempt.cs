using System.Net;
using System.Net.Http.Headers;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// One attempt whose bytes are passed on: sent while its opening becomes durable, read up to the first whole event of a stream or
/// the last byte of a whole answer. Until then nothing has left for the caller, so another candidate may still answer.
/// </summary>
/// <param name="body">As the provider gets it; must stay valid until the attempt is disposed.</param>
internal sealed class UpstreamAttempt(ModelCalls calls, Provider upstream, ModelCall call, IWire wire, Envelope envelope, ReadOnlyMemory<byte> body, AttemptDeadline deadline, TimeProvider clock) : IAttempt
{
    /// <summary>A whole answer is held in memory once; a stream never is.</summary>
    private const int AnswerLimit = 64 << 20;

    /// <summary>For a connection to end after its stream did.</summary>
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(1);

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private HttpResponseMessage? _response;
    private Stream? _input;
    private bool _booked;

    public ModelCall Call => call;

    public AttemptDeadline Deadline => deadline;

    public Problem? Failure { get; private set; }

    /// <summary>A whole answer, or a refusal in the words of the format; null for a stream.</summary>
    public HeldBody? Held { get; private set; }

    /// <summary>With <see cref="Failure"/>: what is held is the caller's to read, under this status.</summary>
    public int? RefusalStatus { get; private set; }

    /// <summary>What was seen in a whole answer.</summary>
    public WholeSeen Seen { get; private set; }

    /// <summary>Holds the events of a stream; null for a whole answer.</summary>
    public EventRelay? Relay { get; private set; }

    /// <summary>The first event, valid until the relay is given more bytes.</summary>
    public (ReadOnlyMemory<byte> Whole, bool IsUsageOnly) First { get; private set; }

    /// <summary>The stream has said what it cost.</summary>
    public bool CostTold { get; set; }

    /// <exception cref="Problem">The call could not be opened.</exception>
    /// <exception cref="OperationCanceledException">The caller left, or another attempt won; booked.</exception>
    public async Task BeginAsync()
    {
        using var request = upstream.Request(HttpMethod.Post, Provider.PathOf(wire.Format), new ReadOnlyMemoryContent(body) { Headers = { ContentType = Json } });
        envelope.Prepare(request);
        deadline.Expect(deadline.Limits.FirstByte);

        // The provider starts to think while the opening becomes durable, when nothing can refuse it any more; nothing of its answer is
        // passed on before that. Under a limit that may be reached it is not asked before the reservation holds.
        var sure = await calls.IsSureAsync(call);
        if (!sure) await OpenAsync(null, sure);
        call.BeginWait();
        var sending = upstream.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        if (sure) await OpenAsync(sending, sure);
        try
        {
            _response = await sending;
            call.EndWait();
            call.UpstreamStatus = (int)_response.StatusCode;
            if (!_response.IsSuccessStatusCode) await RefusedAsync(_response);
            else if (call.Stream && _response.Content.Headers.ContentType?.MediaType == "text/event-stream") await FirstEventAsync(_response);
            else await WholeAsync(_response);
        }
        catch (Exception exception)
        {
            Failure = deadline.Explain(exception);
            await BookFailureAsync(Failure);
            if (Failure is null) throw;
        }
    }

    private async Task OpenAsync(Task<HttpResponseMessage>? sending, bool sure)
    {
        try
        {
            await calls.OpenAsync(call, sure);
        }
        catch
        {
            _booked = true;
            deadline.Cancel();
            if (sending is not null) (await Quietly(sending))?.Dispose();
            throw;
        }
    }

    /// <summary>The next bytes of a stream into the relay. False at its end.</summary>
    public async ValueTask<bool> ReadAsync()
    {
        deadline.Expect(Relay!.Done ? Closing : deadline.Limits.Idle);
        call.BeginWait();
        var count = await _input!.ReadAsync(Relay.Space(), deadline.Token);
        call.EndWait();
        if (count == 0) return false;
        call.FirstByte();
        Relay.Advance(count);
        return true;
    }

    /// <summary>Takes over what the stream has counted so far.</summary>
    public void Count()
    {
        if (Relay is null) return;
        if (Relay.Usage is not null) call.Usage = Relay.Usage;
        call.Chunks = Relay.Chunks;
    }

    /// <summary>Once the last byte has left: the caller does not wait for the books.</summary>
    public ValueTask SettleAsync()
    {
        Count();
        _booked = true;
        return calls.SettleLaterAsync(call);
    }

    /// <summary>Books an answer that had begun. Where we hung up on the provider its count will never come, so it is estimated.</summary>
    public async Task FailAsync(string code, bool hungUp)
    {
        if (_booked) return;
        _booked = true;
        Count();
        if (hungUp) call.Estimate(TokenEstimate.OfBytes(StreamText.Sent(body.Span)), TokenEstimate.OfBytes(Relay?.TextBytes ?? 0));
        await calls.FailAsync(call, code, reached: true);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The connection first: whoever does not read on must not keep the provider at work.
            _response?.Dispose();
            await FailAsync(deadline.Reason, hungUp: true);
        }
        finally
        {
            Held?.Dispose();
            Relay?.Dispose();
            deadline.Dispose();
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

    private async Task BookFailureAsync(Problem? problem)
    {
        var answering = _response is { IsSuccessStatusCode: true };
        // Whoever left or ran out of time may have left work behind that the provider charges for.
        var cut = problem is null || problem.Code == InferenceProblems.Timeout || deadline.IsStopped;
        if (answering && cut)
        {
            await FailAsync(problem?.Code.Code ?? deadline.Reason, hungUp: true);
            return;
        }
        _booked = true;
        Count();
        await calls.FailAsync(call, problem?.Code.Code ?? deadline.Reason, reached: answering || cut);
    }

    /// <summary>A 4xx about the request itself is the caller's to read; what concerns our key or the server's health is ours to word.</summary>
    private async Task RefusedAsync(HttpResponseMessage response)
    {
        Held = await ReadWholeAsync(response);
        Failure = ProviderFailures.Refusal(response, Held.Memory.Span, clock);
        if (Failure.Code == InferenceProblems.Rejected && wire.IsRefusal(Held.Memory.Span))
            RefusalStatus = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge
                ? (int)response.StatusCode
                : 400;
        _booked = true;
        await calls.FailAsync(call, Failure.Code.Code, reached: false);
    }

    private async Task WholeAsync(HttpResponseMessage response)
    {
        call.BeginWait();
        Held = await ReadWholeAsync(response);
        call.EndWait();
        call.FirstByte();
        Seen = wire.ReadWhole(Held.Memory.Span);
        call.Watch.SeeWhole(Held.Memory);
        if (!Seen.IsAnswer && !Seen.HasError) throw InferenceProblems.Garbled.Because("Its answer is not what was asked for.");
        if (Seen.Usage is not null) call.Usage = Seen.Usage;
    }

    private async Task FirstEventAsync(HttpResponseMessage response)
    {
        Relay = new EventRelay(wire);
        _input = await response.Content.ReadAsStreamAsync(deadline.Token);
        while (true)
        {
            call.BeginWait();
            var count = await _input.ReadAsync(Relay.Space(), deadline.Token);
            call.EndWait();
            if (count == 0) throw InferenceProblems.Garbled.Because("Its stream ended before it had begun.");
            call.FirstByte();
            Relay.Advance(count);
            if (Relay.TryRead(out var whole, out var usageOnly))
            {
                First = (whole, usageOnly);
                return;
            }
            if (Relay.TooLong) throw InferenceProblems.Garbled.Because("An event of its stream is too long.");
        }
    }

    private async Task<HeldBody> ReadWholeAsync(HttpResponseMessage response)
    {
        var length = response.Content.Headers.ContentLength;
        if (length > AnswerLimit) throw InferenceProblems.Garbled.Because("Its answer is too long.");
        var held = new HeldBody((int)(length ?? 16 << 10));
        try
        {
            await using var input = await response.Content.ReadAsStreamAsync(deadline.Token);
            while (true)
            {
                // A trickle is no silence: the first byte's limit holds the whole of it only where the profile sets none.
                var count = await input.ReadAsync(held.Space(), deadline.Token);
                if (count == 0) return held;
                deadline.Expect(deadline.Limits.Idle);
                if (!held.Advance(count, AnswerLimit)) throw InferenceProblems.Garbled.Because("Its answer is too long.");
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }
}
