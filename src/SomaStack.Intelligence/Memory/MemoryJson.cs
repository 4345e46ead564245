using System.Text.Json.Serialization;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(Remembered))]
[JsonSerializable(typeof(Forgotten))]
[JsonSerializable(typeof(Superseded))]
[JsonSerializable(typeof(MemoryChanged))]
[JsonSerializable(typeof(MemoryLinked))]
[JsonSerializable(typeof(MemoryUnlinked))]
[JsonSerializable(typeof(RememberRequest))]
[JsonSerializable(typeof(RememberBatchRequest))]
[JsonSerializable(typeof(RememberResponse))]
[JsonSerializable(typeof(RememberBatchResponse))]
[JsonSerializable(typeof(Recall.Request), TypeInfoPropertyName = "RecallRequest")]
[JsonSerializable(typeof(Recall.Response), TypeInfoPropertyName = "RecallResponse")]
[JsonSerializable(typeof(ReadMemory.MemoryView))]
[JsonSerializable(typeof(Page<ReadMemory.MemoryView>), TypeInfoPropertyName = "MemoryPage")]
internal sealed partial class MemoryJson : JsonSerializerContext;
