using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Clients by what they call themselves: those of the program, and <c>TENANT.ID</c> for registered ones.</summary>
internal sealed class FindClient(ClientStore store, PublicOrigin origin)
{
    public const string Console = "soma-console";
    public const string Cli = "soma-cli";

    public async ValueTask<OAuthClient?> RunAsync(string? wireId, CancellationToken cancellationToken)
    {
        switch (wireId)
        {
            case null or { Length: > 192 }:
                return null;
            case Console:
                return BuiltIn(Console, "SomaStack console", [OAuthClient.Code, OAuthClient.Refresh], [origin.Of("/console/callback")], [origin.Of("/console/")]);
            case Cli:
                return BuiltIn(Cli, "soma, the command line", [OAuthClient.Code, OAuthClient.Refresh, OAuthClient.Device], ["http://127.0.0.1/callback", "http://[::1]/callback"], []);
        }
        var dot = wireId.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0) return null;
        var (tenant, id) = (wireId[..dot], wireId[(dot + 1)..]);
        return Rules.IsTenantId(tenant) && Rules.IsPrincipalId(id) ? await store.FindAsync(tenant, id, cancellationToken) : null;
    }

    private static OAuthClient BuiltIn(string id, string name, string[] grants, string[] redirects, string[] logouts) =>
        new(Db.AllTenants, id, name, false, grants, redirects, logouts, null, null, null, null, 1, default, default);
}
