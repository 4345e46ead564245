using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SomaStack.Platform;

/// <summary>Route metadata that the edge enforces. A route that declares none of the two is refused and fails a test.</summary>
public sealed record Access(string? Capability)
{
    public static readonly Access Public = new((string?)null);

    /// <summary>Any verified principal, whatever it may do.</summary>
    public static readonly Access AnyPrincipal = new("");
}

/// <summary>Route metadata: the edge keeps no idempotent answer for this route (streams, pure reads by POST).</summary>
public sealed record NotReplayed;

/// <summary>Route metadata: the largest request body in bytes; the default is 1 MiB.</summary>
public sealed record BodyLimit(long Bytes)
{
    public static readonly BodyLimit Default = new(1 << 20);
}

/// <summary>Route metadata: the handler streams or waits, so the edge's time limit does not apply.</summary>
public sealed record Unhurried;

/// <summary>Route metadata: the handler itself bounds how many of it there are at once.</summary>
public sealed record CountsItself;

/// <summary>What the caller presented, for what lasts longer than its verification: whoever keeps it verifies it again. Never logged.</summary>
/// <param name="ExpiresAt">When it ends by itself.</param>
public sealed record Presented(string Credential, DateTimeOffset ExpiresAt);

/// <summary>Route metadata: may be called while the kill switch is engaged; only what releases it and what revokes.</summary>
public sealed record OpenWhenStopped;

/// <summary>Route metadata: needs a fresh second factor where one is demanded of the caller.</summary>
public sealed record StepUpRoute;

/// <summary>Route metadata: pages say themselves what they load; everything else loads nothing.</summary>
public sealed record ContentPolicy(string Value);

/// <summary>Route metadata: a 401 says where the route's protected resource metadata is (RFC 9728, 5.1), so that a client finds who issues tokens for it.</summary>
public sealed record ProtectedResource(string MetadataPath);

/// <summary>Route metadata: refusals have OpenAI's shape, <c>{error:{message,type,param,code}}</c>, as that surface's clients expect.</summary>
public sealed record OpenAiErrors;

/// <summary>Route metadata: refusals have Anthropic's shape, <c>{type,error:{type,message},request_id}</c>, as that surface's clients expect.</summary>
public sealed record AnthropicErrors
{
    /// <summary>The types that Anthropic's own clients know.</summary>
    public static string TypeOf(ProblemKind kind) => kind switch
    {
        ProblemKind.Unauthenticated => "authentication_error",
        ProblemKind.Forbidden => "permission_error",
        ProblemKind.NotFound => "not_found_error",
        ProblemKind.TooLarge => "request_too_large",
        ProblemKind.Busy => "rate_limit_error",
        ProblemKind.Unavailable => "overloaded_error",
        ProblemKind.Timeout => "timeout_error",
        >= ProblemKind.Internal => "api_error",
        _ => "invalid_request_error",
    };
}

/// <summary>Route metadata: refusals have OAuth's shape, <c>{error,error_description}</c> (RFC 6749, 5.2), as that surface's clients expect.</summary>
public sealed record OAuthErrors
{
    private const string Prefix = "oauth_";

    /// <summary>Our code without its prefix is the protocol's own; other refusals get the nearest that the protocol has.</summary>
    public static string ErrorOf(ProblemCode code) => code.Code.StartsWith(Prefix, StringComparison.Ordinal) ? code.Code[Prefix.Length..] : code.Kind switch
    {
        ProblemKind.Unauthenticated => "invalid_token",
        ProblemKind.Forbidden => "access_denied",
        ProblemKind.Busy or ProblemKind.Unavailable or ProblemKind.Timeout => "temporarily_unavailable",
        >= ProblemKind.Internal => "server_error",
        _ => "invalid_request",
    };
}

/// <summary>Route metadata: refusals have SCIM's shape (RFC 7644, 3.12), as that surface's clients expect.</summary>
public sealed record ScimErrors
{
    public const string ContentType = "application/scim+json";

    private const string Prefix = "scim_";

    /// <summary>Our code in SCIM's spelling, <c>scim_invalid_filter</c> as <c>invalidFilter</c>; null for refusals that SCIM has no word for.</summary>
    public static string? TypeOf(ProblemCode code)
    {
        if (!code.Code.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var words = code.Code[Prefix.Length..].Split('_');
        return words[0] + string.Concat(words.Skip(1).Select(static word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}

public static class Routes
{
    /// <summary>Only principals with the capability reach the handler; others get 401 or 403 naming it.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder route, string capability) where TBuilder : IEndpointConventionBuilder =>
        Platform.Capability.All.Contains(capability) ? route.WithMetadata(new Access(capability)) : throw new ArgumentException($"'{capability}' is not published.", nameof(capability));

    /// <summary>Anybody may call this, without a token.</summary>
    public static TBuilder Public<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(Access.Public);

    /// <summary>Any verified principal may call this.</summary>
    public static TBuilder ForAnyPrincipal<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(Access.AnyPrincipal);

    public static TBuilder WithBodyLimit<TBuilder>(this TBuilder route, long bytes) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new BodyLimit(bytes));

    public static TBuilder WithoutReplay<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new NotReplayed());

    public static TBuilder WithoutTimeLimit<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new Unhurried());

    /// <summary>As <see cref="WithoutTimeLimit"/>, for a handler that bounds by itself how many of it there are at once.</summary>
    public static TBuilder CountsItself<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithoutTimeLimit().WithMetadata(new CountsItself());

    public static TBuilder OpenWhenStopped<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new OpenWhenStopped());

    public static TBuilder RequiresStepUp<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new StepUpRoute());

    public static TBuilder WithOpenAiErrors<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new OpenAiErrors());

    public static TBuilder WithAnthropicErrors<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new AnthropicErrors());

    public static TBuilder WithOAuthErrors<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new OAuthErrors());

    public static TBuilder WithScimErrors<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new ScimErrors());

    /// <summary>A strong ETag of a version number, as <c>"7"</c>.</summary>
    public static string ETag(long version) => $"\"{version}\"";

    /// <summary>The version in If-Match.</summary>
    /// <exception cref="Problem">428 when the header is absent, 412 when it is no version of ours.</exception>
    public static long IfMatch(HttpRequest request)
    {
        var header = request.Headers.IfMatch.ToString();
        if (header.Length == 0) throw PlatformProblems.PreconditionRequired.Because("This update needs If-Match.");
        return long.TryParse(header.Trim('"'), out var version) ? version : throw PlatformProblems.VersionMismatch.Because("If-Match does not name a version.");
    }
}
