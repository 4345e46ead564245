using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// The keys whose signatures count in a tenant: those that it pinned, those that the installation pinned, and those that an operator put as
/// <c>keys/tool-publishers/*.pub</c> (32 raw bytes in base64url, read at the start). At most two seconds old.
/// </summary>
internal sealed class Publishers
{
    private const int PinsMax = 1000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly TenantCache<Dictionary<string, Ed25519PublicKey>> _tenants;
    private readonly IReadOnlyList<Ed25519PublicKey> _files;

    public Publishers(AdapterStore store, SomaOptions options, TimeProvider clock)
    {
        _files = Read(Path.Combine(options.KeysDirectory, "tool-publishers"));
        _tenants = new(clock, Fresh, async tenant =>
        {
            var keys = _files.ToDictionary(static key => key.KeyId, StringComparer.Ordinal);
            foreach (var scope in new[] { Db.AllTenants, tenant })
                foreach (var row in await store.PublishersAsync(scope, "", PinsMax, CancellationToken.None)) keys[row.KeyId] = Ed25519PublicKey.Parse(row.PublicKey);
            return keys;
        });
    }

    public IReadOnlyList<Ed25519PublicKey> FromFiles => _files;

    /// <summary>Null when no such key is pinned.</summary>
    public async ValueTask<Ed25519PublicKey?> FindAsync(string tenant, string keyId, CancellationToken cancellationToken) =>
        (await _tenants.GetAsync(tenant, cancellationToken)).GetValueOrDefault(keyId);

    /// <param name="tenant">The installation's are every tenant's.</param>
    public void Changed(string tenant)
    {
        if (tenant == Db.AllTenants) _tenants.Clear();
        else _tenants.Invalidate(tenant);
    }

    /// <summary>Why the manifest may not be used under this mode now; null when it may.</summary>
    public async ValueTask<Problem?> FaultAsync(RequestContext context, ManifestSignature? signature, string digest, CancellationToken cancellationToken)
    {
        if (signature is null)
            return IsDeveloper(context.Mode) ? null : ToolProblems.ManifestUnsigned.Because($"Nobody signed it, and the deployment mode is {context.Mode.Name()}.");
        if (await FindAsync(context.Tenant, signature.KeyId, cancellationToken) is not { } key) return ToolProblems.ManifestUnsigned.Because($"The publisher key '{signature.KeyId}' is not pinned here.");
        return signature.Fits(key, digest) ? null : ToolProblems.SignatureInvalid.Because("The signature is not one of this key over this manifest.");
    }

    public static bool IsDeveloper(DeploymentMode mode) => mode is DeploymentMode.DeveloperLight or DeploymentMode.DeveloperFull;

    private static List<Ed25519PublicKey> Read(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.pub").Select(static file => Ed25519PublicKey.Parse(File.ReadAllText(file))).DistinctBy(static key => key.KeyId)] : [];
}
