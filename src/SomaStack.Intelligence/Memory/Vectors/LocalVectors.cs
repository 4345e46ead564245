using System.Collections.Concurrent;
using System.Numerics.Tensors;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>Vectors in this process: an <see cref="Hnsw"/> for each space, which readers share and a writer has alone.</summary>
internal sealed class LocalVectors(int dimensions, HnswOptions? options = null) : IVectorIndex, IDisposable
{
    private readonly HnswOptions _options = options ?? HnswOptions.Default;
    private readonly ConcurrentDictionary<VectorSpace, Space> _spaces = new();

    public string Name => "in_process";

    public int Dimensions => dimensions;

    public Task PutAsync(VectorSpace space, IReadOnlyList<VectorItem> items, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var encoded = new byte[items.Count][];
        for (var i = 0; i < encoded.Length; i++) encoded[i] = Quantised.Encode(Unit(items[i].Vector.Span));
        var held = _spaces.GetOrAdd(space, static (_, index) => new Space(index.Dimensions, index._options), this);
        held.Put(items, encoded);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(VectorSpace space, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_spaces.TryGetValue(space, out var held)) held.Remove(ids);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<VectorHit>> SearchAsync(VectorSpace space, VectorQuestion question, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(question.Limit, 1);
        var unit = Unit(question.Vector.Span);
        return Task.FromResult<IReadOnlyList<VectorHit>>(_spaces.TryGetValue(space, out var held) ? held.Search(unit, question, cancellationToken) : []);
    }

    public Task<long> CountAsync(VectorSpace space, CancellationToken cancellationToken) =>
        Task.FromResult(_spaces.TryGetValue(space, out var held) ? held.Count : 0L);

    public void Dispose()
    {
        foreach (var held in _spaces.Values) held.Dispose();
    }

    private float[] Unit(ReadOnlySpan<float> vector)
    {
        VectorProblems.Check(vector, dimensions);
        var unit = new float[vector.Length];
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm(vector), unit);
        return unit;
    }

    private sealed class Space(int dimensions, HnswOptions options) : IDisposable
    {
        /// <summary>Linking begins before the graph is used, two for each vector that comes: so no single write pays for all.</summary>
        private const int LinkedForEach = 2;

        private readonly ReaderWriterLockSlim _lock = new();
        private readonly Hnsw _index = new(dimensions, options);
        private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
        private readonly Stack<int> _free = new();
        private readonly List<string?> _ids = [];

        public long Count => _index.Count;

        public void Put(IReadOnlyList<VectorItem> items, byte[][] encoded)
        {
            _lock.EnterWriteLock();
            try
            {
                for (var i = 0; i < encoded.Length; i++) _index.Add(KeyOf(items[i].Id), encoded[i]);
                if (_index.Count >= options.ExactBelow / LinkedForEach) _index.Link(LinkedForEach * encoded.Length);
            }
            finally
            {
                _lock.ExitWriteLock();
            }
        }

        public void Remove(IReadOnlyList<string> ids)
        {
            _lock.EnterWriteLock();
            try
            {
                foreach (var id in ids)
                {
                    if (!_keys.Remove(id, out var key)) continue;
                    _index.Remove(key);
                    _ids[key] = null;
                    _free.Push(key);
                }
            }
            finally
            {
                _lock.ExitWriteLock();
            }
        }

        public VectorHit[] Search(float[] query, VectorQuestion question, CancellationToken cancellationToken)
        {
            _lock.EnterReadLock();
            try
            {
                Func<int, bool>? filter = question.Filter is { } passes ? key => passes(_ids[key]!) : null;
                // One more than asked: when it equals the last, ids decide which of the equals come in, so all of them are needed.
                for (var ask = question.Limit + 1; ; ask = Math.Min(2 * ask, _index.Count + 1))
                {
                    var matches = new VectorMatch[ask];
                    var count = _index.Search(query, Math.Max(question.Width, ask), matches, filter, cancellationToken);
                    if (count == ask && ask <= _index.Count && matches[ask - 1].Cosine == matches[question.Limit - 1].Cosine) continue;
                    var hits = new VectorHit[count];
                    for (var i = 0; i < count; i++) hits[i] = new VectorHit(_ids[matches[i].Key]!, matches[i].Cosine);
                    Array.Sort(hits, static (a, b) => a.Cosine != b.Cosine ? b.Cosine.CompareTo(a.Cosine) : string.CompareOrdinal(a.Id, b.Id));
                    return hits.Length <= question.Limit ? hits : hits[..question.Limit];
                }
            }
            finally
            {
                _lock.ExitReadLock();
            }
        }

        public void Dispose() => _lock.Dispose();

        private int KeyOf(string id)
        {
            if (_keys.TryGetValue(id, out var key)) return key;
            if (!_free.TryPop(out key))
            {
                key = _ids.Count;
                _ids.Add(null);
            }
            _ids[key] = id;
            _keys.Add(id, key);
            return key;
        }
    }
}
