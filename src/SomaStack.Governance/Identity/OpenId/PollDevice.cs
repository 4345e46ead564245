using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The device asks whether its owner has decided (RFC 8628, 3.4 and 3.5).</summary>
internal sealed class PollDevice(DeviceStore store, GrantStore grants, GrantTokens tokens, Db db, TimeProvider clock)
{
    public async Task<TokenResponse> RunAsync(OAuthClient client, Form form, CancellationToken cancellationToken)
    {
        var text = form.Get("device_code");
        if (text.Length > OpaqueToken.LengthMax) throw NotGood();
        var row = await store.FindAsync(OpaqueToken.HashOf(text), cancellationToken);
        if (row is null || row.Client != client.WireId) throw NotGood();
        var now = clock.GetUtcNow();
        if (row.ExpiresAt <= now) throw OpenIdProblems.Expired.Because("Nobody confirmed the code in time.");
        if (!await store.PollAsync(row.Hash, now.ToMicros(), cancellationToken)) throw OpenIdProblems.SlowDown.Because("Wait five seconds longer between requests from now on.");
        switch (row.State)
        {
            case "pending": throw OpenIdProblems.Pending.Because("The person has not decided yet.");
            case "denied": throw OpenIdProblems.AccessDenied.Because("The person did not allow it.");
            case "approved" when await store.TakeAsync(row.Hash, cancellationToken): break;
            default: throw NotGood();
        }
        var grant = await grants.FindGrantAsync(row.HolderTenant!, row.Family!, cancellationToken);
        if (grant is not { IsRevoked: false }) throw NotGood();
        var refresh = await ExchangeCode.FirstRefreshAsync(db, client, grant, now, cancellationToken);
        return await tokens.IssueAsync(grant, null, null, refresh, withIdToken: true, cancellationToken);
    }

    private static Problem NotGood() => OpenIdProblems.InvalidGrant.Because("The device code is not good: unknown, used, or another client's.");
}
