namespace SomaStack.Client;

/// <summary>Which constitution governs the caller's tenant.</summary>
public sealed class ConstitutionClient
{
    private readonly Transport _transport;
    private volatile Known? _known;

    internal ConstitutionClient(Transport transport) => _transport = transport;

    /// <summary>Kept for <see cref="SomaClientOptions.ConstitutionCache"/>. A failed read is thrown, never answered with an old version.</summary>
    public async Task<ConstitutionVersion> VersionAsync(CancellationToken cancellationToken = default)
    {
        var clock = _transport.Options.Clock;
        if (_known is { } known && clock.GetElapsedTime(known.ReadAt) < _transport.Options.ConstitutionCache) return known.Version;
        var read = new Known(await _transport.JsonAsync(Call.Get("/v1/constitution/version"), ClientJson.Default.ConstitutionVersion, cancellationToken), clock.GetTimestamp());
        _known = read;
        return read.Version;
    }

    /// <summary>Of the active document, computed anew by the server.</summary>
    public Task<ConstitutionChecksum> ChecksumAsync(CancellationToken cancellationToken = default) =>
        _transport.JsonAsync(Call.Get("/v1/constitution/checksum"), ClientJson.Default.ConstitutionChecksum, cancellationToken);

    private sealed record Known(ConstitutionVersion Version, long ReadAt);
}
