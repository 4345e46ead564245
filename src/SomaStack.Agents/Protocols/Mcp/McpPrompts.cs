using System.Text.Json;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>Personas as prompts: their instructions, for a client that wants to speak as one of them with a model of its own.</summary>
internal sealed class McpPrompts(IPersonas personas)
{
    private const int PageSize = 100;

    public async Task<Action<Utf8JsonWriter>> ListAsync(RequestContext context, McpCall call, CancellationToken cancellationToken)
    {
        // Who may not read personas has none here; the list is his own, not an error.
        var page = context.Capabilities.Has(Capability.SessionRead) ? await personas.ListAsync(context, call.Message.Text("cursor"), PageSize, cancellationToken) : new Page<Persona>([], null);
        return writer =>
        {
            writer.WriteStartArray("prompts");
            foreach (var persona in page.Data)
            {
                writer.WriteStartObject();
                writer.WriteString("name", persona.Id);
                writer.WriteString("title", persona.Name);
                writer.WriteString("description", $"The instructions of the persona {persona.Name}.");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            if (page.NextCursor is { } next) writer.WriteString("nextCursor", next);
            McpEndpoint.WriteCaching(writer, call);
        };
    }

    public async Task<Action<Utf8JsonWriter>> GetAsync(RequestContext context, McpCall call, CancellationToken cancellationToken)
    {
        context.Require(Capability.SessionRead);
        var name = call.Message.Text("name") is { Length: > 0 and <= 64 } sent ? sent : throw RpcError.Params("'name' must be the name of a prompt.");
        var persona = await personas.GetAsync(context, name, cancellationToken);
        return writer =>
        {
            writer.WriteString("description", $"The instructions of the persona {persona.Name}.");
            writer.WriteStartArray("messages");
            writer.WriteStartObject();
            writer.WriteString("role", "user");
            writer.WriteStartObject("content");
            writer.WriteString("type", "text");
            writer.WriteString("text", persona.Instructions);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
        };
    }
}
