using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Voice;

/// <summary>What a voice refuses, how it says so, and what of it is left behind: nothing.</summary>
public sealed class VoiceFaultTests(VoiceServer server) : IClassFixture<VoiceServer>
{
    private static readonly object Start = new { type = "start", consent = true, transcriber = "whisper-large", speak = false };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, int, string> BadStarts => new()
    {
        { """{"type":"start"}""", 4403, "voice_consent_missing" },
        { """{"type":"start","consent":false}""", 4403, "voice_consent_missing" },
        { """{"type":"start","consent":true,"sample_rate":44100}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"mode":"always"}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"mode":null}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"on_interrupt":"panic"}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"language":"\u0000<b>"}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"session":"a","persona":"guide"}""", 4422, "invalid_request" },
        { """{"type":"start","consent":true,"session":"nobody's"}""", 4404, "session_unknown" },
        { """{"type":"start","consent":true,"persona":"nobody"}""", 4404, "persona_unknown" },
        { """{"type":"start","consent":true,"transcriber":"no-such-model"}""", 4404, "model_unknown" },
        { """{"type":"end_of_speech"}""", 4409, "voice_out_of_order" },
        { """{"type":"interrupt"}""", 4409, "voice_out_of_order" },
        { """{"type":"sing"}""", 4422, "invalid_request" },
        { """{"type":"start","consent":"yes"}""", 4400, "malformed_request" },
        { "[1,2", 4400, "malformed_request" },
        { "null", 4422, "invalid_request" },
        { "", 4400, "malformed_request" },
    };

    [Theory, MemberData(nameof(BadStarts))]
    public async Task A_bad_first_message_is_told_and_ends_it(string message, int status, string code)
    {
        await using var voice = await ConnectAsync();
        await voice.SendTextAsync(message, Stop);
        await EndedAsync(voice, status, code);
    }

    [Fact]
    public async Task Sound_before_anybody_agreed_is_not_taken()
    {
        var before = server.Provider.Forms.Count;
        await using var voice = await ConnectAsync();
        await voice.SendAsync(new byte[640], Stop);
        await EndedAsync(voice, 4409, "voice_out_of_order");
        Assert.Equal(before, server.Provider.Forms.Count);
    }

    [Fact]
    public async Task Odd_bytes_and_ten_megabytes_end_it_with_their_code()
    {
        await using (var odd = await StartedAsync())
        {
            await odd.SendAsync(new byte[641], Stop);
            await odd.UntilClosedAsync(Stop);
            Assert.Equal((1007, "odd_bytes"), ((int)odd.CloseStatus!, odd.CloseReason));
        }
        await using var big = await StartedAsync();
        await big.SendAsync(new byte[10 << 20], Stop);
        await big.UntilClosedAsync(Stop);
        Assert.Equal((1009, "too_big"), ((int)big.CloseStatus!, big.CloseReason));
        await using var text = await StartedAsync();
        await text.SendTextAsync(new string(' ', 40_000), Stop);
        await text.UntilClosedAsync(Stop);
        Assert.Equal(1009, (int)text.CloseStatus!);
    }

    [Fact]
    public async Task A_frame_in_pieces_is_one_frame_and_an_empty_one_is_none()
    {
        server.Provider.Hears = VoiceServer.Question;
        await using var voice = await StartedAsync();
        await voice.SendAsync(Array.Empty<byte>(), Stop);
        // Odd pieces of an even whole.
        for (var i = 0; i < 8; i++) await voice.SendAsync(new byte[999], Stop, isWhole: i == 7);
        await voice.SendAsync(new { type = "end_of_speech" }, Stop);
        Assert.Equal(8 * 999 / 32_000.0, (double)(await voice.UntilAsync("transcript", Stop))["seconds"]!, 3);
    }

    [Fact]
    public async Task Five_messages_that_make_no_sense_are_told_and_the_sixth_is_not_waited_for()
    {
        await using var voice = await StartedAsync();
        foreach (var message in new[] { "{", """{"type":"end_of_speech"}""", """{"type":"interrupt","answer":"maybe"}""", """{"type":7}""" })
        {
            await voice.SendTextAsync(message, Stop);
            await voice.UntilAsync("error", Stop);
        }
        await voice.SendTextAsync("""{"type":"dance"}""", Stop);
        await EndedAsync(voice, 4422, "invalid_request");
    }

    [Fact]
    public async Task A_second_start_ends_it()
    {
        await using var voice = await StartedAsync();
        await voice.SendAsync(Start, Stop);
        await EndedAsync(voice, 4409, "voice_out_of_order");
    }

    [Fact]
    public async Task Sound_faster_than_twice_as_fast_as_it_is_spoken_waits_and_nothing_of_it_is_lost()
    {
        server.Provider.Hears = VoiceServer.Question;
        await using var voice = await StartedAsync();
        var from = System.Diagnostics.Stopwatch.GetTimestamp();
        await voice.SayAsync(new byte[9 * 32_000], Stop);
        await voice.SendAsync(new { type = "end_of_speech" }, Stop);
        var pressure = await voice.UntilAsync("pressure", Stop);
        Assert.True((double)pressure["wait_ms"]! > 0);
        var transcript = await voice.UntilAsync("transcript", Stop);
        Assert.Equal(9, (double)transcript["seconds"]!, 3);
        // Four seconds beyond the five that may come at once, at twice their speed.
        var took = System.Diagnostics.Stopwatch.GetElapsedTime(from);
        Assert.True(took >= TimeSpan.FromSeconds(1.9), $"It took only {took.TotalSeconds:0.00} s.");
        Assert.Single(voice.Frames, static frame => VoiceClient.Is(frame, "pressure"));
    }

