using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Codes that begin with <c>oauth_</c> are the protocol's own (RFC 6749, 8628), told to its clients without the prefix.</summary>
internal static class OpenIdProblems
{
    public static readonly ProblemCode InvalidRequest = new("oauth_invalid_request", ProblemKind.Malformed, "The OAuth request is not well-formed", "Correct the named parameter.");
    public static readonly ProblemCode InvalidClient = new("oauth_invalid_client", ProblemKind.Unauthenticated, "The client could not be authenticated", "Check the client id and its secret.");
    public static readonly ProblemCode InvalidGrant = new("oauth_invalid_grant", ProblemKind.Malformed, "The code or token is not good", "Let the person sign in again.");
    public static readonly ProblemCode UnauthorizedClient = new("oauth_unauthorized_client", ProblemKind.Malformed, "The client may not do this", "Register the grant type for the client.");
    public static readonly ProblemCode UnsupportedGrant = new("oauth_unsupported_grant_type", ProblemKind.Malformed, "The grant type is not known", "See /.well-known/openid-configuration.");
    public static readonly ProblemCode InvalidTarget = new("oauth_invalid_target", ProblemKind.Malformed, "The resource is not served here", "Ask the issuer that the resource itself names for a token.");
    public static readonly ProblemCode InvalidScope = new("oauth_invalid_scope", ProblemKind.Malformed, "A scope is not acceptable", "See scopes_supported in /.well-known/openid-configuration.");
    public static readonly ProblemCode AccessDenied = new("oauth_access_denied", ProblemKind.Malformed, "The person did not allow it", "Ask again, and say why it is needed.");
    public static readonly ProblemCode Pending = new("oauth_authorization_pending", ProblemKind.Malformed, "The person has not decided yet", "Ask again after the interval.");
    public static readonly ProblemCode SlowDown = new("oauth_slow_down", ProblemKind.Malformed, "Asked too often", "Wait five seconds longer between requests.");
    public static readonly ProblemCode Expired = new("oauth_expired_token", ProblemKind.Malformed, "The device code has expired", "Begin again.");

    public static readonly ProblemCode ClientUnknown = new("client_unknown", ProblemKind.NotFound, "There is no such client here", "See GET /v1/auth/clients; on the wire a client is TENANT.ID.");
    public static readonly ProblemCode RedirectRefused = new("redirect_uri_refused", ProblemKind.Malformed, "The redirect address is not registered", "Send one of the client's redirect_uris, character for character.");
    public static readonly ProblemCode TicketSpent = new("ticket_spent", ProblemKind.NotFound, "The form is not valid any more", "Begin again; each form works once and not for long.");
    public static readonly ProblemCode ExternalRefused = new("external_sign_in_refused", ProblemKind.Forbidden, "The outside sign-in was not accepted", "Begin again, or ask a tenant administrator to create your account.");
    public static readonly ProblemCode ExternalFailed = new("external_issuer_failed", ProblemKind.Upstream, "The outside issuer did not answer as it should", "Try again; the operator checks SOMA_OIDC_ISSUER.");
    public static readonly ProblemCode NoExternal = new("external_issuer_absent", ProblemKind.NotFound, "No outside issuer is configured", "The operator sets SOMA_OIDC_ISSUER.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        InvalidRequest, InvalidClient, InvalidGrant, UnauthorizedClient, UnsupportedGrant, InvalidScope, InvalidTarget, AccessDenied, Pending, SlowDown, Expired,
        ClientUnknown, RedirectRefused, TicketSpent, ExternalRefused, ExternalFailed, NoExternal,
    ];
}
