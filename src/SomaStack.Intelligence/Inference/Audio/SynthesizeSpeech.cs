using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="ResponseFormat">wav or pcm (16 bits, 24 kHz, one channel) of flite; a provider's also mp3, opus, aac and flac.</param>
/// <param name="Speed">0.25 to 4; 1 when absent.</param>
internal sealed record SpeechRequest(
    string Input, string? Model = null, string? Voice = null, string? ResponseFormat = null, double? Speed = null, string? Instructions = null, string? StreamFormat = null);

/// <param name="Format">As in <see cref="SpeechRequest"/>; wav of flite and mp3 of a provider when absent.</param>
internal sealed record SynthesizeRequest(string Text, string? Voice = null, string? Format = null, string? Model = null);

internal sealed record SynthesizeAnswer(string AudioBase64, string Format, double ElapsedMs, string Model, string Provider, string CallId);

/// <summary><c>POST /v1/audio/speech</c> in OpenAI's shape, and the roadmap's <c>POST /v1/audio/synthesize</c>.</summary>
internal sealed class SynthesizeSpeech(AudioCalls audio, OfflineSpeech offline, RequestScreen screen, TimeProvider clock)
{
    private const string Role = "speech";
    private const int TextLengthMax = 4096;

    /// <summary>OpenAI's pcm is of this rate.</summary>
    public const int PcmRate = 24_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/audio/speech", static (SpeechRequest request, HttpContext http, RequestContext context, SynthesizeSpeech handler) => handler.StreamAsync(request, http, context))
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors().WithoutReplay().WithoutTimeLimit();
        routes.MapPost("/v1/audio/synthesize", static async (SynthesizeRequest request, HttpContext http, RequestContext context, SynthesizeSpeech handler) =>
                TypedResults.Ok(await handler.EncodedAsync(request, http, context)))
            .Requires(Capability.InferenceInvoke).WithoutReplay().WithoutTimeLimit();
    }

    private async Task StreamAsync(SpeechRequest request, HttpContext http, RequestContext context)
    {
        CheckInput("input", request.Input).And(request.Speed is null or (>= 0.25 and <= 4), "speed", "must be from 0.25 to 4")
            .And(request.StreamFormat is null or "audio", "stream_format", "must be audio: speech is not sent as events here").OrThrow();
        await screen.WordsAsync(context, [request.Input, request.Instructions], http.RequestAborted);
        var model = await audio.FindAsync(context, request.Model, Role, OfflineSpeech.Speaks, OfflineSpeech.SpeaksPackages, http.RequestAborted);
        await audio.RunAsync(http, context, model, Role, TextDigest.Of(request.Input), async call =>
        {
            if (audio.ProviderOf(model) is null)
            {
                var spoken = await OwnAsync(call, request, "response_format", http.RequestAborted);
                http.Response.ContentType = ContentTypeOf(request.ResponseFormat ?? "wav");
                http.Response.ContentLength = spoken.Length;
                audio.Announce(http, call);
                await http.Response.Body.WriteAsync(spoken, http.RequestAborted);
                return true;
            }
            using var content = Content(request, model);
            using var response = await audio.SendAsync(call, "audio/speech", content, http.RequestAborted);
            http.Response.ContentType = AudioTypeOf(response);
            http.Response.ContentLength = response.Content.Headers.ContentLength;
            audio.Announce(http, call);
            await CopyAsync(call, response, http.Response.Body, http.RequestAborted);
            return true;
        });
    }

    private async Task<SynthesizeAnswer> EncodedAsync(SynthesizeRequest request, HttpContext http, RequestContext context)
    {
        var began = clock.GetTimestamp();
        CheckInput("text", request.Text).OrThrow();
        await screen.WordsAsync(context, [request.Text], http.RequestAborted);
        var model = await audio.FindAsync(context, request.Model, Role, OfflineSpeech.Speaks, OfflineSpeech.SpeaksPackages, http.RequestAborted);
        var isOwn = audio.ProviderOf(model) is null;
        var format = request.Format ?? (isOwn ? "wav" : "mp3");
        var wanted = new SpeechRequest(request.Text, request.Model, request.Voice, format);
        var (bytes, id) = await audio.RunAsync(http, context, model, Role, TextDigest.Of(request.Text), async call =>
        {
            if (isOwn) return (await OwnAsync(call, wanted, "format", http.RequestAborted), call.Id);
            using var content = Content(wanted, model);
            using var response = await audio.SendAsync(call, "audio/speech", content, http.RequestAborted);
            AudioTypeOf(response);
            var spoken = await AudioCalls.BytesAsync(call, response, http.RequestAborted);
            call.FirstByte();
            return (spoken, call.Id);
        });
        return new SynthesizeAnswer(Convert.ToBase64String(bytes), format, Math.Round(clock.GetElapsedTime(began).TotalMilliseconds, 3), model.Id, model.Provider, id);
    }

    /// <summary>A text as PCM of <see cref="PcmRate"/>, for whoever asks without HTTP.</summary>
    public Task<(byte[] Pcm, ModelCall Call)> SpeakAsync(RequestContext context, KnownModel model, string text, string voice, CancellationToken cancellationToken)
    {
        CheckInput("text", text).OrThrow();
        var wanted = new SpeechRequest(text, model.Id, voice, "pcm");
        return audio.RunAsync(context, model, Role, TextDigest.Of(text), null, async call =>
        {
            if (audio.ProviderOf(model) is null) return (await OwnAsync(call, wanted, "format", cancellationToken), call);
            using var content = Content(wanted, model);
            using var response = await audio.SendAsync(call, "audio/speech", content, cancellationToken);
            AudioTypeOf(response);
            var spoken = await AudioCalls.BytesAsync(call, response, cancellationToken);
            call.FirstByte();
            return spoken.Length > 0 && spoken.Length % 2 == 0 ? (spoken, call) : throw InferenceProblems.Garbled.Because("Its answer is no PCM of 16 bits.");
        }, cancellationToken);
    }

    private async Task<byte[]> OwnAsync(ModelCall call, SpeechRequest request, string formatField, CancellationToken cancellationToken)
    {
        var (format, voice) = (request.ResponseFormat ?? "wav", request.Voice ?? OfflineSpeech.Voices[0]);
        Check.That(format is "wav" or "pcm", formatField, $"must be wav or pcm: '{OfflineSpeech.Speaks}' has no other encoder")
            .And(request.Input.Length / (request.Speed ?? 1) <= TextLengthMax, "speed", $"must be at least the text's length over {TextLengthMax} for '{OfflineSpeech.Speaks}': slower speech is longer")
            .And(OfflineSpeech.Readable(request.Input).Any(char.IsAsciiLetterOrDigit), formatField == "format" ? "text" : "input", "must hold words in Latin letters")
            .And(OfflineSpeech.Voices.Contains(voice), "voice", $"must be one of {string.Join(", ", OfflineSpeech.Voices)} for '{OfflineSpeech.Speaks}'")
            .And(request.Instructions is null, "instructions", $"are not understood by '{OfflineSpeech.Speaks}'")
            .OrThrow();
        call.BeginWait();
        var spoken = await offline.SpeakAsync(request.Input, voice, request.Speed ?? 1, cancellationToken);
        call.EndWait();
        call.FirstByte();
        call.Usage = new TokenUsage(0, 0);
        return format == "pcm" ? Resampler.To(spoken, PcmRate).WritePcm() : spoken.Write();
    }

    private static ByteArrayContent Content(SpeechRequest request, KnownModel model)
    {
        Check.That(request.Voice is { Length: > 0 and <= 100 }, "voice", $"must name a voice of '{model.Id}'")
            .And(request.ResponseFormat is null or "mp3" or "opus" or "aac" or "flac" or "wav" or "pcm", "response_format", "must be mp3, opus, aac, flac, wav or pcm").OrThrow();
        var body = new JsonObject { ["model"] = model.Id, ["input"] = request.Input, ["voice"] = request.Voice };
        if (request.ResponseFormat is { } format) body["response_format"] = format;
        if (request.Speed is { } speed) body["speed"] = speed;
        if (request.Instructions is { } instructions) body["instructions"] = instructions;
        return new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private static async Task CopyAsync(ModelCall call, HttpResponseMessage response, Stream output, CancellationToken cancellationToken)
    {
        await using var input = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 << 10];
        while (true)
        {
            call.BeginWait();
            var count = await input.ReadAsync(buffer, cancellationToken);
            if (count == 0) break;
            call.FirstByte();
            call.Chunks++;
            await output.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            await output.FlushAsync(cancellationToken);
            call.EndWait();
        }
        call.EndWait();
        if (call.Chunks == 0) throw InferenceProblems.Garbled.Because("Its answer is empty.");
    }

    private static string AudioTypeOf(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is { } type && (type.StartsWith("audio/", StringComparison.Ordinal) || type == "application/octet-stream") ? type : throw InferenceProblems.Garbled.Because("Its answer is no audio.");

    private static string ContentTypeOf(string format) => format == "pcm" ? "audio/pcm" : "audio/wav";

    private static Check CheckInput(string field, string text) =>
        Check.That(!string.IsNullOrWhiteSpace(text) && text.Length <= TextLengthMax, field, $"must have 1 to {TextLengthMax} characters and not be blank")
            .And(text.All(static c => !char.IsControl(c) || c is '\n' or '\r' or '\t'), field, "must hold no control characters");
}
