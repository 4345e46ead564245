using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Where a request may go.</summary>
/// <param name="Asked">The name in the request; null when it named none.</param>
/// <param name="Candidates">Best first; at least one.</param>
internal sealed record Route(string? Asked, IReadOnlyList<KnownModel> Candidates);

/// <summary>Turns the name in a request into the models that may answer it.</summary>
internal sealed class Router(ModelDirectory directory)
{
    /// <param name="asked">A model id, <c>provider/model</c>, or null for the default of the role.</param>
    /// <param name="role">chat, planning, code, embedding, transcription or speech.</param>
    /// <exception cref="Problem">404 <c>model_unknown</c> listing what there is.</exception>
    public async ValueTask<Route> FindAsync(RequestContext context, string? asked, string role, CancellationToken cancellationToken)
    {
        var id = asked ?? directory.Default;
        return new Route(asked, [await directory.FindAsync(id, cancellationToken) ?? throw directory.Unknown(id)]);
    }
}
