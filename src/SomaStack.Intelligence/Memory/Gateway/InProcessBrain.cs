using System.Data.Common;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The brain in this process: a buffered write runs through the handler of its own route, so that there is one way for every use case. What the
/// edge would do for it is done here: who acts, and whether anything may act now.
/// </summary>
internal sealed class InProcessBrain(IServiceProvider services, BrainTokens tokens, IIdentity identity, IKillSwitch killSwitch, ISettings settings, SomaOptions options) : IBrain
{
    public string State => "in_process";

    public int Room => int.MaxValue;

    public async Task<BrainAnswer> ApplyAsync(BufferedItem item, CancellationToken cancellationToken)
    {
        try
        {
            var token = await tokens.ForAsync(item.Tenant, item.Item.Principal, item.Item.Capabilities, cancellationToken);
            var caller = await identity.AuthenticateAsync(token, cancellationToken) ?? throw PlatformProblems.Unauthenticated.Because("The principal's right to act has ended.");
            killSwitch.ThrowIfEngaged(item.Tenant);
            // The edge makes the same of the header, so the ids that follow are the same here and there.
            var key = $"POST {item.Item.Path}\n{item.Item.IdempotencyKey}";
            var context = new RequestContext(item.Tenant, caller.Principal, caller.Capabilities, item.Item.ClientType, settings.Mode, options.Region, item.Item.TraceId, key);
            return await InvokeAsync(item.Item, context, cancellationToken);
        }
        catch (Problem problem)
        {
            return new BrainAnswer((int)problem.Code.Kind, problem.Code.Code, problem.Detail, problem.RetryAfter);
        }
        catch (DbException exception)
        {
            throw new BrainUnreachableException("The database failed: " + exception.GetType().Name, sent: true, exception);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return exception is BadHttpRequestException
                ? new BrainAnswer(StatusCodes.Status400BadRequest, PlatformProblems.MalformedRequest.Code, "The body is not of the shape that the route reads.")
                : new BrainAnswer(StatusCodes.Status500InternalServerError, PlatformProblems.Internal.Code, exception.GetType().Name);
        }
    }

    private async Task<BrainAnswer> InvokeAsync(BufferItem item, RequestContext context, CancellationToken cancellationToken)
    {
        var endpoint = services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .FirstOrDefault(route => route.RoutePattern.RawText == item.Path && route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") == true);
        if (endpoint?.RequestDelegate is null) return new BrainAnswer(StatusCodes.Status503ServiceUnavailable, PlatformProblems.Unavailable.Code, "The route is not there yet.");
        if (endpoint.Metadata.GetMetadata<Access>()?.Capability is { Length: > 0 } capability) context.Require(capability);
        await using var scope = services.CreateAsyncScope();
        var body = Encoding.UTF8.GetBytes(item.Body);
        var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = cancellationToken };
        http.Features.Set(context);
        http.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        http.SetEndpoint(endpoint);
        http.Request.Method = HttpMethods.Post;
        http.Request.Path = item.Path;
        http.Request.ContentType = "application/json";
        http.Request.ContentLength = body.Length;
        http.Request.Body = new MemoryStream(body, writable: false);
        http.Response.Body = new MemoryStream();
        await endpoint.RequestDelegate(http);
        return new BrainAnswer(http.Response.StatusCode);
    }

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
