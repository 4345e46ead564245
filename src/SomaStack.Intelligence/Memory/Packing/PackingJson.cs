using System.Text.Json.Serialization;

namespace SomaStack.Intelligence.Memory;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Retrieve.Request), TypeInfoPropertyName = "RetrieveRequest")]
[JsonSerializable(typeof(Retrieve.Response), TypeInfoPropertyName = "RetrieveResponse")]
[JsonSerializable(typeof(Retrieve.Note))]
internal sealed partial class PackingJson : JsonSerializerContext;
