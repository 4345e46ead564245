using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>What a message asks for. Pure.</summary>
/// <param name="Persona">Named in the metadata of message or request; null for the starter.</param>
internal sealed record A2ARequest(string MessageId, string? ContextId, string? TaskId, string? Persona, string Text, bool Immediately, int? HistoryLength)
{
    private const int IdMax = 128;
    private const int PartsMax = 100;

    /// <exception cref="RpcError"></exception>
    public static A2ARequest Read(RpcMessage request)
    {
        var message = request.Find("message", JsonValueKind.Object) ?? throw RpcError.Params("'message' must be a message.");
        if (TextOf(message, "role") is not "ROLE_USER") throw RpcError.Params("'message.role' must be ROLE_USER.");
        var configuration = request.Find("configuration", JsonValueKind.Object);
        if (configuration is { } set && set.TryGetProperty("taskPushNotificationConfig", out var push) && push.ValueKind == JsonValueKind.Object) throw A2AErrors.NoPush();
        if (configuration is { } modes && modes.TryGetProperty("acceptedOutputModes", out var accepted) && accepted.ValueKind == JsonValueKind.Array && accepted.GetArrayLength() > 0
            && !accepted.EnumerateArray().Any(static mode => mode.ValueKind == JsonValueKind.String && mode.GetString() is "text/plain" or "text" or "*/*" or "text/*"))
            throw A2AErrors.ContentType("Answers are text/plain.");
        return new A2ARequest(
            Id(message, "messageId") ?? throw RpcError.Params("'message.messageId' must be there."), Id(message, "contextId"), Id(message, "taskId"),
            PersonaIn(message) ?? PersonaIn(request.Params), Words(message),
            configuration is { } how && how.TryGetProperty("returnImmediately", out var immediately) && immediately.ValueKind == JsonValueKind.True, History(configuration ?? default));
    }

    /// <summary>null: all of it; 0: none.</summary>
    public static int? History(JsonElement parameters) =>
        parameters.ValueKind == JsonValueKind.Object && parameters.TryGetProperty("historyLength", out var length) && length.ValueKind == JsonValueKind.Number
            ? length.TryGetInt32(out var number) && number >= 0 ? number : throw RpcError.Params("'historyLength' must not be negative.") : null;

    /// <summary>Where a page begins.</summary>
    public static (long Before, string BeforeId) Place(string? cursor)
    {
        if (cursor is null) return (long.MaxValue, "~");
        var slash = cursor.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && long.TryParse(cursor.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? (at, cursor[(slash + 1)..]) : throw Problem.Invalid("pageToken", "is not one that this server issued");
    }

    private static string Words(JsonElement message)
    {
        if (!message.TryGetProperty("parts", out var parts) || parts.ValueKind != JsonValueKind.Array || parts.GetArrayLength() is 0 or > PartsMax) throw RpcError.Params($"'message.parts' must have 1 to {PartsMax} parts.");
        var text = new StringBuilder();
        foreach (var part in parts.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object) throw RpcError.Params("A part must be an object.");
            if (TextOf(part, "text") is not { } words) throw A2AErrors.ContentType("Only parts with text are taken.");
            if (text.Length > 0) text.Append("\n\n");
            text.Append(words);
        }
        return text.ToString();
    }

    private static string? PersonaIn(JsonElement holder) =>
        holder.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object && TextOf(metadata, "persona") is { Length: > 0 and <= 64 } persona ? persona : null;

    private static string? Id(JsonElement message, string name)
    {
        if (TextOf(message, name) is not { Length: > 0 } id) return null;
        return id.Length <= IdMax && !id.AsSpan().ContainsAnyExceptInRange('!', '~') ? id : throw RpcError.Params($"'message.{name}' must have at most {IdMax} visible ASCII characters.");
    }

    private static string? TextOf(JsonElement holder, string name) => holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Errors that A2A names (specification 3.3.2, 9.5), with the detail that its SDKs read. Pure.</summary>
internal static class A2AErrors
{
    public static RpcError TaskNotFound() => Of(-32001, "TASK_NOT_FOUND", "No task of yours has this id.");

    public static RpcError NotCancelable() => Of(-32002, "TASK_NOT_CANCELABLE", "The task is over.");

    public static RpcError NoPush() => Of(-32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", "Push notifications are not offered: stream, or read the task.");

    public static RpcError Unsupported(string text) => Of(-32004, "UNSUPPORTED_OPERATION", text);

    public static RpcError ContentType(string text) => Of(-32005, "CONTENT_TYPE_NOT_SUPPORTED", text);

    public static RpcError VersionNotSupported() => Of(-32009, "VERSION_NOT_SUPPORTED", $"Send the header A2A-Version: {A2AEndpoint.ProtocolVersion}.");

    private static RpcError Of(int code, string reason, string text) => new(code, text, StatusCodes.Status200OK, writer =>
    {
        writer.WriteStartArray();
        writer.WriteStartObject();
        writer.WriteString("@type", "type.googleapis.com/google.rpc.ErrorInfo");
        writer.WriteString("reason", reason);
        writer.WriteString("domain", "a2a-protocol.org");
        writer.WriteEndObject();
        writer.WriteEndArray();
    });
}
