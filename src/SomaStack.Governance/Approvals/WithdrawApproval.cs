using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary><c>POST /v1/approvals/{id}/cancel</c>: whoever asked takes it back, decided or not.</summary>
internal sealed class WithdrawApproval(ApprovalStore store, ReturnApprovals returns, ReadApprovals read, Db db)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost(
        "/v1/approvals/{id}/cancel",
        static (RequestContext context, string id, WithdrawApproval withdraw, CancellationToken cancellationToken) =>
            withdraw.RunAsync(context, id, cancellationToken)).ForAnyPrincipal().OpenWhenStopped();

    internal async Task<Ok<ApprovalLine>> RunAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        await db.WriteAsync(
            context.Tenant,
            async work =>
            {
                var row = await ApprovalStore.FindAsync(work, context.Tenant, id) ?? throw ApprovalProblems.Unknown.Because("No approval of yours has this id.");
                if (await returns.ReturnAsync(work, context, row, new WithdrawCommand(id, context.Principal.Id, "Whoever asked for it took it back.")) is { } refusal)
                    throw ApprovalProblems.Of(refusal, row.Facts);
            },
            cancellationToken);
        return TypedResults.Ok(read.Line((await store.FindAsync(context.Tenant, id, cancellationToken))!));
    }
}
