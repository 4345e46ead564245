using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Governance.Policy;

/// <summary>
/// Digests of texts that passed unchanged, with the labels that they were given, so that a conversation which is sent anew with each of its
/// turns is not read anew. Tenant, stage and policy version are in the digest. Two generations bound size and age: what is not met for
/// one to two spans is forgotten.
/// </summary>
internal sealed class PassedTexts(TimeProvider clock)
{
    public const int GenerationMax = 8192;
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private Generation _young = new(clock.GetTimestamp());
    private Generation? _old;

    /// <summary>SHA-256 over tenant, policy version, stage and text, each after what ends the one before.</summary>
    public static UInt128 KeyOf(string tenant, long version, ModerationStage stage, string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes($"{tenant}\n{version}\n{(int)stage}\n".AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
        hash.GetHashAndReset(digest);
        return MemoryMarshal.Read<UInt128>(digest);
    }

    /// <returns>Null when it must be read.</returns>
    public ModerationResult? Find(UInt128 key)
    {
        var (young, old) = Generations();
        if (young.Texts.TryGetValue(key, out var result)) return result;
        if (old?.Texts.TryGetValue(key, out result) != true) return null;
        Add(key, result!);
        return result;
    }

    public void Add(UInt128 key, ModerationResult result) => Generations().Young.Texts[key] = result;

    private (Generation Young, Generation? Old) Generations()
    {
        lock (_lock)
        {
            var age = clock.GetElapsedTime(_young.Begun);
            if (_young.Texts.Count >= GenerationMax || age >= Span)
            {
                // After a silence of two spans nothing of it is young enough.
                _old = age >= Span * 2 ? null : _young;
                _young = new Generation(clock.GetTimestamp());
            }
            return (_young, _old);
        }
    }

    private sealed class Generation(long begun)
    {
        public long Begun => begun;

        public ConcurrentDictionary<UInt128, ModerationResult> Texts { get; } = new();
    }
}
