using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Format">wav, mp3, m4a, ogg, webm or flac: what <paramref name="AudioBase64"/> holds.</param>
internal sealed record TranscribeRequest(string AudioBase64, string? Format = null, string? Language = null, string? Model = null);

internal sealed record TranscribeAnswer(string Text, double ElapsedMs, string Model, string Provider, string CallId);

internal sealed record Transcription(string Text);

/// <param name="Duration">Seconds of sound.</param>
internal sealed record VerboseTranscription(string Task, string Language, double Duration, string Text);

/// <summary><c>POST /v1/audio/transcriptions</c> in OpenAI's shape, and the roadmap's <c>POST /v1/audio/transcribe</c>.</summary>
internal sealed class TranscribeAudio(AudioCalls audio, OfflineSpeech offline, RequestScreen screen, TimeProvider clock)
{
    private const string Role = "transcription";
    private const long FormBytesMax = AudioCalls.AudioBytesMax + (64 << 10);
    private const int FieldLengthMax = 4_000;

    /// <summary>Fields that a provider is sent as they came.</summary>
    private static readonly string[] Passed = ["language", "prompt", "temperature", "timestamp_granularities[]", "include[]", "chunking_strategy"];

    private sealed record Wanted(Recording Recording, string? Model, string? Language, string Format, IReadOnlyList<KeyValuePair<string, string>> Fields);

