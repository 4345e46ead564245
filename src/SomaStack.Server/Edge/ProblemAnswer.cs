using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>Writes a refusal: RFC 9457 problem details, or the shape of OpenAI or Anthropic on the routes that declare it.</summary>
internal static class ProblemAnswer
{
    public const string ContentType = "application/problem+json";

    /// <summary>The page that this server itself serves; each code has an anchor there.</summary>
    private const string Page = "/docs/errors#";

    private static readonly string[] Contradicted = [HeaderNames.ETag, HeaderNames.ContentLength, HeaderNames.ContentEncoding, HeaderNames.LastModified, HeaderNames.Location];

    public static async Task WriteAsync(HttpContext http, Problem problem)
    {
        var response = http.Response;
        foreach (var name in Contradicted) response.Headers.Remove(name);
        response.StatusCode = (int)problem.Code.Kind;
        response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } wait) response.Headers.RetryAfter = Seconds(wait);
        else if (problem.Code.Kind == ProblemKind.Busy) response.Headers.RetryAfter = "1";
        if (problem.Code.Kind == ProblemKind.Unauthenticated && response.Headers.WWWAuthenticate.Count == 0) response.Headers.WWWAuthenticate = "Bearer realm=\"somastack\"";
        if (problem.Code.Kind is ProblemKind.Unauthenticated or ProblemKind.Forbidden) PointToIssuer(http);
        if (problem.Approval is { } approval) response.Headers[ApprovalHeader.Name] = approval;
        EdgeMetrics.Refusals.Add(1, new KeyValuePair<string, object?>("code", problem.Code.Code));
        var routed = http.GetEndpoint()?.Metadata;
        var openAi = routed?.GetMetadata<OpenAiErrors>() is not null;
        var anthropic = routed?.GetMetadata<AnthropicErrors>() is not null;
        var trace = Frame.TraceId(http);
        var oauth = routed?.GetMetadata<OAuthErrors>() is not null;
        var scim = routed?.GetMetadata<ScimErrors>() is not null;
        response.ContentType = openAi || anthropic || oauth ? "application/json" : scim ? ScimErrors.ContentType : ContentType;
        if (anthropic) response.Headers["request-id"] = trace;
        var bytes = openAi ? OpenAi(problem, trace) : anthropic ? Anthropic(problem, trace) : oauth ? OAuth(problem) : scim ? Scim(problem) : Details(problem, trace);
        response.ContentLength = bytes.Length;
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await response.Body.WriteAsync(bytes, CancellationToken.None);
    }

    private static void PointToIssuer(HttpContext http)
    {
        var challenge = http.Response.Headers.WWWAuthenticate.ToString();
        if (challenge.Length == 0 || http.GetEndpoint()?.Metadata is not { } routed || routed.GetMetadata<ProtectedResource>() is not { } resource) return;
        if (http.RequestServices.GetService<IPublicAddress>() is not { } address) return;
        // What a first token needs is said before one is asked for, so that nobody asks for everything.
        var scope = challenge.Contains("scope=", StringComparison.Ordinal) || routed.GetMetadata<Access>()?.Capability is not { Length: > 0 } capability ? "" : $", scope=\"{capability}\"";
        http.Response.Headers.WWWAuthenticate = $"{challenge}{scope}, resource_metadata=\"{address.Of(resource.MetadataPath)}\"";
    }

    /// <summary>The body alone, for surfaces that are no plain answer (an event of a stream).</summary>
    public static byte[] Details(Problem problem, string trace) => JsonSerializer.SerializeToUtf8Bytes(
        new ProblemBody(
            Page + problem.Code.Code, problem.Code.Title, (int)problem.Code.Kind, problem.Detail, problem.Code.Code, problem.Code.Remedy, trace,
            problem.Reasons.Count == 0 ? null : problem.Reasons, problem.Errors.Count == 0 ? null : problem.Errors, problem.Approval),
        ProblemJson.Default.ProblemBody);

    private static byte[] OpenAi(Problem problem, string trace) => JsonSerializer.SerializeToUtf8Bytes(
        new OpenAiErrorBody(new OpenAiError(problem.Detail, OpenAiType(problem.Code.Kind), problem.Errors.Count == 0 ? null : problem.Errors[0].Field, problem.Code.Code, trace)),
        EdgeJson.Default.OpenAiErrorBody);

    private static byte[] Anthropic(Problem problem, string trace) => JsonSerializer.SerializeToUtf8Bytes(
        new AnthropicErrorBody("error", new AnthropicError(AnthropicErrors.TypeOf(problem.Code.Kind), problem.Detail, problem.Code.Code, new AnthropicErrorDetails(problem.Code.Code)), trace),
        EdgeJson.Default.AnthropicErrorBody);

    private static byte[] OAuth(Problem problem) =>
        JsonSerializer.SerializeToUtf8Bytes(new OAuthErrorBody(OAuthErrors.ErrorOf(problem.Code), problem.Detail), ProblemJson.Default.OAuthErrorBody);

    private static byte[] Scim(Problem problem) => JsonSerializer.SerializeToUtf8Bytes(
        new ScimErrorBody(["urn:ietf:params:scim:api:messages:2.0:Error"], ((int)problem.Code.Kind).ToString(CultureInfo.InvariantCulture), ScimErrors.TypeOf(problem.Code), problem.Detail),
        ProblemJson.Default.ScimErrorBody);

    /// <summary>The types that OpenAI's own clients know.</summary>
    private static string OpenAiType(ProblemKind kind) => kind switch
    {
        ProblemKind.Unauthenticated => "authentication_error",
        ProblemKind.Forbidden => "permission_error",
        ProblemKind.Busy => "rate_limit_error",
        >= ProblemKind.Internal => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>Whole seconds, rounded up, at least one.</summary>
    private static string Seconds(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
