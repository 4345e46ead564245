using System.Text.Json.Serialization;

namespace SomaStack.Platform;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Page<DeadLetter>))]
[JsonSerializable(typeof(DeadLettered))]
[JsonSerializable(typeof(Page<AuditEvent>))]
[JsonSerializable(typeof(Page<CheckpointView>))]
[JsonSerializable(typeof(InclusionView))]
[JsonSerializable(typeof(ConsistencyView))]
internal sealed partial class JournalJson : JsonSerializerContext;
