using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Status">running, awaiting_approval, completed, failed or unknown.</param>
internal sealed record CallLine(
    string JobId, string Adapter, string Action, string AdapterVersion, string Status, string? Code, string Principal, string? Session, string? Run, string? ApprovalId, string? Cost, long? DurationMs,
    DateTimeOffset CreatedAt, DateTimeOffset? EndedAt)
{
    public static CallLine Of(CallRow row) => new(
        row.Id, row.Adapter, row.Action, row.Version, row.State == CallRow.Open ? "running" : CallAnswer.StatusOf(row.ToResult(true).Outcome), row.Code, row.Principal, row.Session, row.Run, row.Approval,
        row.CostNanos is { } nanos ? Governance.Billing.Contracts.Money.Text(nanos, row.Currency) : null, row.TookMicros / 1000, row.CreatedAt, row.EndedAt);
}

/// <param name="ManifestDigest">By which it was done.</param>
/// <param name="Output">Null while it runs or waits.</param>
internal sealed record CallView(CallLine Call, string ManifestDigest, JsonElement Arguments, CallOutput? Output);

/// <summary>What was done: one's own calls, and everybody's with <c>tool:manage</c> or <c>audit:read</c>.</summary>
internal sealed class ReadCalls(CallStore calls, ReadAdapters adapters)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/adapters/{id}/calls", static (string id, RequestContext context, ReadCalls read, string? cursor, int? limit, CancellationToken cancellationToken) =>
            read.ListAsync(context, id, cursor, limit, cancellationToken)).Requires(Capability.ToolExecute).WithTags("tools").WithSummary("List an adapter's calls, newest first.");
        routes.MapGet("/v1/tool-calls/{id}", static (string id, RequestContext context, ReadCalls read, CancellationToken cancellationToken) => read.GetAsync(context, id, cancellationToken))
            .Requires(Capability.ToolExecute).WithTags("tools").WithSummary("Read a call with its arguments and its result.");
    }

    internal async Task<Ok<Page<CallLine>>> ListAsync(RequestContext context, string adapter, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await calls.ListAsync(context.Tenant, adapter, SeesAll(context) ? null : context.Principal.Id, Cursor.Decode(cursor), size + 1, cancellationToken);
        // Calls are kept longer than their adapter; without any, one that is not there says so.
        if (rows.Count == 0 && cursor is null) await adapters.GetAsync(context, adapter, cancellationToken);
        return TypedResults.Ok(Cursor.Page([.. rows.Select(CallLine.Of)], size, static line => line.JobId));
    }

    internal async Task<Ok<CallView>> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await calls.FindAsync(context.Tenant, id, cancellationToken);
        if (row is null || (row.Principal != context.Principal.Id && !SeesAll(context))) throw ToolProblems.CallUnknown.Because("No call that you may see has this id.");
        using var arguments = JsonDocument.Parse(row.Arguments);
        return TypedResults.Ok(new CallView(CallLine.Of(row), row.ManifestDigest, arguments.RootElement.Clone(), row.IsEnded ? CallOutput.Of(row.Text, row.Structured, row.Taints) : null));
    }

    private static bool SeesAll(RequestContext context) => context.Capabilities.Has(Capability.ToolManage) || context.Capabilities.Has(Capability.AuditRead);
}
