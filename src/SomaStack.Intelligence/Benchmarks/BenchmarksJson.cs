using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(RunRequested))]
[JsonSerializable(typeof(RunFinished))]
[JsonSerializable(typeof(ModelProfileScored))]
[JsonSerializable(typeof(PromotionSuggested))]
[JsonSerializable(typeof(PromotionDecided))]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(Page<ResultView>), TypeInfoPropertyName = "ResultPage")]
[JsonSerializable(typeof(CapsuleList))]
[JsonSerializable(typeof(ScoreList))]
[JsonSerializable(typeof(PromotionView))]
[JsonSerializable(typeof(Page<PromotionView>), TypeInfoPropertyName = "PromotionPage")]
internal sealed partial class BenchmarksJson : JsonSerializerContext;

/// <summary>Capsule files: a field that is not known is a slip of its writer and refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Capsule))]
internal sealed partial class CapsuleJson : JsonSerializerContext;
