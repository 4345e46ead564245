using System.Text.Json;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>At the first start: version 1 of the installation's constitution, signed with the installation's key.</summary>
internal sealed class StarterConstitution(Db db, Journal journal, ConstitutionStore store, PinnedKeys keys, SomaOptions options, TimeProvider clock)
{
    private const string Resource = "SomaStack.Governance.Constitution.starter-constitution.json";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        // A row that no longer verifies is left alone: replacing it would hide that somebody altered it.
        if (await store.HighestAsync(Db.AllTenants, cancellationToken) > 0) return;
        var version = Signed(clock.GetUtcNow().ToMicros().ToInstant());
        var context = RequestContext.ForSystem(Db.AllTenants, DeploymentMode.DeveloperLight) with { Region = options.Region };
        try
        {
            await db.WriteAsync(
                Db.AllTenants,
                async work =>
                {
                    if (await ConstitutionStore.HighestAsync(work, Db.AllTenants) > 0) return;
                    await ConstitutionStore.AddAsync(work, version);
                    await ConstitutionStore.ActivateAsync(work, version);
                    await journal.AppendAsync(
                        work, context, "constitution", version.Version, ConstitutionEvents.Updated,
                        new ConstitutionUpdated(version.Version, version.Hash, version.IssuedAt, [keys.Installation.KeyId]), ConstitutionJson.Default.ConstitutionUpdated);
                },
                cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            // Another replica that started with us was first.
        }
    }

    internal static string Text()
    {
        using var stream = typeof(StarterConstitution).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var document = JsonDocument.Parse(stream);
        return System.Text.Encoding.UTF8.GetString(CanonicalJson.Serialize(document.RootElement));
    }

    private ConstitutionVersion Signed(DateTimeOffset now)
    {
        var text = Text();
        var hash = ConstitutionSeal.Hash(text);
        var signature = Convert.ToBase64String(keys.Installation.Sign(ConstitutionSeal.Statement(Db.AllTenants, 1, now, hash)));
        return new ConstitutionVersion(
            Db.AllTenants, 1, text, hash, now, [new ConstitutionSignature(keys.Installation.KeyId, "ed25519", signature)], Principal.System.Id, now, now)
        {
            ActivatedBy = Principal.System.Id,
        };
    }
}
