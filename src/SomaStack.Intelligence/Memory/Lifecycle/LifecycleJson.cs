using System.Text.Json.Serialization;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ChangeMemory.PatchRequest))]
[JsonSerializable(typeof(ChangeMemory.RestoreRequest))]
[JsonSerializable(typeof(Page<History.VersionView>), TypeInfoPropertyName = "HistoryPage")]
[JsonSerializable(typeof(HoldMemory.Request), TypeInfoPropertyName = "HoldRequest")]
[JsonSerializable(typeof(HoldMemory.Response), TypeInfoPropertyName = "HoldResponse")]
[JsonSerializable(typeof(Forget.Request), TypeInfoPropertyName = "ForgetRequest")]
[JsonSerializable(typeof(Forget.Response), TypeInfoPropertyName = "ForgetResponse")]
[JsonSerializable(typeof(ErasureProof.Response), TypeInfoPropertyName = "ErasureResponse")]
[JsonSerializable(typeof(ImportMemories.Response), TypeInfoPropertyName = "ImportResponse")]
[JsonSerializable(typeof(LinkMemories.Request), TypeInfoPropertyName = "LinkRequest")]
[JsonSerializable(typeof(LinkMemories.Response), TypeInfoPropertyName = "LinkResponse")]
[JsonSerializable(typeof(Neighbours.Response), TypeInfoPropertyName = "NeighboursResponse")]
[JsonSerializable(typeof(Paths.Response), TypeInfoPropertyName = "PathResponse")]
internal sealed partial class LifecycleJson : JsonSerializerContext;
