using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests.Voice;

/// <summary>One server for the room's tests, and sentences that its own voice has spoken.</summary>
public sealed class VoiceServer : IAsyncLifetime
{
    /// <summary>flite says it with its voice slt; pocketsphinx hears most of it.</summary>
    public const string Question = "What time does the train to the city leave in the morning?";

    public static readonly bool HasThePair =
        File.Exists("/usr/bin/flite") && File.Exists("/usr/bin/pocketsphinx_continuous") && Directory.Exists("/usr/share/pocketsphinx/model/en-us/en-us");

    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Hears in any recording what a test tells it.</summary>
    internal AudioProvider Provider { get; private set; } = null!;

    public string Token => Client.DefaultRequestHeaders.Authorization!.Parameter!;

    /// <summary>The question as PCM of 16 kHz; empty without the pair.</summary>
    public byte[] Spoken { get; private set; } = [];

    public static void NeedThePair()
    {
        if (!HasThePair) Assert.Skip("The Debian packages flite, pocketsphinx and pocketsphinx-en-us are not installed.");
    }

    public async ValueTask InitializeAsync()
    {
        Provider = await AudioProvider.StartAsync();
        Soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = Provider.Url });
        Client = await Soma.ClientAsync();
        var remembered = await Client.PostAsJsonAsync("/v1/remember", new
        {
            text = "In the morning the train to the city leaves at seven. Mira Osei sells the tickets for the morning train to the city. The train to the city leaves the old harbor every hour.",
            kind = "document",
            source = "docs/train.md",
            line = 12,
        });
        Assert.True(remembered.IsSuccessStatusCode, await remembered.Content.ReadAsStringAsync());
        if (HasThePair) Spoken = await SayAsync(Question);
    }

    /// <summary>A voice that has begun. A seat that the test before it left comes free when the server has noticed, so a 429 is tried again.</summary>
    internal async Task<VoiceClient> StartedAsync(object start, CancellationToken cancellationToken)
    {
        var voice = await ConnectAsync(cancellationToken);
        await voice.SendAsync(start, cancellationToken);
        await voice.UntilAsync("ready", cancellationToken);
        await voice.UntilStateAsync("idle", cancellationToken);
        return voice;
    }

    internal async Task<VoiceClient> ConnectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await VoiceClient.ConnectAsync(Soma.Url, Token, cancellationToken);
            }
            catch (InvalidOperationException refused) when (refused.Message == "refused with 429")
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>What the server's own voice says, without the head of the WAV file.</summary>
    public async Task<byte[]> SayAsync(string text)
    {
        var spoken = await Client.PostAsJsonAsync("/v1/audio/speech", new { model = "flite", input = text, voice = "slt", response_format = "wav" });
        Assert.True(spoken.IsSuccessStatusCode, await spoken.Content.ReadAsStringAsync());
        return (await spoken.Content.ReadAsByteArrayAsync())[44..];
    }

    /// <summary>All lines that concern it, oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> LinesAsync(Func<JsonNode, bool> wanted, CancellationToken cancellationToken)
    {
        var (found, after) = (new List<JsonNode>(), "");
        while (true)
        {
            var page = JsonNode.Parse(await Client.GetStringAsync($"/v1/audit/events?limit=200{after}", cancellationToken))!;
            var lines = page["data"]!.AsArray();
            found.AddRange(lines.Where(line => wanted(line!)).Select(static line => line!));
            if (lines.Count < 200) return found;
            after = "&after=" + Uri.EscapeDataString((string)page["next_cursor"]!);
        }
    }

    /// <summary>The line that it has ended comes after the farewell.</summary>
    public async Task<IReadOnlyList<JsonNode>> EndedTrailAsync(string voice, CancellationToken cancellationToken)
    {
        while (true)
        {
            var trail = await TrailAsync(voice, cancellationToken);
            if (trail.Count > 0 && (string?)trail[^1]["type"] == "somastack.voice.closed.v1") return trail;
        }
    }

    public Task<IReadOnlyList<JsonNode>> TrailAsync(string voice, CancellationToken cancellationToken) => LinesAsync(line => (string?)line["subject"] == "voice/" + voice, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Soma is not null) await Soma.DisposeAsync();
        if (Provider is not null) await Provider.DisposeAsync();
    }
}
