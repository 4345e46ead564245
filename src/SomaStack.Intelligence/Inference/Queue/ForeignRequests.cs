using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Requests that other programs put on <c>slm.requests</c>. A message carries no verified identity, so the operator says in whose name
/// they are done; until then they are refused. The message's id is the request's id: however often it comes, it is one request.
/// </summary>
internal sealed class ForeignRequests(SubmitRequest submit, ISettings settings, SomaOptions options)
{
    /// <param name="Version">v1.</param>
    /// <param name="Timestamp">Of the producer; taken as it is and not used.</param>
    internal sealed record Message(
        string? Version = null, string? SessionId = null, string? Role = null, string? Prompt = null, string? Model = null, JsonElement? Metadata = null, JsonElement? Timestamp = null);

    /// <returns>Null when it was taken, else why not.</returns>
    public async Task<string?> TakeAsync(ForeignMessage message, CancellationToken cancellationToken)
    {
        if (options.SlmTenant is not { Length: > 0 } tenant || tenant == Db.AllTenants)
            return "In whose name it is to be done is not configured: set SOMA_SLM_TENANT, or send it to POST /v1/requests.";
        Message? asked;
        try
        {
            asked = JsonSerializer.Deserialize(message.Value, QueueJson.Default.Message);
        }
        catch (JsonException)
        {
            return "It is no JSON object of the form {version, session_id, role, prompt, metadata}.";
        }
        if (asked?.Version != RequestEvents.Version) return $"Its version is '{asked?.Version}'; this program reads {RequestEvents.Version}.";
        var body = new RequestBody(RequestPrompt.InferSync, new RequestPayload(Prompt: asked.Prompt), asked.Model, asked.Role, asked.SessionId, asked.Metadata);
        var context = new RequestContext(
            tenant, new Principal(options.SlmPrincipal, "service"), CapabilitySet.Of([Capability.InferenceInvoke]), "bot", settings.Mode, options.Region, Ids.NewTraceId());
        try
        {
            await submit.QueueAsync(body, Ids.Derive($"{tenant}\n{message.Topic}\n{message.Id ?? message.Place}"), context, cancellationToken);
            return null;
        }
        catch (Problem problem) when (problem.Code.Kind == ProblemKind.Invalid || problem.Code == Governance.Policy.Contracts.ModerationProblems.Blocked)
        {
            return problem.Detail;
        }
    }
}
