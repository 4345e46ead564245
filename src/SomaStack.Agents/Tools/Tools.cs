using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The room's contract: what may be used, and using it.</summary>
internal sealed class Tools(AdapterCatalog catalog, ExecuteTool execute) : ITools
{
    public async ValueTask<IReadOnlyList<ToolOffer>> OfferedAsync(RequestContext context, IReadOnlyList<string>? names, CancellationToken cancellationToken)
    {
        if (!context.Capabilities.Has(Capability.ToolExecute) || names is { Count: 0 }) return [];
        var offers = new List<ToolOffer>();
        foreach (var adapter in await catalog.UsableAsync(context, cancellationToken))
        {
            foreach (var action in adapter.Manifest.Manifest.Actions)
            {
                var name = $"{adapter.Id}.{action.Name}";
                if (names is not null && !names.Contains(adapter.Id) && !names.Contains(name)) continue;
                if (!AdapterCatalog.CapabilitiesOf(adapter.Manifest.Manifest, action).All(context.Capabilities.Has)) continue;
                offers.Add(new ToolOffer(name, adapter.Id, action.Name, action.Description, action.Input.GetRawText(), action.Output?.GetRawText(), action.Risk, action.ReadOnly));
            }
        }
        offers.Sort(static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return offers;
    }

    public async Task<ToolResult> CallAsync(RequestContext context, ToolCall call, CancellationToken cancellationToken) => (await execute.RunAsync(context, call, cancellationToken)).Result;
}