    /// <summary>The body as it is sent on, and the words in it.</summary>
    private sealed record Heard(byte[] Body, string ContentType, string Text);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/audio/transcriptions", static (HttpContext http, RequestContext context, TranscribeAudio handler) => handler.FormAsync(http, context))
            .Produces<Transcription>()
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors().WithBodyLimit(FormBytesMax).WithoutReplay().WithoutTimeLimit();
        routes.MapPost("/v1/audio/transcribe", static async (TranscribeRequest request, HttpContext http, RequestContext context, TranscribeAudio handler) =>
                TypedResults.Ok(await handler.EncodedAsync(request, http, context)))
            .Requires(Capability.InferenceInvoke).WithBodyLimit(AudioCalls.AudioBytesMax / 3 * 4 + (64 << 10)).WithoutReplay().WithoutTimeLimit();
    }

    private async Task FormAsync(HttpContext http, RequestContext context)
    {
        if (!http.Request.HasFormContentType) throw PlatformProblems.UnsupportedMedia.Because("Send the recording as multipart/form-data with the fields file and model.");
        var wanted = Read(await FormOfAsync(http));
        Check.That(wanted.Format is "json" or "text" or "verbose_json" or "srt" or "vtt", "response_format", "must be json, text, verbose_json, srt or vtt").OrThrow();
        var model = await audio.FindAsync(context, wanted.Model, Role, OfflineSpeech.Hears, OfflineSpeech.HearsPackages, http.RequestAborted);
        // What is said beside a recording guides the model like any prompt.
        await screen.WordsAsync(context, wanted.Fields.Where(static field => field.Key == "prompt").Select(static field => field.Value), http.RequestAborted);
        var (heard, _) = await HearAsync(http, context, model, wanted);
        http.Response.ContentType = heard.ContentType;
        http.Response.ContentLength = heard.Body.Length;
        await http.Response.Body.WriteAsync(heard.Body, http.RequestAborted);
    }

    private async Task<TranscribeAnswer> EncodedAsync(TranscribeRequest request, HttpContext http, RequestContext context)
    {
        var began = clock.GetTimestamp();
        var format = request.Format ?? "wav";
        Check.That(format is "wav" or "mp3" or "m4a" or "mp4" or "ogg" or "webm" or "flac", "format", "must be wav, mp3, m4a, mp4, ogg, webm or flac").OrThrow();
        var bytes = new byte[request.AudioBase64.Length / 4 * 3 + 3];
        Check.That(Convert.TryFromBase64String(request.AudioBase64, bytes, out var length) && length > 0, "audio_base64", "must be base64 of a recording")
            .And(length <= AudioCalls.AudioBytesMax, "audio_base64", $"must hold at most {AudioCalls.AudioBytesMax} bytes").OrThrow();
        var model = await audio.FindAsync(context, request.Model, Role, OfflineSpeech.Hears, OfflineSpeech.HearsPackages, http.RequestAborted);
        await screen.WordsAsync(context, [], http.RequestAborted);
        KeyValuePair<string, string>[] fields = request.Language is { } language ? [new("language", language)] : [];
        var (heard, call) = await HearAsync(http, context, model, new Wanted(new Recording(bytes.AsMemory(0, length), "audio." + format), request.Model, request.Language, "json", fields));
        return new TranscribeAnswer(heard.Text, Math.Round(clock.GetElapsedTime(began).TotalMilliseconds, 3), model.Id, model.Provider, call.Id);
    }

    private async Task<(Heard Heard, ModelCall Call)> HearAsync(HttpContext http, RequestContext context, KnownModel model, Wanted wanted)
    {
        var isOwn = audio.ProviderOf(model) is null;
        if (isOwn) CheckOwn(wanted);
        var digest = Convert.ToHexStringLower(SHA256.HashData(wanted.Recording.Bytes.Span));
        return await audio.RunAsync(http, context, model, Role, digest, async call =>
            (await ModerateAsync(context, isOwn ? await OwnAsync(call, wanted, http.RequestAborted) : await ProviderAsync(call, wanted, http.RequestAborted), http.RequestAborted), call));
    }

    /// <summary>A transcript is what a model says: nobody knows whose words they are.</summary>
    private async Task<Heard> ModerateAsync(RequestContext context, Heard heard, CancellationToken cancellationToken)
    {
        var watch = screen.Watch(context);
        if (heard.ContentType != "application/json")
        {
            var plain = await watch.TextAsync(heard.Body, cancellationToken);
            return plain.Equals(heard.Body) ? heard : heard with { Body = plain.ToArray(), Text = Encoding.UTF8.GetString(plain.Span) };
        }
        var body = await watch.WholeAsync(heard.Body, cancellationToken);
        if (body.Equals(heard.Body)) return heard;
        using var document = JsonDocument.Parse(body);
        return heard with { Body = body.ToArray(), Text = document.RootElement.GetProperty("text").GetString()! };
    }

    /// <summary>The words of a recording, for whoever asks without HTTP.</summary>
    public async Task<(string Text, ModelCall Call)> HearAsync(
        RequestContext context, KnownModel model, Recording recording, string purpose, CancellationToken cancellationToken, string? language = null)
    {
        var wanted = new Wanted(recording, model.Id, language, "json", language is null ? [] : [new("language", language)]);
        var digest = Convert.ToHexStringLower(SHA256.HashData(recording.Bytes.Span));
        return await audio.RunAsync(context, model, purpose, digest, null, async call =>
            ((audio.ProviderOf(model) is null ? await OwnAsync(call, wanted, cancellationToken) : await ProviderAsync(call, wanted, cancellationToken)).Text, call), cancellationToken);
    }

    /// <summary>What the offline program does not do is refused, not passed over.</summary>
    private static void CheckOwn(Wanted wanted)
    {
        Check.That(wanted.Language is null or "en" || wanted.Language.StartsWith("en-", StringComparison.OrdinalIgnoreCase), "language", $"must be en: '{OfflineSpeech.Hears}' hears English only")
            .And(wanted.Format is "json" or "text" or "verbose_json", "response_format", $"must be json, text or verbose_json: '{OfflineSpeech.Hears}' makes no subtitles")
            .And(wanted.Fields.All(static field => field.Key is not ("timestamp_granularities[]" or "include[]")), "timestamp_granularities", $"is not offered by '{OfflineSpeech.Hears}'")
            .OrThrow();
    }

    private async Task<Heard> OwnAsync(ModelCall call, Wanted wanted, CancellationToken cancellationToken)
    {
        call.BeginWait();
        var (text, seconds) = await offline.HearAsync(wanted.Recording.Bytes, cancellationToken);
        call.EndWait();
        call.FirstByte();
        call.Usage = new TokenUsage(0, 0);
        return wanted.Format switch
        {
            "text" => new Heard(Encoding.UTF8.GetBytes(text + "\n"), "text/plain; charset=utf-8", text),
            "verbose_json" => new Heard(
                JsonSerializer.SerializeToUtf8Bytes(new VerboseTranscription("transcribe", "english", Math.Round(seconds, 3), text), InferenceJson.Default.VerboseTranscription), "application/json", text),
            _ => new Heard(JsonSerializer.SerializeToUtf8Bytes(new Transcription(text), InferenceJson.Default.Transcription), "application/json", text),
        };
    }

    private async Task<Heard> ProviderAsync(ModelCall call, Wanted wanted, CancellationToken cancellationToken)
    {
        using var form = new MultipartFormDataContent();
        var file = new ReadOnlyMemoryContent(wanted.Recording.Bytes);
        file.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        form.Add(file, "file", wanted.Recording.FileName);
        form.Add(new StringContent(call.Model.Id), "model");
        form.Add(new StringContent(wanted.Format), "response_format");
        foreach (var (name, value) in wanted.Fields) form.Add(new StringContent(value), name);
        using var response = await audio.SendAsync(call, "audio/transcriptions", form, cancellationToken);
        var body = await AudioCalls.BytesAsync(call, response, cancellationToken);
        call.FirstByte();
        if (wanted.Format is not ("json" or "verbose_json")) return new Heard(body, "text/plain; charset=utf-8", Encoding.UTF8.GetString(body));
        using var document = JsonDocument.Parse(body);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
            throw InferenceProblems.Garbled.Because("Its answer is no transcription.");
        call.Usage = AudioCalls.UsageOf(body);
        return new Heard(body, "application/json", text.GetString()!);
    }

    /// <summary>A form in memory: nothing of a recording is written to a temporary folder on the way.</summary>
    private static async Task<IFormCollection> FormOfAsync(HttpContext http)
    {
        var options = new FormOptions { MemoryBufferThreshold = (int)FormBytesMax, MultipartBodyLengthLimit = FormBytesMax, ValueCountLimit = 64, ValueLengthLimit = 64 << 10, MultipartHeadersLengthLimit = 8 << 10 };
        http.Features.Set<IFormFeature>(new FormFeature(http.Request, options));
        try
        {
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && !http.RequestAborted.IsCancellationRequested && exception is not BadHttpRequestException)
        {
            throw PlatformProblems.MalformedRequest.Because("The form could not be read: it is cut, or a part of it is too long.", exception);
        }
    }

    private static Wanted Read(IFormCollection form)
    {
        var file = form.Files.GetFile("file");
        Check.That(file is { Length: > 0 and <= AudioCalls.AudioBytesMax }, "file", $"must be a recording of 1 to {AudioCalls.AudioBytesMax} bytes")
            .And(form.All(static field => field.Value.All(static value => value?.Length <= FieldLengthMax)), "form", $"must have fields of at most {FieldLengthMax} characters")
            .And(form["stream"].ToString() is "" or "false", "stream", "must be false: transcriptions are not streamed here")
            .OrThrow();
        using var held = new MemoryStream((int)file!.Length);
        file.CopyTo(held);
        var fields = Passed.SelectMany(name => form[name].Where(static value => !string.IsNullOrEmpty(value)).Select(value => new KeyValuePair<string, string>(name, value!))).ToList();
        var format = form["response_format"].ToString();
        return new Wanted(
            new Recording(held.GetBuffer().AsMemory(0, (int)held.Length), SafeName(file.FileName)), NullIfEmpty(form["model"].ToString()), NullIfEmpty(form["language"].ToString()), format.Length == 0 ? "json" : format, fields);
    }

    /// <summary>Of a name only what can stand in a header as it is.</summary>
    internal static string SafeName(string? name)
    {
        var kept = new string([.. (name ?? "").Where(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_').TakeLast(100)]);
        return kept.Any(char.IsAsciiLetterOrDigit) ? kept : "audio.wav";
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
