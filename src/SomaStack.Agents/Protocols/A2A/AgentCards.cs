using System.Text.Json;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>
/// Agent cards, signed with the installation's key (A2A 1.0, 8.4). The public one says how to reach us and nothing about any tenant; whoever has
/// a token reads the extended one with the personas of his tenant as skills.
/// </summary>
internal sealed class AgentCards(IPublicAddress address, ISignatures signatures, IPersonas personas)
{
    private const int SkillsMax = 200;
    private static readonly string Version = typeof(AgentCards).Assembly.GetName().Version!.ToString(3);

    public ValueTask<A2ACard> PublicAsync(CancellationToken cancellationToken) => SignAsync(
        Card([new A2ASkill("conversation", "Governed conversation", "Answers a message as one of the tenant's personas. Every turn is checked against policy and constitution and may wait for a second person.", ["conversation", "governed"])]),
        cancellationToken);

    public async ValueTask<A2ACard> ExtendedAsync(RequestContext context, CancellationToken cancellationToken)
    {
        context.Require(Capability.SessionRead);
        var page = await personas.ListAsync(context, null, SkillsMax, cancellationToken);
        return await SignAsync(Card([.. page.Data.Select(static persona => new A2ASkill(persona.Id, persona.Name, $"Answers as {persona.Name}. Name it as 'persona' in the message's metadata.", ["persona"]))]), cancellationToken);
    }

    private A2ACard Card(IReadOnlyList<A2ASkill> skills) => new(
        "SomaStack", "AI agents that have to ask first: each turn is checked, recorded and provable.", [new A2AInterface(address.Of(A2AEndpoint.Path), "JSONRPC", A2AEndpoint.ProtocolVersion)],
        new A2AProvider(address.Of(""), "SomaStack"), Version, address.Of("/docs"), new A2ACapabilities(Streaming: true, PushNotifications: false, ExtendedAgentCard: true),
        new SortedDictionary<string, A2ASecurityScheme>(StringComparer.Ordinal)
        {
            ["bearer"] = new() { HttpAuthSecurityScheme = new A2AHttpScheme("An access token or an API key of this installation.", "Bearer", null) },
            ["openid"] = new() { OpenIdConnectSecurityScheme = new A2AOpenIdScheme("Access tokens of this installation's own issuer.", address.Of("/.well-known/openid-configuration")) },
        },
        [Requirement("bearer"), Requirement("openid")], ["text/plain"], ["text/plain"], skills);

    private static A2ASecurityRequirement Requirement(string scheme) => new(new Dictionary<string, A2AStringList> { [scheme] = new([Capability.SessionStart]) });

    /// <summary>Over the RFC 8785 form of the card without its signatures. No member of it has a default value, so all of it is covered.</summary>
    private async ValueTask<A2ACard> SignAsync(A2ACard card, CancellationToken cancellationToken)
    {
        var canonical = CanonicalJson.Canonicalize(JsonSerializer.SerializeToUtf8Bytes(card, A2AJson.Default.A2ACard));
        var jws = await signatures.SignAsync(canonical, cancellationToken);
        return card with { Signatures = [new A2ASignature(jws.Protected, jws.Signature)] };
    }
}
