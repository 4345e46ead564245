using System.ClientModel;
using OpenAI;
using OpenAI.Audio;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The official OpenAI SDK speaks through flite and hears through pocketsphinx, and gets our refusals as its own errors.</summary>
public sealed class AudioSdkTests(AudioTests.House house) : IClassFixture<AudioTests.House>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_speaks_and_hears_offline()
    {
        AudioTests.NeedThePair();
        var spoken = (await Client("flite").GenerateSpeechAsync("Every morning the baker brings fresh bread to the school.", new GeneratedSpeechVoice("slt"),
            new SpeechGenerationOptions { ResponseFormat = GeneratedSpeechFormat.Wav }, Stop)).Value;
        using var stream = spoken.ToStream();
        var heard = (await Client("pocketsphinx").TranscribeAudioAsync(stream, "bread.wav", new AudioTranscriptionOptions { ResponseFormat = AudioTranscriptionFormat.Verbose }, Stop)).Value;
        Assert.Contains("bread", heard.Text, StringComparison.Ordinal);
        Assert.InRange(heard.Duration!.Value.TotalSeconds, 2, 6);
    }

    [Fact]
    public async Task It_hears_through_a_provider_and_reads_our_refusals()
    {
        using var silence = new MemoryStream(new byte[100]);
        Assert.Equal("hello there", (await Client("whisper-large").TranscribeAudioAsync(silence, "a.mp3", new AudioTranscriptionOptions { Language = "en" }, Stop)).Value.Text);
        using var again = new MemoryStream(new byte[100]);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Client("no-such").TranscribeAudioAsync(again, "a.mp3", null, Stop));
        Assert.Equal(404, refused.Status);
        Assert.Contains("no-such", refused.Message, StringComparison.Ordinal);
    }

    private AudioClient Client(string model) => new OpenAIClient(
        new ApiKeyCredential(house.Client.DefaultRequestHeaders.Authorization!.Parameter!), new OpenAIClientOptions { Endpoint = new Uri(house.Soma.Url, "/v1") }).GetAudioClient(model);
}
