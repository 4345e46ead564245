using SomaStack.Agents.Tools.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>Which tools a turn's model is offered: what whoever asks may use now, of what the persona has or the run grants, and no more than the request names.</summary>
internal sealed class OfferTools(ITools tools)
{
    public const string ModelWithout = "model_without_tools";

    public async Task<(IReadOnlyList<OfferedTool> Tools, string? Degraded)> OfAsync(
        RequestContext context, PersonaView persona, TurnTerms terms, ModelCandidate model, CancellationToken cancellationToken)
    {
        var names = terms.ToolsGranted ?? persona.Tools;
        if (names.Count == 0 || terms.ToolRoundsMax == 0 || terms.Tools is { Count: 0 }) return ([], null);
        if (!model.UsesTools) return ([], ModelWithout);
        var offered = await tools.OfferedAsync(context, names, cancellationToken);
        return (ToolNames.Map([.. offered.Where(offer => terms.Tools is not { } wanted || wanted.Contains(offer.Name) || wanted.Contains(offer.Adapter))]), null);
    }
}