    [Fact]
    public async Task Sound_over_an_answer_is_dropped_and_said_to_be()
    {
        server.Provider.Hears = VoiceServer.Question;
        await using var voice = await StartedAsync(new { type = "start", consent = true, transcriber = "whisper-large", speaker = "tts-large", voice = "nova" });
        await voice.SayAsync(new byte[32_000], Stop);
        await voice.SendAsync(new { type = "end_of_speech" }, Stop);
        await voice.SayAsync(new byte[6_400], Stop);
        var dropped = await voice.UntilAsync("error", Stop);
        Assert.Equal("voice_answering", (string?)dropped["problem"]!["code"]);
        await voice.UntilStateAsync("idle", Stop);
        await voice.SendAsync(new { type = "stop" }, Stop);
        await voice.UntilClosedAsync(Stop);
        Assert.Single(voice.Frames, static frame => VoiceClient.Is(frame, "error"));
        Assert.Equal(6_400, (long)(await server.EndedTrailAsync((string)voice.Frames[0]["voice_id"]!, Stop))[^1]["data"]!["dropped_bytes"]!);
    }

    [Fact]
    public async Task A_cut_connection_leaves_no_message_and_no_sound_and_its_end_is_written_down()
    {
        string id;
        await using (var voice = await StartedAsync())
        {
            id = (string)voice.Frames[0]["voice_id"]!;
            await voice.SayAsync(new byte[32_000], Stop);
            await voice.UntilStateAsync("hearing", Stop);
            voice.Cut();
        }
        var trail = await server.EndedTrailAsync(id, Stop);
        Assert.Equal(["somastack.voice.opened.v1", "somastack.voice.closed.v1"], trail.Select(static line => (string)line["type"]!));
        Assert.Equal(("gone", 1), ((string)trail[1]["data"]!["reason"]!, (int)trail[1]["data"]!["utterances"]!));
        var folder = Path.Combine(server.Soma.Data, "tmp", "audio");
        Assert.Empty(Directory.Exists(folder) ? Directory.GetFiles(folder) : []);
    }

    [Fact]
    public async Task Nobody_opens_it_without_the_right_to_or_a_third_time()
    {
        Assert.Equal("refused with 401", await RefusedAsync(null));
        Assert.Equal("refused with 401", await RefusedAsync("nonsense"));
        await server.Client.PutAsJsonAsync("/v1/users/mute", new { display_name = "Mute", capabilities = new[] { "session:start", "session:read" } }, Stop);
        using var mute = await server.Soma.ClientAsync("--principal", "mute");
        Assert.Equal("refused with 403", await RefusedAsync(mute.DefaultRequestHeaders.Authorization!.Parameter));
        await using var one = await StartedAsync();
        await using (await StartedAsync())
        {
            Assert.Equal("refused with 429", await RefusedAsync(server.Token));
        }
        using var plain = await server.Client.GetAsync("/v1/audio/stream", Stop);
        Assert.Equal(422, (int)plain.StatusCode);
    }

    [Fact]
    public async Task Who_loses_the_right_while_it_is_open_is_sent_away()
    {
        await server.Client.PutAsJsonAsync("/v1/users/guest", new { display_name = "Guest", capabilities = new[] { "session:start", "session:read", "inference:invoke" } }, Stop);
        using var guest = await server.Soma.ClientAsync("--principal", "guest");
        await using var voice = await VoiceClient.ConnectAsync(server.Soma.Url, guest.DefaultRequestHeaders.Authorization!.Parameter, Stop);
        await voice.SendAsync(Start, Stop);
        await voice.UntilAsync("ready", Stop);
        using var read = await server.Client.GetAsync("/v1/users/guest", Stop);
        using var change = new HttpRequestMessage(HttpMethod.Put, "/v1/users/guest") { Content = JsonContent.Create(new { display_name = "Guest", capabilities = new[] { "session:read" } }) };
        change.Headers.IfMatch.Add(read.Headers.ETag!);
        using var changed = await server.Client.SendAsync(change, Stop);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Stop));
        await EndedAsync(voice, 4401, "unauthenticated");
    }

    [Fact]
    public async Task A_kill_switch_ends_it_and_says_so()
    {
        await using var voice = await StartedAsync();
        using var thrown = await SecondPerson.PostAsync(server.Client, "/v1/killswitch", """{"engaged":true,"scope":"tenant","reason":"drill"}""", null);
        Assert.True(thrown.IsSuccessStatusCode, await thrown.Content.ReadAsStringAsync(Stop));
        try
        {
            await EndedAsync(voice, 4503, "kill_switch_engaged");
            Assert.Equal("refused with 503", await RefusedAsync(server.Token));
        }
        finally
        {
            using var bob = await SecondPerson.AddAsync(server.Soma, server.Client);
            await bob.ReleaseAsync(server.Client, "tenant", null);
        }
    }

    private Task<VoiceClient> ConnectAsync() => server.ConnectAsync(Stop);

    private Task<VoiceClient> StartedAsync(object? start = null) => server.StartedAsync(start ?? Start, Stop);

    private async Task<string> RefusedAsync(string? token) => (await Assert.ThrowsAsync<InvalidOperationException>(() => VoiceClient.ConnectAsync(server.Soma.Url, token, Stop))).Message;

    private static async Task EndedAsync(VoiceClient voice, int status, string code)
    {
        await voice.UntilClosedAsync(Stop);
        Assert.Equal((status, code), ((int)voice.CloseStatus!, voice.CloseReason));
        var told = voice.Frames.Last(static frame => VoiceClient.Is(frame, "error"))["problem"]!;
        Assert.Equal((code, status - 4000), ((string)told["code"]!, (int)told["status"]!));
        Assert.False(string.IsNullOrEmpty((string?)told["remedy"]));
    }
}
