using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>A P-256 key that verifies tokens, and signs when this replica has its private half.</summary>
/// <param name="Kid">RFC 7638 thumbprint of the public key.</param>
internal sealed record SigningKey(string Kid, ECDsaSecurityKey SecurityKey, bool CanSign, DateTimeOffset? RetiredAt);

/// <summary>
/// The keys that sign and verify access tokens. Public halves live in the database, where every replica sees them; private halves are
/// files in <c>keys/</c> (PKCS#8 PEM, mode 0600) of the replica that made them. A retired key signs nothing more and verifies until the
/// last token that it may have signed has expired.
/// </summary>
internal sealed class Keyring(IdentityStore store, Db db, SomaOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>How long another replica's rotation may stay unseen.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);

    /// <summary>How long a retired key still verifies: the longest token, and a minute for replicas that have not seen yet that it was retired.</summary>
    private static readonly TimeSpan Overlap = AccessTokens.MaximumLifetime + TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _loading = new(1);
    private readonly KeySearch _search = new(clock);
    private volatile Loaded? _loaded;

    private sealed record Loaded(string Issuer, IReadOnlyDictionary<string, SigningKey> Keys, SigningKey? Signer, DateTimeOffset At);

    /// <summary>Names this installation in every token it issues.</summary>
    public string Issuer => (_loaded ?? throw new InvalidOperationException("The keyring is not loaded.")).Issuer;

    public void Dispose() => _loading.Dispose();

    /// <summary>Loads what is there; makes the first key when this replica has none that signs.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(DateTimeOffset.MaxValue, cancellationToken);
        if (_loaded!.Signer is null) await AddAsync(static (_, _) => Task.CompletedTask, cancellationToken);
    }

    public async ValueTask<SigningKey> SignerAsync(CancellationToken cancellationToken)
    {
        var loaded = await FreshAsync(Freshness, cancellationToken);
        if (loaded.Signer is { } signer) return signer;
        await AddAsync(static (_, _) => Task.CompletedTask, cancellationToken);
        return _loaded!.Signer!;
    }

    public async ValueTask<SigningKey?> FindAsync(string kid, CancellationToken cancellationToken)
    {
        var loaded = await FreshAsync(Freshness, cancellationToken);
        // It may be a new one of another replica: look at once, but only so often, or strangers could make us look for ever.
        if (!loaded.Keys.TryGetValue(kid, out var key) && _search.MayLook()) (await FreshAsync(TimeSpan.Zero, cancellationToken)).Keys.TryGetValue(kid, out key);
        return key is null || Spent(key.RetiredAt) ? null : key;
    }

    /// <summary>Everything that verifies now, for the published key set.</summary>
    public async ValueTask<IReadOnlyCollection<SigningKey>> PublishedAsync(CancellationToken cancellationToken) =>
        [.. (await FreshAsync(Freshness, cancellationToken)).Keys.Values.Where(key => !Spent(key.RetiredAt)).OrderBy(key => key.Kid, StringComparer.Ordinal)];

    /// <summary>When the oldest key that still signs somewhere was made; null while there is none.</summary>
    public async Task<DateTimeOffset?> OldestAsync(CancellationToken cancellationToken)
    {
        var rows = await store.SigningKeysAsync(clock.GetUtcNow().ToMicros(), cancellationToken);
        return rows.FindLast(static row => row.RetiredAt is null)?.CreatedAt;
    }

    /// <summary>Makes a new key and runs <paramref name="alongside"/> in the transaction that publishes it.</summary>
    public async Task<string> AddAsync(Func<DbWork, string, Task> alongside, CancellationToken cancellationToken)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = Thumbprint(pair);
        // The private half first: a crash in between leaves a file that nothing refers to, never a key that nobody can use.
        WritePrivate(kid, pair.ExportPkcs8PrivateKeyPem());
        var row = new SigningKeyRow(kid, pair.ExportSubjectPublicKeyInfo(), clock.GetUtcNow(), null);
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            await IdentityStore.AddSigningKeyAsync(work, row);
            await alongside(work, kid);
        }, cancellationToken);
        await LoadAsync(DateTimeOffset.MaxValue, cancellationToken);
        return kid;
    }

    private async ValueTask<Loaded> FreshAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        var oldest = clock.GetUtcNow() - age;
        if (_loaded is { } loaded && loaded.At >= oldest) return loaded;
        await LoadAsync(oldest, cancellationToken);
        return _loaded!;
    }

    private async Task LoadAsync(DateTimeOffset unlessAfter, CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            if (_loaded is { } known && known.At >= unlessAfter) return;
            var now = clock.GetUtcNow();
            var issuer = _loaded?.Issuer ?? await store.IssuerAsync(SharedKeys.Issuer(options, "urn:soma:" + Ids.New(clock)), now.ToMicros(), cancellationToken);
            var rows = await store.SigningKeysAsync((now - Overlap).ToMicros(), cancellationToken);
            if (await SharedKeys.AdoptAsync(options, store, rows, cancellationToken)) rows = await store.SigningKeysAsync((now - Overlap).ToMicros(), cancellationToken);
            var keys = new Dictionary<string, SigningKey>(StringComparer.Ordinal);
            foreach (var row in rows) keys.Add(row.Kid, Open(row));
            var newest = rows.Find(row => row.RetiredAt is null && keys[row.Kid].CanSign);
            _loaded = new Loaded(issuer, keys, newest is null ? null : keys[newest.Kid], now);
        }
        finally
        {
            _loading.Release();
        }
    }

    private SigningKey Open(SigningKeyRow row)
    {
        if (_loaded is { } loaded && loaded.Keys.TryGetValue(row.Kid, out var open)) return open with { RetiredAt = row.RetiredAt };
        var key = ECDsa.Create();
        var path = PathOf(row.Kid);
        var canSign = File.Exists(path);
        if (canSign) key.ImportFromPem(File.ReadAllText(path));
        else key.ImportSubjectPublicKeyInfo(row.PublicKey, out _);
        return new SigningKey(row.Kid, new ECDsaSecurityKey(key) { KeyId = row.Kid }, canSign, row.RetiredAt);
    }

    private void WritePrivate(string kid, string pem)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            // The profile folder's access list protects it there; modes do not exist.
            Directory.CreateDirectory(options.KeysDirectory);
        }
        else
        {
            Directory.CreateDirectory(options.KeysDirectory, owner | UnixFileMode.UserExecute);
            creation.UnixCreateMode = owner;
        }
        var final = PathOf(kid);
        using (var file = new FileStream(final + ".new", creation))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(pem));
            file.Flush(flushToDisk: true);
        }
        File.Move(final + ".new", final);
    }

    private bool Spent(DateTimeOffset? retiredAt) => retiredAt is { } at && clock.GetUtcNow() - at > Overlap;

    private string PathOf(string kid) => Path.Combine(options.KeysDirectory, $"token-{kid}.pem");

    private static string Thumbprint(ECDsa pair)
    {
        using var publicOnly = ECDsa.Create(pair.ExportParameters(includePrivateParameters: false));
        return Base64UrlEncoder.Encode(new ECDsaSecurityKey(publicOnly).ComputeJwkThumbprint());
    }
}
