using System.Text.Json.Serialization;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IndexRoutes.States), TypeInfoPropertyName = "IndexStates")]
[JsonSerializable(typeof(IndexRoutes.Comparisons), TypeInfoPropertyName = "IndexComparisons")]
internal sealed partial class IndexJson : JsonSerializerContext;
