using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// <c>POST /v1/requests/{id}/cancel</c>: a waiting request ends at once; of a running one the worker, wherever it is, hears within half
/// a second, and what it had streamed stays readable. Asking again changes nothing.
/// </summary>
internal static class CancelRequest
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/requests/{id}/cancel", RunAsync).Requires(Capability.InferenceInvoke).WithTags("requests").WithSummary("Cancel a request.");

    private static async Task<Accepted<RequestAccepted>> RunAsync(string id, RequestContext context, RequestStore store, RunningRequests running, CancellationToken cancellationToken)
    {
        await store.GetAsync(context, id, ReadRequests.SeesAll(context), cancellationToken);
        var (row, refusal) = await store.DecideAsync(context, id, new CancelCommand(context.Principal.Id), static _ => RequestChange.None, cancellationToken);
        if (refusal is { } why and not RequestRefusal.AskedAlready) throw QueueProblems.Of(why);
        running.Cancel(context.Tenant, id);
        return TypedResults.Accepted($"/v1/requests/{id}", new RequestAccepted(id, row!.State.Phase == RequestPhase.Running ? "cancelling" : RequestRow.PhaseName(row.State.Phase)));
    }
}
