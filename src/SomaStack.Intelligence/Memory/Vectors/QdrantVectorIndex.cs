using System.Net;
using System.Net.Http.Json;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Vectors in Qdrant over REST (its query API, version 1.10 and later): one collection for each embedding model, which is made when it is first
/// needed. Every call but the making of the collection carries tenant and namespace in its filter.
/// </summary>
/// <param name="model">The embedding model: letters, digits, '.', '_' and '-'.</param>
/// <param name="http">From <see cref="Client"/>, so that the address guard stands before every call.</param>
internal sealed class QdrantVectorIndex(Uri address, string? key, string model, int dimensions, HttpClient http) : IVectorIndex, IDisposable
{
    /// <summary>A point of 512 numbers is about 6 kB of JSON; Qdrant takes 32 MB a request by default.</summary>
    private const int PointsPerCall = 256;

    /// <summary>How many more are asked for when a filter of this program let too few pass.</summary>
    private const int Wider = 4;

    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(30), 64 << 20, Redirects: 0);

    private readonly SemaphoreSlim _making = new(1);
    private readonly string _collection = "collections/" + Collection(model);
    private volatile bool _made;

    public string Name => "qdrant";

    public int Dimensions => dimensions;

    public static HttpClient Client(Uri address) => OutgoingHttp.Create(Limits, address);

    public async Task PutAsync(VectorSpace space, IReadOnlyList<VectorItem> items, CancellationToken cancellationToken)
    {
        var points = new QdrantPoint[items.Count];
        for (var i = 0; i < points.Length; i++)
            points[i] = new QdrantPoint(PointId(space, items[i].Id), Unit(items[i].Vector.Span), new QdrantPayload(space.Tenant, space.Namespace, items[i].Id));
        await MakeAsync(cancellationToken);
        foreach (var some in points.Chunk(PointsPerCall))
            await SendAsync(HttpMethod.Put, "/points?wait=true", new QdrantUpsert(some), QdrantJson.Default.QdrantUpsert, cancellationToken);
    }

    public async Task RemoveAsync(VectorSpace space, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await MakeAsync(cancellationToken);
        foreach (var some in ids.Select(id => PointId(space, id)).Chunk(PointsPerCall))
            await SendAsync(HttpMethod.Post, "/points/delete?wait=true", new QdrantDelete(Within(space, new QdrantCondition(HasId: some))), QdrantJson.Default.QdrantDelete, cancellationToken);
    }

    public async Task<IReadOnlyList<VectorHit>> SearchAsync(VectorSpace space, VectorQuestion question, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(question.Limit, 1);
        var unit = Unit(question.Vector.Span);
        await MakeAsync(cancellationToken);
        // The filter is this program's own, so what it lets pass is asked for in wider and wider circles until there are enough or no more.
        for (var limit = question.Limit; ; limit = checked(limit * Wider))
        {
            var query = new QdrantQuery(unit, Within(space), limit, new QdrantSearchParams(Math.Max(question.Width, limit)), ["id"]);
            using var response = await SendAsync(HttpMethod.Post, "/points/query", query, QdrantJson.Default.QdrantQuery, cancellationToken);
            var found = (await ReadAsync(response, QdrantJson.Default.QdrantAnswerQdrantFoundPoints, cancellationToken)).Points ?? throw Failed("It named no points.");
            var hits = new List<VectorHit>();
            foreach (var point in found)
            {
                var id = point.Payload?.Id ?? throw Failed("A point has no id of ours.");
                if (question.Filter is null || question.Filter(id)) hits.Add(new VectorHit(id, point.Score));
            }
            if (hits.Count < question.Limit && found.Count >= limit) continue;
            hits.Sort(static (a, b) => a.Cosine != b.Cosine ? b.Cosine.CompareTo(a.Cosine) : string.CompareOrdinal(a.Id, b.Id));
            if (hits.Count > question.Limit) hits.RemoveRange(question.Limit, hits.Count - question.Limit);
            return hits;
        }
    }

    public async Task<long> CountAsync(VectorSpace space, CancellationToken cancellationToken)
    {
        await MakeAsync(cancellationToken);
        using var response = await SendAsync(HttpMethod.Post, "/points/count", new QdrantCountQuery(Within(space), Exact: true), QdrantJson.Default.QdrantCountQuery, cancellationToken);
        return (await ReadAsync(response, QdrantJson.Default.QdrantAnswerQdrantCount, cancellationToken)).Count;
    }

    public void Dispose()
    {
        _making.Dispose();
        http.Dispose();
    }

    /// <summary>The same point for the same id for ever, and another for the same id elsewhere (UUID version 8 from SHA-256).</summary>
    internal static Guid PointId(VectorSpace space, string id)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{space.Tenant.Length}:{space.Tenant}|{space.Namespace.Length}:{space.Namespace}|{id}"));
        hash[6] = (byte)(hash[6] & 0x0F | 0x80);
        hash[8] = (byte)(hash[8] & 0x3F | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    private static QdrantFilter Within(VectorSpace space, params ReadOnlySpan<QdrantCondition> more) =>
        new([new QdrantCondition("tenant", new QdrantMatch(space.Tenant)), new QdrantCondition("namespace", new QdrantMatch(space.Namespace)), .. more]);

    private static string Collection(string model) =>
        model.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && model.Length is > 0 and <= 100
            ? "soma-" + model
            : throw new ArgumentException($"'{model}' cannot name a collection.", nameof(model));

    private static Problem Failed(string detail) => VectorProblems.Failed.Because("The answer of the vector index is not understood. " + detail);

    private float[] Unit(ReadOnlySpan<float> vector)
    {
        VectorProblems.Check(vector, dimensions);
        var unit = new float[vector.Length];
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), unit);
        return unit;
    }

    /// <summary>The collection and the indexes of its two fields, once; another process may make them at the same time.</summary>
    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (_made) return;
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (_made) return;
            if (await SizeAsync(cancellationToken) is not { } size)
            {
                var wanted = new QdrantNewCollection(new QdrantVectors(dimensions, "Cosine"));
                using var made = await CallAsync(HttpMethod.Put, "", JsonContent.Create(wanted, QdrantJson.Default.QdrantNewCollection), cancellationToken);
                if (!made.IsSuccessStatusCode && made.StatusCode != HttpStatusCode.Conflict) throw Refused(made.StatusCode);
                foreach (var field in (string[])["tenant", "namespace"])
                    await SendAsync(HttpMethod.Put, "/index?wait=true", new QdrantNewIndex(field, "keyword"), QdrantJson.Default.QdrantNewIndex, cancellationToken);
                size = await SizeAsync(cancellationToken) ?? throw Failed("The collection is not there after it was made.");
            }
            VectorProblems.CheckLength(dimensions, size);
            _made = true;
        }
        finally
        {
            _making.Release();
        }
    }

    private async Task<int?> SizeAsync(CancellationToken cancellationToken)
    {
        using var response = await CallAsync(HttpMethod.Get, "", null, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        if (!response.IsSuccessStatusCode) throw Refused(response.StatusCode);
        var collection = await ReadAsync(response, QdrantJson.Default.QdrantAnswerQdrantCollection, cancellationToken);
        return collection.Config?.Params?.Vectors?.Size ?? throw Failed("The collection does not say how long its vectors are.");
    }

    private async Task<HttpResponseMessage> SendAsync<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var response = await CallAsync(method, path, JsonContent.Create(body, type), cancellationToken);
        if (response.IsSuccessStatusCode) return response;
        // Somebody removed the collection: the next call makes it again.
        if (response.StatusCode == HttpStatusCode.NotFound) _made = false;
        response.Dispose();
        throw Refused(response.StatusCode);
    }

    private async Task<HttpResponseMessage> CallAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, _collection + path)) { Content = body };
        if (key is not null) request.Headers.Add("api-key", key);
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw exception.InnerException as Problem ?? VectorProblems.Unreachable.Because("The vector index does not answer.", exception);
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<QdrantAnswer<T>> type, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await response.Content.ReadFromJsonAsync(type, cancellationToken);
            return answer is { Result: { } result } ? result : throw Failed("It holds no result.");
        }
        catch (Exception exception) when (exception is JsonException or HttpRequestException or IOException)
        {
            throw exception.InnerException as Problem ?? VectorProblems.Failed.Because("The answer of the vector index cannot be read.", exception);
        }
    }

    private static Problem Refused(HttpStatusCode status) => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
        ? VectorProblems.Failed.Because("The vector index does not take the key of this server.")
        : VectorProblems.Failed.Because($"The vector index answered {(int)status}.");
}
