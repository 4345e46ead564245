using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>
/// Compiled policies by tenant. A tenant without a policy of its own is governed by the installation's, which is compiled once for
/// all of them. A change made here counts at once, one made by another replica within ten seconds.
/// </summary>
internal sealed partial class PoliciesInForce
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    private readonly PolicyStore _store;
    private readonly ILogger<PoliciesInForce> _logger;
    private readonly TenantCache<PolicyInForce> _own;
    private readonly TenantCache<PolicyInForce> _installed;

    public PoliciesInForce(PolicyStore store, TimeProvider clock, ILogger<PoliciesInForce> logger)
    {
        (_store, _logger) = (store, logger);
        _own = new TenantCache<PolicyInForce>(clock, TimeToLive, LoadAsync);
        _installed = new TenantCache<PolicyInForce>(clock, TimeToLive, async tenant => Compile(await _store.NewestAsync(tenant, CancellationToken.None)));
    }

    public ValueTask<PolicyInForce> OfAsync(string tenant, CancellationToken cancellationToken) => _own.GetAsync(tenant, cancellationToken);

    public void Changed(string tenant)
    {
        _own.Invalidate(tenant);
        if (tenant != Db.AllTenants) return;
        _installed.Clear();
        _own.Clear();
    }

    private async Task<PolicyInForce> LoadAsync(string tenant)
    {
        var own = await _store.NewestAsync(tenant, CancellationToken.None);
        return own is null ? await _installed.GetAsync(Db.AllTenants, CancellationToken.None) : Compile(own);
    }

    private PolicyInForce Compile(PolicyVersion? version)
    {
        var issues = new List<string>();
        CompiledPolicy? policy = null;
        if (version is null) issues.Add("there is none.");
        else if (Hash(version.Document) != version.Hash) issues.Add("its text does not have the recorded hash.");
        else policy = CompiledPolicy.Parse(version.Document, issues);
        if (policy is null) LogBroken(_logger, version?.Tenant ?? Db.AllTenants, version?.Version ?? 0, issues[0]);
        return new PolicyInForce(version?.Tenant ?? Db.AllTenants, version?.Version ?? 0, version?.Hash ?? "", policy, policy is null ? issues[0] : null);
    }

    public static string Hash(string canonical) => TextDigest.Of(canonical);

    [LoggerMessage(LogLevel.Critical, "The policy of tenant {Tenant}, version {Version}, is broken and denies everything: {Issue}")]
    private static partial void LogBroken(ILogger logger, string tenant, long version, string issue);
}

/// <summary>At the first start: version 1 of the installation's policy.</summary>
internal sealed class StarterPolicy(Db db, Journal journal, PolicyStore store, TimeProvider clock)
{
    private const string Resource = "SomaStack.Governance.Policy.starter-policy.json";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (await store.NewestAsync(Db.AllTenants, cancellationToken) is not null) return;
        var text = Text();
        var policy = new PolicyVersion(Db.AllTenants, 1, text, PoliciesInForce.Hash(text), Principal.System.Id, clock.GetUtcNow());
        var context = RequestContext.ForSystem(Db.AllTenants, DeploymentMode.DeveloperLight);
        try
        {
            await db.WriteAsync(
                Db.AllTenants,
                async work =>
                {
                    await PolicyStore.InsertAsync(work, policy);
                    await journal.AppendAsync(work, context, "policy", policy.Version, Contracts.PolicyEvents.PolicyUpdated, new Contracts.PolicyUpdated(policy.Version, policy.Hash), PolicyJson.Default.PolicyUpdated);
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
        using var stream = typeof(StarterPolicy).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var document = JsonDocument.Parse(stream);
        return Encoding.UTF8.GetString(CanonicalJson.Serialize(document.RootElement));
    }
}
