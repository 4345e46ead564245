using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Client;

/// <summary>
/// Which constitution governs the caller's tenant. Answers are kept for <see cref="SomaClientOptions.ConstitutionCache"/>, then asked for by
/// their ETag, which is the hash: one that still governs is not sent again. A failed read is thrown, never answered with an old version.
/// </summary>
public sealed class ConstitutionClient
{
    private readonly Transport _transport;
    private readonly Kept<ConstitutionVersion> _version;
    private readonly Kept<Constitution> _whole;

    internal ConstitutionClient(Transport transport)
    {
        _transport = transport;
        _version = new Kept<ConstitutionVersion>(transport, "/v1/constitution/version", ClientJson.Default.ConstitutionVersion);
        _whole = new Kept<Constitution>(transport, "/v1/constitution", ClientJson.Default.Constitution);
    }

    /// <summary>With its document.</summary>
    public Task<Constitution> GetAsync(CancellationToken cancellationToken = default) => _whole.ReadAsync(cancellationToken);

    public Task<ConstitutionVersion> VersionAsync(CancellationToken cancellationToken = default) => _version.ReadAsync(cancellationToken);

    /// <summary>Of the active document, computed anew by the server.</summary>
    public Task<ConstitutionChecksum> ChecksumAsync(CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get("/v1/constitution/checksum"), ClientJson.Default.ConstitutionChecksum, cancellationToken);

    private sealed class Kept<T>(Transport transport, string path, JsonTypeInfo<T> shape) where T : class
    {
        private volatile Known? _known;

        public async Task<T> ReadAsync(CancellationToken cancellationToken)
        {
            var clock = transport.Options.Clock;
            var known = _known;
            if (known is not null && clock.GetElapsedTime(known.ReadAt) < transport.Options.ConstitutionCache) return known.Value;
            var changed = await transport.ChangedAsync(Call.Get(path) with { IfNoneMatch = known?.ETag }, shape, cancellationToken);
            var read = changed is { } answer ? new Known(answer.Value, answer.ETag, clock.GetTimestamp()) : known! with { ReadAt = clock.GetTimestamp() };
            _known = read;
            return read.Value;
        }

        private sealed record Known(T Value, string? ETag, long ReadAt);
    }
}
