using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// The one handler of exceptions and bare statuses. A <see cref="Problem"/> is told as it is, anything else is a 500 with a fixed
/// sentence. An answer that has begun cannot be taken back: its connection is cut, so that nobody takes it for complete.
/// </summary>
internal sealed partial class Refusals(RequestDelegate next, Db db, ILogger<Refusals> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (http.Response.StatusCode >= 400 && !http.Response.HasStarted && IsBare(http.Response)) await ProblemAnswer.WriteAsync(http, OfStatus(http));
        }
        catch (Exception exception)
        {
            var late = http.Features.Get<Deadline>() is { IsOver: true };
            // Nobody is there to answer.
            if (exception is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested && !late) return;
            var problem = late && exception is OperationCanceledException ? PlatformProblems.Timeout.Because($"The request was not done after {Limits.Time.TotalSeconds} s.", exception) : Of(http, exception);
            if (problem.Code.Kind == ProblemKind.Internal) Failed(log, exception, http.Request.Method, http.GetEndpoint()?.DisplayName, Frame.TraceId(http));
            if (http.Response.HasStarted)
            {
                CutOff(log, problem.Code.Code, http.GetEndpoint()?.DisplayName, Frame.TraceId(http));
                http.Abort();
                return;
            }
            await ProblemAnswer.WriteAsync(http, problem);
        }
    }

    private Problem Of(HttpContext http, Exception exception) => exception switch
    {
        Problem problem => problem,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Limits.TooLarge(Limits.BodyLimitOf(http.GetEndpoint())),
        BadHttpRequestException bad => BadInput.Of(bad, http.Request.RouteValues.ContainsKey),
        // Two writers met; the loser's transaction was rolled back, so trying again is right.
        _ when db.IsUniqueViolation(exception) => PlatformProblems.Conflict.Because("Another request changed the same thing first.", exception),
        _ => PlatformProblems.Internal.Because("The request could not be completed because of an error in the server.", exception),
    };

    private static bool IsBare(HttpResponse response) => response.ContentType is null && response.ContentLength is null or 0;

    private static Problem OfStatus(HttpContext http) => http.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => PlatformProblems.NotFound.Because("No route has this address."),
        StatusCodes.Status405MethodNotAllowed => PlatformProblems.MethodNotAllowed.Because($"This address takes {http.Response.Headers.Allow}."),
        StatusCodes.Status408RequestTimeout => EdgeProblems.SlowRequest.Because("The body arrived too slowly."),
        StatusCodes.Status413PayloadTooLarge => Limits.TooLarge(Limits.BodyLimitOf(http.GetEndpoint())),
        StatusCodes.Status415UnsupportedMediaType => PlatformProblems.UnsupportedMedia.Because("This route reads application/json."),
        >= 500 => PlatformProblems.Internal.Because("The request could not be completed because of an error in the server."),
        _ => PlatformProblems.MalformedRequest.Because("The request could not be read."),
    };

    [LoggerMessage(1, LogLevel.Error, "{Method} {Route} failed (trace {TraceId}).")]
    private static partial void Failed(ILogger log, Exception exception, string method, string? route, string traceId);

    [LoggerMessage(2, LogLevel.Warning, "An answer that had begun was cut off with {Code}: {Route} (trace {TraceId}).")]
    private static partial void CutOff(ILogger log, string code, string? route, string traceId);
}
