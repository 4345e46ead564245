using System.Text.Json.Serialization;
using SomaStack.Agents.Voice.Contracts;

namespace SomaStack.Agents.Voice;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClientFrame), TypeInfoPropertyName = "VoiceClientFrame")]
[JsonSerializable(typeof(ReadyFrame))]
[JsonSerializable(typeof(StateFrame))]
[JsonSerializable(typeof(TranscriptFrame))]
[JsonSerializable(typeof(SpeechFrame))]
[JsonSerializable(typeof(SpeechEndFrame))]
[JsonSerializable(typeof(PressureFrame))]
[JsonSerializable(typeof(ErrorFrame))]
[JsonSerializable(typeof(VoiceOpened))]
[JsonSerializable(typeof(VoiceHeard))]
[JsonSerializable(typeof(VoiceSpoken))]
[JsonSerializable(typeof(VoiceClosed))]
internal sealed partial class VoiceJson : JsonSerializerContext;
