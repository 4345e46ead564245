using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/requests/{id}/replay</c>: a failed request is queued again under its id, with as many further attempts as a new one has.</summary>
internal static class ReplayRequest
{
    private const int MoreAttempts = 5;

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/v1/requests/{id}/replay", RunAsync).Requires(Capability.InferenceInvoke).WithTags("requests").WithSummary("Try a failed request again.");

    private static async Task<Accepted<RequestAccepted>> RunAsync(
        string id, RequestContext context, RequestStore store, WorkSignal signal, TimeProvider clock, CancellationToken cancellationToken)
    {
        await store.GetAsync(context, id, ReadRequests.SeesAll(context), cancellationToken);
        var now = clock.NowMicros();
        var (row, refusal) = await store.DecideAsync(context, id, new ReplayCommand(MoreAttempts), _ => new RequestChange(NextAttemptAt: now), cancellationToken);
        if (refusal is { } why) throw QueueProblems.Of(why);
        signal.Ring();
        return TypedResults.Accepted($"/v1/requests/{id}", new RequestAccepted(id, RequestRow.PhaseName(row!.State.Phase)));
    }
}
