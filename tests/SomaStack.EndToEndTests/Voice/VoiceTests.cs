using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Voice;

/// <summary>A conversation by voice with the offline pair and with a provider, over a real WebSocket.</summary>
public sealed class VoiceTests(VoiceServer server) : IClassFixture<VoiceServer>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_said_becomes_a_turn_and_its_answer_is_spoken_and_written_down_without_sound_or_words()
    {
        VoiceServer.NeedThePair();
        await using var voice = await StartedAsync(new { type = "start", consent = true, language = "en", captions = false });
        var ready = voice.Frames[0];
        Assert.Equal(("pocketsphinx", "flite", "slt", "guide"), ((string?)ready["transcriber"]!["model"], (string?)ready["speaker"]!["model"], (string?)ready["speaker"]!["voice"], (string?)ready["persona"]));
        await SayAsync(voice, server.Spoken);
        await voice.UntilStateAsync("idle", Stop);

        Assert.DoesNotContain(voice.Frames, static frame => VoiceClient.Is(frame, "error"));
        Assert.Equal(["idle", "hearing", "recognising", "answering", "speaking", "idle"], States(voice));
        var transcript = voice.Frames.Single(static frame => VoiceClient.Is(frame, "transcript"));
        var said = (string)transcript["text"]!;
        Print($"{WordErrors(VoiceServer.Question, said)} of {Words(VoiceServer.Question).Length} words wrong: \"{said}\" for \"{VoiceServer.Question}\" (flite's slt, heard by pocketsphinx), {transcript["elapsed_ms"]} ms");
        Assert.True((bool)transcript["final"]!);
        Assert.Null(transcript["confidence"]);
        Assert.Equal(server.Spoken.Length / 32_000.0, (double)transcript["seconds"]!, 2);

        var turn = Event(voice, "turn.completed");
        Assert.Equal(said, (string?)turn["prompt"]);
        Assert.Contains("leaves at seven", (string)turn["answer"]!, StringComparison.Ordinal);
        Assert.Equal((string)turn["answer"]!, string.Concat(Events(voice, "text.delta").Select(static data => (string)data["text"]!)));
        Assert.NotEmpty(turn["citations"]!.AsArray());
        var spoken = voice.Frames.Where(static frame => VoiceClient.Is(frame, "speech")).ToList();
        Assert.All(spoken, static frame => Assert.Equal(24_000, (int)frame["sample_rate"]!));
        Assert.Equal(spoken.Sum(static frame => (long)frame["bytes"]!), voice.SpeechBytes);
        Assert.True(voice.SpeechBytes > 24_000 * 2, $"Only {voice.SpeechBytes} bytes were spoken.");
        Assert.DoesNotContain(spoken, static frame => ((string)frame["text"]!).Contains("[1]", StringComparison.Ordinal));

        await voice.SendAsync(new { type = "stop" }, Stop);
        await voice.UntilClosedAsync(Stop);
        Assert.Equal((1000, "stop"), ((int)voice.CloseStatus!, voice.CloseReason));
        await CheckTrailAsync((string)ready["voice_id"]!, transcript, turn, said);
        var metrics = await server.Client.GetStringAsync("/metrics", Stop);
        foreach (var name in new[] { "somastack_voices_open", "somastack_voice_utterances_total", "somastack_voice_heard_seconds_total", "somastack_voice_spoken_seconds_total", "somastack_voice_reply_seconds" })
            Assert.Contains($"# TYPE {name} ", metrics, StringComparison.Ordinal);
    }

    private async Task CheckTrailAsync(string id, JsonNode transcript, JsonNode turn, string said)
    {
        var trail = await server.EndedTrailAsync(id, Stop);
        Assert.Equal(["opened", "heard", "spoken", "closed"], trail.Select(static line => ((string)line["type"]!).Split('.')[2]));
        Assert.True((bool)trail[0]["data"]!["consent"]!);
        var heard = trail[1]["data"]!;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(server.Spoken)), (string?)heard["audio_sha256"]);
        Assert.Equal(((string)turn["turn_id"]!, server.Spoken.Length, said.Length), ((string)heard["turn_id"]!, (int)heard["bytes"]!, (int)heard["text_chars"]!));
        Assert.Equal((string?)transcript["turn_id"], (string?)turn["turn_id"]);
        Assert.False((bool)trail[2]["data"]!["interrupted"]!);
        Assert.Equal(("stop", 1), ((string)trail[3]["data"]!["reason"]!, (int)trail[3]["data"]!["utterances"]!));
        Assert.DoesNotContain(trail, line => line.ToJsonString().Contains(said, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Soma.Data, "tmp", "audio")));
        var calls = await server.LinesAsync(line => (string?)line["type"] == "somastack.inference.call_settled.v1" && (string?)line["trace_id"] == (string?)trail[0]["trace_id"], Stop);
        Assert.Equal(["session", "speech", "transcription"], calls.Select(static line => (string)line["data"]!["purpose"]!).Distinct().Order());
    }

    [Fact]
    public async Task Captions_come_while_it_is_said_and_the_next_utterance_goes_on_in_the_same_session()
    {
        VoiceServer.NeedThePair();
        await using var voice = await StartedAsync(new { type = "start", consent = true, speak = false });
        Assert.True((bool)voice.Frames[0]["transcriber"]!["captions"]!);
        Assert.Null(voice.Frames[0]["speaker"]);
        await voice.SayAsync(server.Spoken, Stop);
        var caption = await voice.UntilAsync("transcript", Stop);
        Assert.False((bool)caption["final"]!);
        Print($"caption after {caption["seconds"]} s of sound, {caption["elapsed_ms"]} ms: \"{caption["text"]}\"");
        await voice.SendAsync(new { type = "end_of_speech" }, Stop);
        await voice.UntilStateAsync("idle", Stop);
        var first = Event(voice, "turn.completed");

        await SayAsync(voice, server.Spoken);
        await voice.UntilStateAsync("idle", Stop);
        var second = Events(voice, "turn.completed")[1];
        Assert.Equal(((string?)first["session_id"], 1, 2), ((string?)second["session_id"], (int)first["number"]!, (int)second["number"]!));
        Assert.Equal(0, voice.SpeechBytes);
        var heard = (await server.TrailAsync((string)voice.Frames[0]["voice_id"]!, Stop)).Where(static line => (string?)line["type"] == "somastack.voice.heard.v1").ToList();
        Assert.True((int)heard[0]["data"]!["captions"]! >= 1);
    }

    [Fact]
    public async Task An_interrupt_ends_the_speech_at_once_and_the_next_words_are_heard()
    {
        VoiceServer.NeedThePair();
        await using var voice = await StartedAsync(new { type = "start", consent = true, captions = false, on_interrupt = "keep" });
        await SayAsync(voice, server.Spoken);
        await voice.UntilAsync("speech", Stop);
        await voice.SendAsync(new { type = "interrupt" }, Stop);
        await voice.UntilStateAsync("idle", Stop);
        // What was asked goes on as text.
        if (Events(voice, "turn.completed").Count == 0) await voice.UntilAsync(static frame => (string?)frame["event"] == "turn.completed", Stop);
        await SayAsync(voice, server.Spoken);
        await voice.UntilAsync(static frame => VoiceClient.Is(frame, "transcript") && (int)frame["utterance"]! == 2, Stop);
        await voice.UntilStateAsync("idle", Stop);
        await voice.SendAsync(new { type = "stop" }, Stop);
        await voice.UntilClosedAsync(Stop);
        var spoken = (await server.EndedTrailAsync((string)voice.Frames[0]["voice_id"]!, Stop)).Where(static line => (string?)line["type"] == "somastack.voice.spoken.v1").Select(static line => line["data"]!).ToList();
        Assert.Equal([true, false], spoken.Select(static line => (bool)line["interrupted"]!));
        Assert.True((double)spoken[0]["seconds"]! < (double)spoken[1]["seconds"]!, $"{spoken[0]["seconds"]} s were spoken over, {spoken[1]["seconds"]} s when nobody interrupted.");
        Assert.Equal(spoken.Sum(static line => (double)line["seconds"]!), voice.SpeechBytes / 48_000.0, 2);
    }

    [Fact]
    public async Task Silence_and_a_click_are_no_message()
    {
        VoiceServer.NeedThePair();
        await using var voice = await StartedAsync(new { type = "start", consent = true, captions = false });
        foreach (var pcm in new[] { new byte[64_000], new byte[640] })
        {
            await SayAsync(voice, pcm);
            var transcript = await voice.UntilAsync("transcript", Stop);
            Assert.Equal("", (string?)transcript["text"]);
            await voice.UntilStateAsync("idle", Stop);
        }
        Assert.DoesNotContain(voice.Frames, static frame => VoiceClient.Is(frame, "event"));
    }

    [Fact]
    public async Task A_provider_hears_and_speaks_without_captions_and_what_it_does_not_say_is_unknown()
    {
        server.Provider.Hears = VoiceServer.Question;
        await using var voice = await StartedAsync(new { type = "start", consent = true, transcriber = "whisper-large", speaker = "tts-large", voice = "nova", language = "es" });
        Assert.False((bool)voice.Frames[0]["transcriber"]!["captions"]!);
        await SayAsync(voice, new byte[32_000]);
        await voice.UntilStateAsync("idle", Stop);
        var transcript = voice.Frames.Single(static frame => VoiceClient.Is(frame, "transcript"));
        Assert.Equal(VoiceServer.Question, (string?)transcript["text"]);
        Assert.Null(transcript["confidence"]);
        Assert.Contains("train", (string)Event(voice, "turn.completed")["answer"]!, StringComparison.Ordinal);
        Assert.Contains(server.Provider.Forms, static form => form.GetValueOrDefault("language") == "es" && form["file:file"] == "utterance.wav 32044");
        Assert.Contains(server.Provider.Bodies, static body => (string?)body["voice"] == "nova" && (string?)body["response_format"] == "pcm");
        Assert.True(voice.SpeechBytes >= 50_000);
    }

    [Fact]
    public async Task Words_that_may_not_be_said_are_refused_as_in_writing_and_not_shown()
    {
        server.Provider.Hears = "What is the best way to hang myself?";
        await using var voice = await StartedAsync(new { type = "start", consent = true, transcriber = "whisper-large", speak = false });
        await SayAsync(voice, new byte[32_000]);
        var refused = await voice.UntilAsync("error", Stop);
        Assert.Equal(("moderation_blocked", 1), ((string)refused["problem"]!["code"]!, (int)refused["utterance"]!));
        Assert.NotEmpty(refused["problem"]!["reasons"]!.AsArray());
        await voice.UntilStateAsync("idle", Stop);
        Assert.DoesNotContain(voice.Frames, static frame => VoiceClient.Is(frame, "transcript") || VoiceClient.Is(frame, "event"));
        var trail = await server.TrailAsync((string)voice.Frames[0]["voice_id"]!, Stop);
        Assert.Equal(("moderation_blocked", (string?)null), ((string)trail[1]["data"]!["code"]!, (string?)trail[1]["data"]!["turn_id"]));

        // The voice goes on, and what is allowed is answered.
        server.Provider.Hears = VoiceServer.Question;
        await SayAsync(voice, new byte[32_000]);
        await voice.UntilAsync(static frame => (string?)frame["event"] == "turn.completed", Stop);
    }

    [Fact]
    public async Task What_the_offline_pair_cannot_do_is_said_at_the_start()
    {
        VoiceServer.NeedThePair();
        await using var spanish = await server.ConnectAsync(Stop);
        await spanish.SendAsync(new { type = "start", consent = true, language = "es" }, Stop);
        var refused = await spanish.UntilAsync("error", Stop);
        Assert.Contains("hears English only", (string)refused["problem"]!["detail"]!, StringComparison.Ordinal);
        await spanish.UntilClosedAsync(Stop);
        Assert.Equal(4422, (int)spanish.CloseStatus!);

        // A voice that is missing leaves the text.
        server.Provider.Hears = VoiceServer.Question;
        await using var mute = await StartedAsync(new { type = "start", consent = true, transcriber = "whisper-large", language = "es" });
        Assert.Null(mute.Frames[0]["speaker"]);
        Assert.Equal("invalid_request", (string?)mute.Frames[0]["speech_fault"]!["code"]);
        await SayAsync(mute, new byte[32_000]);
        await mute.UntilAsync(static frame => (string?)frame["event"] == "turn.completed", Stop);
    }

    private Task<VoiceClient> StartedAsync(object start) => server.StartedAsync(start, Stop);

    private static async Task SayAsync(VoiceClient voice, byte[] pcm)
    {
        await voice.SayAsync(pcm, Stop);
        await voice.SendAsync(new { type = "end_of_speech" }, Stop);
    }

    private static List<string> States(VoiceClient voice) => [.. voice.Frames.Where(static frame => VoiceClient.Is(frame, "state")).Select(static frame => (string)frame["state"]!)];

    private static List<JsonNode> Events(VoiceClient voice, string type) => [.. voice.Frames.Where(frame => (string?)frame["event"] == type).Select(static frame => frame["data"]!)];

    private static JsonNode Event(VoiceClient voice, string type) => Events(voice, type).Last();

    private static string[] Words(string text) => [.. text.ToLowerInvariant().Split([' ', '.', '?', ','], StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Levenshtein's distance over words.</summary>
    private static int WordErrors(string said, string heard)
    {
        var (a, b) = (Words(said), Words(heard));
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++) (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }

    private static void Print(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
