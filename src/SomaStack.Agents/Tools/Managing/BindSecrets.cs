using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

internal sealed record BindSecretRequest(string Value);

/// <summary>Secrets for an adapter: written, counted and removed, never shown.</summary>
internal sealed partial class BindSecrets(AdapterStore store, AdapterSecrets secrets, NativeAdapters natives, Db db, Journal journal, TimeProvider clock)
{
    public const int ValueMax = 8192;
    public const int SecretsMax = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/adapters/{id}/secrets", static async (string id, RequestContext context, ReadAdapters read, CancellationToken cancellationToken) =>
            TypedResults.Ok(new Page<SecretView>((await read.GetAsync(context, id, cancellationToken)).Secrets, null)))
            .Requires(Capability.ToolManage).WithTags("tools").WithSummary("List the names of an adapter's secrets.");
        routes.MapPut("/v1/adapters/{id}/secrets/{name}", static (string id, string name, BindSecretRequest request, RequestContext context, BindSecrets use, CancellationToken cancellationToken) =>
            use.BindAsync(context, id, name, request, cancellationToken)).Requires(Capability.ToolManage).RequiresStepUp().WithoutReplay().WithTags("tools").WithSummary("Bind a secret to an adapter; it is never shown.");
        routes.MapDelete("/v1/adapters/{id}/secrets/{name}", static (string id, string name, RequestContext context, BindSecrets use, CancellationToken cancellationToken) =>
            use.RemoveAsync(context, id, name, cancellationToken)).Requires(Capability.ToolManage).OpenWhenStopped().WithTags("tools").WithSummary("Remove an adapter's secret.");
    }

    internal async Task<Ok<SecretView>> BindAsync(RequestContext context, string id, string name, BindSecretRequest request, CancellationToken cancellationToken)
    {
        Check.That(NameText().IsMatch(name), "name", "must hold letters, digits and _ only, at most 64")
            .And(request.Value.Length is >= 1 and <= ValueMax && !request.Value.Any(char.IsControl), "value", $"must have 1 to {ValueMax} characters and no control characters").OrThrow();
        if (natives.Has(id)) throw Problem.Invalid("id", "is one of the platform's own, which takes no secrets");
        var box = secrets.Seal(context.Tenant, id, name, request.Value);
        var count = (await store.SecretsAsync(context.Tenant, id, cancellationToken)).Count;
        var bound = await db.WriteAsync(context.Tenant, async work =>
        {
            var row = await AdapterStore.FindAsync(work, context.Tenant, id) ?? throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' was registered.");
            var version = await AdapterStore.SecretVersionAsync(work, context.Tenant, id, name) + 1;
            if (version == 1 && count >= SecretsMax) throw Problem.Invalid("name", $"is one more than the {SecretsMax} that an adapter may have");
            var secret = new SecretRow(name, version, context.Principal.Id, clock.NowMicros().ToInstant());
            await AdapterStore.SetSecretAsync(work, context.Tenant, id, secret, box);
            await SayAsync(work, context, row, "secret_bound", name);
            return secret;
        }, cancellationToken);
        return TypedResults.Ok(new SecretView(bound.Name, bound.Version, bound.SetBy, bound.SetAt));
    }

    internal async Task<NoContent> RemoveAsync(RequestContext context, string id, string name, CancellationToken cancellationToken)
    {
        await db.WriteAsync(context.Tenant, async work =>
        {
            var row = await AdapterStore.FindAsync(work, context.Tenant, id) ?? throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' was registered.");
            if (await AdapterStore.RemoveSecretAsync(work, context.Tenant, id, name)) await SayAsync(work, context, row, "secret_removed", name);
        }, cancellationToken);
        return TypedResults.NoContent();
    }

    private async Task SayAsync(DbWork work, RequestContext context, AdapterRow row, string change, string name)
    {
        var next = row with { Revision = row.Revision + 1, Events = row.Events + 1, ChangedBy = context.Principal.Id, UpdatedAt = clock.NowMicros().ToInstant() };
        if (!await AdapterStore.UpdateAsync(work, next, row.Revision)) throw PlatformProblems.Conflict.Because("The adapter was changed at the same moment.");
        await journal.AppendAsync(
            work, context, ToolFactTypes.OfAdapter(row.Id), next.Events, ToolEvents.AdapterChanged, new AdapterChanged(row.Id, change, row.Version, null, null, name), ToolsJson.Default.AdapterChanged);
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_]{0,63}\z")]
    private static partial Regex NameText();
}
