using Microsoft.Extensions.DependencyInjection;
using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>The wiring of the room. It has no tables: what lasts of a voice is in the journal, the conversation is a session's.</summary>
public static class VoiceModule
{
    public static readonly Room Room = new("Voice", typeof(VoiceModule).Assembly)
    {
        Problems = VoiceProblems.All,
        Metrics = VoiceMetrics.All,
        Json = VoiceJson.Default,
        Add = static (services, _) => services.AddSingleton<VoiceSeats>().AddSingleton<OpenVoice>(),
        Map = OpenVoice.Map,
    };
}
