using System.Text.Json.Serialization;

namespace SomaStack.Intelligence.Memory;

/// <summary>What goes to Qdrant and comes back, by its REST reference (api.qdrant.tech); the parts that are used.</summary>
internal sealed record QdrantAnswer<T>(T? Result);

internal sealed record QdrantCollection(QdrantConfig? Config);

internal sealed record QdrantConfig(QdrantParams? Params);

internal sealed record QdrantParams(QdrantVectors? Vectors);

internal sealed record QdrantVectors(int Size, string Distance);

internal sealed record QdrantNewCollection(QdrantVectors Vectors);

internal sealed record QdrantNewIndex(string FieldName, string FieldSchema);

internal sealed record QdrantPayload(string? Tenant, string? Namespace, string? Id);

internal sealed record QdrantPoint(Guid Id, float[] Vector, QdrantPayload Payload);

internal sealed record QdrantUpsert(IReadOnlyList<QdrantPoint> Points);

internal sealed record QdrantMatch(string Value);

/// <summary>Either a payload field with its value, or a list of point ids.</summary>
internal sealed record QdrantCondition(string? Key = null, QdrantMatch? Match = null, IReadOnlyList<Guid>? HasId = null);

internal sealed record QdrantFilter(IReadOnlyList<QdrantCondition> Must);

internal sealed record QdrantDelete(QdrantFilter Filter);

internal sealed record QdrantSearchParams(int HnswEf);

internal sealed record QdrantQuery(float[] Query, QdrantFilter Filter, int Limit, QdrantSearchParams Params, IReadOnlyList<string> WithPayload);

internal sealed record QdrantFound(double Score, QdrantPayload? Payload);

internal sealed record QdrantFoundPoints(IReadOnlyList<QdrantFound>? Points);

internal sealed record QdrantCountQuery(QdrantFilter Filter, bool Exact);

internal sealed record QdrantCount(long Count);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(QdrantNewCollection))]
[JsonSerializable(typeof(QdrantNewIndex))]
[JsonSerializable(typeof(QdrantUpsert))]
[JsonSerializable(typeof(QdrantDelete))]
[JsonSerializable(typeof(QdrantQuery))]
[JsonSerializable(typeof(QdrantCountQuery))]
[JsonSerializable(typeof(QdrantAnswer<QdrantCollection>))]
[JsonSerializable(typeof(QdrantAnswer<QdrantFoundPoints>))]
[JsonSerializable(typeof(QdrantAnswer<QdrantCount>))]
internal sealed partial class QdrantJson : JsonSerializerContext;
