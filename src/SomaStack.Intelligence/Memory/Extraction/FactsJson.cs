using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FactsExtracted))]
[JsonSerializable(typeof(ReadFacts.MemoryFacts))]
[JsonSerializable(typeof(Page<KnownFact>), TypeInfoPropertyName = "FactPage")]
internal sealed partial class FactsJson : JsonSerializerContext;
