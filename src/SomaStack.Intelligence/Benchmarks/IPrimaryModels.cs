using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks.Contracts;

/// <summary>Port: which model does the work of a role for a tenant, and how that is changed once a person accepted it.</summary>
public interface IPrimaryModels
{
    /// <param name="role">chat, planning, code, embedding, transcription or speech.</param>
    /// <returns>A name of <c>GET /v1/models</c>; null when none is set for the role.</returns>
    ValueTask<string?> PrimaryAsync(RequestContext context, string role, CancellationToken cancellationToken);

    /// <summary>Makes the model the primary of the role. Repeating it changes nothing.</summary>
    /// <exception cref="Problem">501 <c>not_built</c> where primaries cannot be changed over HTTP.</exception>
    Task PromoteAsync(RequestContext context, string role, string model, CancellationToken cancellationToken);
}
